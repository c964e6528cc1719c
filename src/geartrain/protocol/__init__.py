"""The wire: packets, their parser, and the text commands. No I/O happens here."""

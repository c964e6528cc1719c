"""Job servers that help each other."""

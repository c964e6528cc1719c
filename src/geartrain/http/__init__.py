"""The HTTP face: a client of the job server like any other, for any language."""

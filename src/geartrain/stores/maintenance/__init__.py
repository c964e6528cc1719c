"""Look after the file of a SQLite store that no job server uses."""

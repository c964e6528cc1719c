"""Check, compact, export and import a SQLite store that no job server uses."""

"""The SQLite store: a file with a write-ahead log."""

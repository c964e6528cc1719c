"""What can be read of a damaged SQLite store."""

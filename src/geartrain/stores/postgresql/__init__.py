"""Background jobs in a PostgreSQL database."""

"""The Redis store: jobs in one Redis or Valkey server, under a prefix of their own."""

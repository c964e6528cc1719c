"""What is to be durable, and who waits for that."""

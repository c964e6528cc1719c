"""Job servers that help each other: links to peers."""

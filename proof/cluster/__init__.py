"""A cluster in network namespaces, and what can go wrong with it."""

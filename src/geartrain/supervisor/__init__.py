"""Keep the processes that run workers: ``geartrain worker``."""

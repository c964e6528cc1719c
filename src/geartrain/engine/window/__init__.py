"""Which waiting jobs are in memory, and which only the store has."""

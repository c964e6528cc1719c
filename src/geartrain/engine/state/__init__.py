"""Everything that the job server knows, in one place: see ``state``."""

"""Who gets the next job, who is woken for it, and how much is done in a turn."""

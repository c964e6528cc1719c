"""What jobs, functions, peers, policies and schedules are: data, and counts of it."""

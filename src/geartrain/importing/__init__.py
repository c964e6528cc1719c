"""Read the queues gearmand kept and submit their jobs to a running job server."""

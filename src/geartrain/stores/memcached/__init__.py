"""The memcached store: batches as a log in a cache, and all jobs in memory."""

"""Move bytes: addresses and what is set on sockets. Knows no packet and no job."""

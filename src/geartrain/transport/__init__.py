"""Move bytes: addresses, sockets, standard files. Knows no packet and no job."""

"""``geartrain top``: a running job server on a full screen, live, to see and to steer.

It is a client of the text protocol as every command is: what it shows are the listings
of ``cli``, a page of which is asked for again and again.
"""

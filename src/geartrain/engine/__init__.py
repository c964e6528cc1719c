"""The job server as a pure reaction: facts go in, bytes and deadlines come out.

No I/O, clock, randomness, logging or environment is touched in here.
"""

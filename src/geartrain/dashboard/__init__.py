"""The dashboard: pages of a running job server, on its HTTP port.

It asks text commands over connections within the process, as the HTTP API does, and
never touches the engine. ``mount`` is what the job server loads; all else follows at
the first request for a page.
"""

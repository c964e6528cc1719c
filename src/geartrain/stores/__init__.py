"""Keep background jobs: one file a kind of store. Knows no peer and no packet."""

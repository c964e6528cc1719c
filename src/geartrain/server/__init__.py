"""The network driver of the engine: sockets, clock, signals, logs, process."""

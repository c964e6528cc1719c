"""Run the PHP scripts of ``tests/interop/php``."""

from __future__ import annotations

from tests.support.peers import HERE, Peer, Peers

PHP = HERE / "php"


def php(peers: Peers, script: str, *arguments: str, stdin: bytes = b"") -> bytes:
    """Run a client to its end; return what it printed."""
    address = peers.server.address
    return peers.run("php", PHP / script, address, *arguments, stdin=stdin)


def php_worker(peers: Peers, *functions: str) -> Peer:
    """Start ``worker.php`` for some of the functions of ``functions.php``."""
    script, address = PHP / "worker.php", peers.server.address
    # The library announces the function that was added first as the last one.
    return peers.worker("php", script, address, *functions, function=functions[0])


def lines(output: bytes) -> list[str]:
    return output.decode().splitlines()

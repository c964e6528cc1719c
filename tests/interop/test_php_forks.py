"""PHP's extension in processes that fork."""

from __future__ import annotations

import pytest

from tests.support.peers import Peers
from tests.support.php_scripts import PHP, lines, php, php_worker

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("php_is_here")]


def test_children_with_clients_of_their_own_do_not_disturb_the_parent(
    peers: Peers,
) -> None:
    php_worker(peers, "reverse")
    said = lines(php(peers, "forking_client.php"))
    assert said == ["child: 0"] * 3 + ["parent: 0"]


def test_what_a_handler_forks_does_not_disturb_the_worker(peers: Peers) -> None:
    script, address = PHP / "forking_worker.php", peers.server.address
    peers.worker("php", script, address, function="reverse")
    said = lines(php(peers, "forking_client.php"))
    assert said == ["child: 0"] * 3 + ["parent: 0"]

"""Programs that know no tokens, at a job server with rules: known by their address."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.support.servers import RunningServer, running_geartrain

pytestmark = pytest.mark.interop

RULES = """
[access.web]
address = "127.0.0.1"
submit = "mail.*"
work = "mail.*"
see = "mail.*"
"""

PHP = """
$client = new GearmanClient();
$client->addServer('127.0.0.1', PORT);
foreach (['pay.card', 'mail.send'] as $function) {
    echo @$client->doBackground($function, 'x') ? 'taken' : $client->error(), "\\n";
}
$worker = new GearmanWorker();
$worker->addServer('127.0.0.1', PORT);
$worker->setTimeout(3000);
$worker->addFunction('pay.card', fn($job) => 'never');
$worker->addFunction('mail.send', function ($job) { echo "did it\\n"; return 'm'; });
echo @$worker->work() ? "worked" : "refused", "\\n";
echo @$worker->work() ? "worked" : "refused", "\\n";
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    file = tmp_path_factory.mktemp("access") / "geartrain.toml"
    file.write_text(RULES)
    with running_geartrain("--config", str(file)) as server:
        yield server


def run(*words: str) -> tuple[str, str]:
    """Run a program; return what it said on stdout and stderr."""
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=30, check=False
    )
    return done.stdout, done.stderr


def test_php_is_told_what_it_may_not_do_and_goes_on(shop: RunningServer) -> None:
    said, _ = run("php", "-r", PHP.replace("PORT", str(shop.port)))
    refused, *rest = said.splitlines()
    assert "NOT_ALLOWED:web may not submit to 'pay.card'" in refused
    # A worker is told of one refused function when it asks for its first job.
    assert rest == ["taken", "refused", "did it", "worked"]


def test_the_tools_of_gearman_say_why(shop: RunningServer) -> None:
    at = ("-h", "127.0.0.1", "-p", str(shop.port))
    _, error = run("gearman", *at, "-f", "pay.card", "-b", "hello")
    assert "NOT_ALLOWED:web may not submit to 'pay.card'" in error
    assert run("gearman", *at, "-f", "mail.log", "-b", "hello") == ("", "")
    _, error = run("gearman", *at, "-w", "-c", "1", "-f", "pay.card", "cat")
    assert "GEARMAN_ERROR" in error
    said, error = run("gearadmin", *at, "--create-function", "pay.x")
    assert "web+may+not+administer+'pay.x'" in said + error
    said, _ = run("gearadmin", *at, "--status")
    assert "mail.log" in said
    assert "pay" not in said

"""Make docs/top.svg: ``python -m tests.support.top_picture [SECONDS]``.

A job server is loaded for some minutes, so that there is something to see.
"""

from __future__ import annotations

import json
import random
import re
import sys
import threading
import time
from pathlib import Path

from geartrain import Client, Worker
from geartrain.admin import Admin
from geartrain.worker import WorkerJob
from tests.support.servers import RunningServer, running_geartrain
from tests.support.top import Driven, drive

PICTURE = Path(__file__).parents[2] / "docs" / "top.svg"
SIZE = (118, 26)
_ERRORS = ("no route to mx.example.org", "451 try again later")
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_FONT = re.compile(r"@font-face \{.*?\}", re.S)


def _send(job: WorkerJob) -> bytes:
    time.sleep(random.expovariate(1 / 0.02))
    return b"sent"


def _bounce(job: WorkerJob) -> bytes:
    raise ConnectionError(random.choice(_ERRORS))


def _encode(job: WorkerJob) -> bytes:
    time.sleep(4)
    return b"encoded"


def _work(address: str) -> None:
    worker = Worker([address], id="worker-1")
    worker.register("mail.send", _send)
    worker.register("mail.bounce", _bounce)
    worker.register("video.encode", _encode)
    worker.run(signals=False)


def _load(server: RunningServer, seconds: float) -> None:
    """Submit jobs for some seconds, more and less of them."""
    for _ in range(3):
        threading.Thread(target=_work, args=(server.address,), daemon=True).start()
    with Client([server.address]) as client, Admin(server.address) as admin:
        for number in range(412):
            picture = json.dumps({"picture": number, "width": 640}).encode()
            client.do_background("image.resize", picture)
        for number in range(60):
            client.do_background("report.monthly", b"{}", unique=f"report-{number}")
            client.do_background("order.close", b"{}", delay=1200 + number)
        admin.pause("report.*")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for _ in range(random.randint(2, 14)):
                client.do_background("mail.send", b"{}")
            if random.random() < 0.06:
                client.do_background("mail.bounce", b"{}")
            if random.random() < 0.08:
                client.do_background("video.encode", b"{}")
            time.sleep(0.2)


async def _take(top: Driven) -> None:
    await top.until("image.resize", "● live", "Quit")
    svg = top.app.export_screenshot(title="geartrain top")
    for loaded in (_FONT, _COMMENT):
        svg = loaded.sub("", svg)
    PICTURE.write_text(svg.replace("Fira Code", "ui-monospace"))


def main() -> None:
    """Make the picture."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 400.0
    random.seed(4730)
    with running_geartrain() as server:
        loading = threading.Thread(target=_load, args=(server, seconds + 30))
        loading.start()
        time.sleep(seconds)
        drive(server, _take, size=SIZE, theme="dark")
        loading.join()


if __name__ == "__main__":
    main()

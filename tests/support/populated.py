"""A job server with something of everything that pages show, hostile names included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from geartrain.dashboard.page import Page
from geartrain.protocol.constants import PacketType
from tests.support.http_client import HttpServer
from tests.support.jobs_in_states import bury, schedule, submit, submit_later
from tests.support.wire import Wire

__all__ = ["HOSTILE", "Populated", "path_of", "populated"]

HOSTILE = b'<img src=x onerror="document.title=1">\xff\xe2\x80\xae{{ 7*7 }}'
"""The name of a function, a unique, an error: what a page must show and not run."""


@dataclass(frozen=True)
class Populated:
    """What there is.

    Attributes:
        server: the job server.
        names: for each parameter in a page's path, the name of something there is.
    """

    server: HttpServer
    names: Mapping[str, str]


@contextmanager
def populated(server: HttpServer) -> Iterator[Populated]:
    """Have jobs in every state on a job server, and a worker that runs one."""
    jobs = server.jobs
    handle = submit(jobs, b"thumbnail", b'{"picture": 7}', b"picture-7")
    submit(jobs, HOSTILE, HOSTILE, HOSTILE)
    submit_later(jobs, b"order.close", 3600)
    recurring = schedule(jobs, b"report.build")
    bury(jobs, b"mail.send", [b"to ann"], b"451 greylisted, try again")
    bury(jobs, HOSTILE + b"2", [HOSTILE], HOSTILE)
    with Wire(jobs.connect()) as worker:
        worker.send(PacketType.SET_CLIENT_ID, b"video-1")
        worker.send(PacketType.CAN_DO, b"video.encode")
        submit(jobs, b"video.encode", b"film.mov")
        worker.send(PacketType.GRAB_JOB)
        worker.expect(PacketType.JOB_ASSIGN)
        for name in ("news", quote(HOSTILE)):
            worker.send(PacketType.OPTION_REQ, b"options\0batch=" + name.encode())
            worker.expect(PacketType.OPTION_RES)
            worker.send(PacketType.SUBMIT_JOB_BG, b"mail.send", b"", b"to all")
            (told,) = worker.expect(PacketType.JOB_CREATED)
            # What waits is counted elsewhere.
            assert worker.command(b"cancel job " + told).startswith(b"OK")
        yield Populated(server, _names(handle, recurring))


def _names(handle: str, recurring: str) -> dict[str, str]:
    return {
        "function": "thumbnail",
        "handle": handle,
        "name": recurring,
        "batch": "news",
    }


def path_of(page: Page, filled: Populated) -> str:
    """Return the path of a page about something there is."""
    return page.path.format(**filled.names)

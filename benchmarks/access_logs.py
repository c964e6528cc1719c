"""Access logs of a web shop that never was, the same for each seed."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final

# Lines that are made at a time.
_BLOCK: Final = 10_000
_FIRST_SECOND: Final = 1_893_456_000  # 2030-01-01
_REQUESTS_A_SECOND: Final = 50

_AGENTS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "curl/7.88.1",
)
_STATUS: Final = ("200", "304", "404", "301", "500")
_STATUS_WEIGHTS: Final = (86, 8, 4, 1.5, 0.5)
_SYLLABLES: Final = ("ka", "lo", "mi", "ner", "sta", "ro", "ven", "ti", "gel", "bu")


def write_access_log(path: Path, size: int, seed: int) -> int:
    """Write at least ``size`` bytes of lines in the combined format; return how many.

    A few pages get most of the requests, and each twentieth request is a search that
    hardly anybody else makes.
    """
    rng = random.Random(seed)
    pages = _pages(rng)
    written = lines = 0
    with path.open("wb") as file:
        for block in _blocks(rng, pages):
            while written < size and block:
                part = block[:100]
                del block[:100]
                written += file.write("".join(part).encode())
                lines += len(part)
            if written >= size:
                return lines
    return lines


def _pages(rng: random.Random) -> list[str]:
    products = [
        f"/{rng.choice(('shoes', 'books', 'lamps', 'garden'))}/{_word(rng)}-{number}"
        for number in range(40_000)
    ]
    assets = [f"/static/{_word(rng)}.{rng.randrange(16**8):08x}.js" for _ in range(200)]
    return ["/", "/cart", *assets, *products]


def _word(rng: random.Random) -> str:
    return "".join(rng.choices(_SYLLABLES, k=3))


def _blocks(rng: random.Random, pages: Sequence[str]) -> Iterator[list[str]]:
    """Give lines without end."""
    by_rank = list(accumulate(1 / (rank + 10) for rank in range(len(pages))))
    hosts = [
        ".".join(str(rng.randrange(1, 255)) for _ in range(4)) for _ in range(20_000)
    ]
    number = 0
    while True:
        paths = rng.choices(pages, cum_weights=by_rank, k=_BLOCK)
        for place in range(0, _BLOCK, 20):
            paths[place] = f"/search?q={_word(rng)}+{_word(rng)}"
        found = zip(
            rng.choices(hosts, k=_BLOCK),
            paths,
            rng.choices(_STATUS, _STATUS_WEIGHTS, k=_BLOCK),
            rng.choices(range(200, 60_000), k=_BLOCK),
            rng.choices(pages, cum_weights=by_rank, k=_BLOCK),
            rng.choices(_AGENTS, (45, 30, 15, 7, 3), k=_BLOCK),
            strict=True,
        )
        block = []
        for host, path, status, length, referrer, agent in found:
            if number % _REQUESTS_A_SECOND == 0:
                second = time.gmtime(_FIRST_SECOND + number // _REQUESTS_A_SECOND)
                moment = time.strftime("%d/%b/%Y:%H:%M:%S +0000", second)
            number += 1
            block.append(
                f'{host} - - [{moment}] "GET {path} HTTP/1.1" {status} {length}'
                f' "https://shop.example{referrer}" "{agent}"\n'
            )
        yield block

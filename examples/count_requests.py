"""Count the requests in web server logs, by path: map and reduce.

Run the one that splits:      geartrain worker count_requests:splitter
Run those that count:         geartrain worker count_requests:counter --processes 4
Count:                        python count_requests.py /var/log/nginx/*.log

All have to see the files under the same names. count_requests.php counts, too.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator

from geartrain import Client, Worker
from geartrain.worker import line_ranges

PIECE = 8 * 1024 * 1024  # bytes

splitter = Worker()
counter = Worker()


def add_up(results: Iterator[bytes]) -> str:
    total: Counter[str] = Counter()
    for result in results:
        total.update(json.loads(result))
    return json.dumps(total)


@splitter.partitioner(
    "requests", aggregator=add_up, reducer="requests-in-lines", max_attempts=3
)
def split(names: bytes) -> list[str]:
    return [
        json.dumps([name, start, length])
        for name in names.decode().splitlines()
        for start, length in line_ranges(name, PIECE)
    ]


@counter.function("requests-in-lines", codec="json")
def count(name: str, start: int, length: int) -> dict[str, int]:
    with open(name, "rb") as log:
        log.seek(start)
        lines = log.read(length).split(b"\n")
    rows = (line.split(b" ", 7) for line in lines)
    found = Counter(row[6] for row in rows if len(row) == 8)
    return {path.decode(errors="replace"): count for path, count in found.items()}


if __name__ == "__main__":
    with Client(codec="text") as client:
        job = client.submit("requests", "\n".join(sys.argv[1:]))
        for update in job:
            print(f"{update.numerator}/{update.denominator}", end="\r", file=sys.stderr)
        for path, requests in json.loads(job.result()).items():
            print(requests, path)

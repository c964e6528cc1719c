"""Count the answers in web server logs, by status code: map and reduce.

Run the worker that splits:    geartrain worker count_requests:splitter
Run those that count:          geartrain worker count_requests:counter --processes 4
Count:                         python count_requests.py /var/log/nginx/access.log*
"""

import json
import re
import sys
from collections import Counter

from geartrain import Client, Worker

splitter = Worker()
counter = Worker()


def add_up(counts: list[bytes]) -> str:
    return json.dumps(sum((Counter(json.loads(each)) for each in counts), Counter()))


@splitter.partitioner("requests", aggregator=add_up, reducer="requests-in-file")
def split(names: bytes) -> list[str]:
    return names.decode().splitlines()


@counter.function("requests-in-file")
def count(name: bytes) -> str:
    with open(name.decode(), errors="replace") as log:
        return json.dumps(Counter(re.findall(r'" (\d{3}) ', log.read())))


if __name__ == "__main__":
    with Client(codec="text") as client:
        print(client.do("requests", "\n".join(sys.argv[1:])))

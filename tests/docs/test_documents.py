"""All documents: their snippets are run, their links lead somewhere."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.support.documents import DOCUMENTS, ROOT, fences

# How many snippets a document has; tests/docs/test_<document>.py runs each of them.
SNIPPETS = {
    "CONTRIBUTING.md": 2,
    "README.md": 4,
    "docs/access.md": 7,
    "docs/batches.md": 8,
    "docs/broadcasts.md": 7,
    "docs/client.md": 7,
    "docs/cluster.md": 7,
    "docs/configuration.md": 4,
    "docs/control.md": 5,
    "docs/dashboard.md": 3,
    "docs/dead-letters.md": 6,
    "docs/delayed-jobs.md": 2,
    "docs/durable-jobs.md": 2,
    "docs/first-steps.md": 6,
    "docs/flow.md": 7,
    "docs/headers.md": 2,
    "docs/history.md": 6,
    "docs/http.md": 11,
    "docs/import.md": 3,
    "docs/logs.md": 1,
    "docs/map-reduce.md": 4,
    "docs/metrics.md": 4,
    "docs/memcached.md": 1,
    "docs/mysql.md": 3,
    "docs/operate.md": 8,
    "docs/policies.md": 4,
    "docs/postgresql.md": 2,
    "docs/redis.md": 2,
    "docs/replace-gearmand.md": 4,
    "docs/results.md": 5,
    "docs/schedules.md": 5,
    "docs/store.md": 4,
    "docs/submissions.md": 5,
    "docs/testing.md": 4,
    "docs/tls.md": 7,
    "docs/tools.md": 6,
    "docs/top.md": 2,
    "docs/worker-processes.md": 7,
    "docs/worker.md": 4,
    "tests/README.md": 1,
    "docs/tracing.md": 2,
    "docs/uniques.md": 3,
}


def test_no_document_has_a_snippet_that_is_not_run() -> None:
    counts = {str(each.relative_to(ROOT)): len(fences(each)) for each in DOCUMENTS}
    assert {name: count for name, count in counts.items() if count} == SNIPPETS


def anchors(document: Path) -> set[str]:
    """Return what its headings, and other places with a name, are called in links."""
    text = document.read_text()
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", each.lower()) for each in headings)
    named = re.findall(r'<a id="([^"]+)">', text)
    return {*named, *(each.replace(" ", "-") for each in plain)}


def test_links_lead_somewhere() -> None:
    for document in DOCUMENTS:
        for link in re.findall(r"\]\(([^):]+)\)", document.read_text()):
            file, _, anchor = link.partition("#")
            target = document.parent / file if file else document
            assert target.exists(), f"{document.name}: {link}"
            assert not anchor or anchor in anchors(target), f"{document.name}: {link}"


def test_the_tools_that_the_documents_use_are_here() -> None:
    for tool in ("gearman", "gearadmin", "php", "nc"):
        assert shutil.which(tool), f"{tool} is missing: script/test installs it"

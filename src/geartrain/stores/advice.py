"""What to look at where a job server cannot begin with its database.

Database servers, their drivers and the operating system say what went wrong, each by a
text alone. Where that is not in English, or means something else, there is no advice.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["advice_on"]

_ADVICE: Final[tuple[tuple[str, str], ...]] = (
    (
        r"Connection refused",
        "check that the database server runs and listens there, and that host and port"
        " are right",
    ),
    (
        r"resolve host|translate host name|[Nn]ame resolution|Name or service not known"
        r"|No address associated",
        "check the name of the host, and that this machine can resolve it",
    ),
    (
        r"timeout expired|timed out|[Tt]imeout connecting|No route to host|unreachable",
        "check host and port, and whether a firewall is in between",
    ),
    (
        r"No such file or directory",
        "check that the database server runs on this machine, and where it has its"
        " socket",
    ),
    (r"no password supplied", "give one in the URL, or by PGPASSFILE"),
    (
        r"Access denied for user \S+ to database",
        "grant this user all privileges on that database",
    ),
    (
        r"password authentication failed|Access denied"
        r"|refuses the user or the password",
        "check user and password",
    ),
    (
        r"(role|database) \"[^\"]*\" does not exist|Unknown database",
        "create it there, or correct the name",
    ),
    (
        r"not permitted to log in",
        "let this user log in (ALTER ROLE … LOGIN), or name another",
    ),
    (
        r"pg_hba\.conf",
        "allow this user, database and host in that file of the server, or see there"
        " what it asks for, such as TLS",
    ),
    (
        r"does not support SSL|not support secure connections",
        "switch TLS on at the server, or do without it",
    ),
    (
        r"certificate|CERTIFICATE|SSL error",
        "check the files of TLS, and for which host the server's certificate is",
    ),
    (
        r"permission denied for database",
        "let this user make a schema there: GRANT CREATE ON DATABASE … TO …",
    ),
    (
        r"too many clients|connection slots|Too many connections",
        "raise the server's max_connections",
    ),
    (
        r"is starting up|shutting down|still reading its data",
        "start again once the database server is ready",
    ),
)


def advice_on(text: str) -> str:
    """Return what to do about the error of a database server; empty if not known."""
    for words, advice in _ADVICE:
        if re.search(words, text):
            return advice
    return ""

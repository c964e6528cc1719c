"""Which requests come from a page of another site."""

from __future__ import annotations

import pytest

from geartrain.protocol.cross_site import is_cross_site, is_local_name, is_rebound


@pytest.mark.parametrize("site", [b"same-origin", b"none"])
def test_a_browser_vouches_for_pages_of_this_server(site: bytes) -> None:
    assert not is_cross_site(site, b"https://jobs.example", b"10.0.0.7:4731")


@pytest.mark.parametrize("site", [b"cross-site", b"same-site", b"other"])
def test_a_browser_tells_pages_of_other_sites(site: bytes) -> None:
    assert is_cross_site(site, b"http://localhost", b"localhost")


def test_a_program_is_no_page() -> None:
    assert not is_cross_site(b"", b"", b"localhost:4731")


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (b"http://localhost:4731", b"localhost:4731"),
        (b"http://[::1]:4731", b"[::1]:4731"),
        # Proxies are often told to pass "$host:$server_port" on.
        (b"http://jobs.lan", b"jobs.lan:80"),
        (b"https://jobs.lan", b"jobs.lan:443"),
        (b"https://[::1]", b"[::1]:443"),
        (b"http://jobs.lan:80", b"jobs.lan"),
        # The proxy speaks TLS, and this server does not.
        (b"https://jobs.lan:8443", b"jobs.lan:8443"),
        (b"http://jobs.lan", b"Jobs.LAN"),
    ],
)
def test_an_origin_with_the_host_of_the_request_is_this_server(
    origin: bytes, host: bytes
) -> None:
    assert not is_cross_site(b"", origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (b"http://evil.example", b"localhost:4731"),
        (b"http://localhost:81", b"localhost:80"),
        (b"http://localhost", b"localhost:4731"),
        (b"http://localhost", b"localhost:443"),
        (b"http://localhost:4731.evil.example", b"localhost:4731"),
        (b"http://localhost:4731", b""),
        (b"http://[", b"localhost"),
        (b"http://", b""),
        (b"null", b"null"),
        (b"file://localhost", b"localhost"),
        (b"localhost", b"localhost"),
    ],
)
def test_any_other_origin_is_another_site(origin: bytes, host: bytes) -> None:
    assert is_cross_site(b"", origin, host)


@pytest.mark.parametrize(
    "host",
    [
        b"localhost",
        b"LOCALHOST:4731",
        b"localhost.",
        b"jobs.localhost:80",
        b"127.0.0.1:8080",
        b"192.0.2.7",
        b"[::1]:4731",
        b"[::1]",
        b"::1",
        b"localhost:",
    ],
)
def test_a_local_name_leads_nowhere_else(host: bytes) -> None:
    assert is_local_name(host)


@pytest.mark.parametrize(
    "host",
    [
        b"",
        b"evil.example",
        b"evil.example:8080",
        b"localhost.evil.example",
        b"127.0.0.1.evil.example",
        b"evil.example/.localhost",
        b"127.0.0.1@evil.example",
        b"a@.localhost",
        b"[::1",
        b"::1]",
        b"\xff",
        b"localhost:80:80",
    ],
)
def test_any_other_name_may_lead_here_by_a_trick(host: bytes) -> None:
    assert not is_local_name(host)


@pytest.mark.parametrize(
    ("headers", "may_be"),
    [
        ({}, False),
        ({b"host": b"jobs.lan:8080", b"user-agent": b"curl/8"}, False),
        ({b"host": b"jobs.lan:8080", b"user-agent": b"Mozilla/5.0"}, True),
        ({b"host": b"jobs.lan:8080", b"accept-language": b""}, True),
        ({b"host": b"evil.example", b"origin": b"http://evil.example"}, True),
        ({b"host": b"evil.example", b"referer": b"http://evil.example/"}, True),
        ({b"host": b"localhost:8080", b"user-agent": b"Mozilla/5.0"}, False),
        ({b"host": b"10.0.0.7", b"user-agent": b"Mozilla/5.0"}, False),
    ],
)
def test_a_browser_with_another_name_may_have_been_led_here(
    headers: dict[bytes, bytes], may_be: bool
) -> None:
    assert is_rebound(headers) == may_be

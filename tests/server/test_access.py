"""Access in the configuration file: what is read, and what is said of the rest."""

from __future__ import annotations

import grp
import pwd

import pytest

from geartrain.configuration.file import read_file
from geartrain.errors import OptionError
from geartrain.server.access import access_places, digest_of, read_access, token_line
from tests.support.configuration_files import Write, write

__all__ = ["write"]

TOKEN = token_line(b"secret")


def refusal(path: str) -> str:
    """Return what is said of a file, after its name."""
    with pytest.raises(OptionError) as caught:
        read_access(read_file(path))
    said = str(caught.value)
    assert said.startswith(path)
    return said.removeprefix(path)


def test_a_file_may_say_nothing(write: Write) -> None:
    assert read_access(read_file(write(""))) == ()
    assert read_access(read_file(write("[access]"))) == ()


def test_every_setting_is_read(write: Write) -> None:
    path = write(
        f"""
        [access.web]
        token = "{TOKEN}"
        certificate = ["web-*", "www"]
        user = ["root", "4711"]
        group = "root"
        login = "alice"
        address = ["10.0.0.0/8", "loopback", "unix"]
        submit = "mail.*"
        work = ["a", "b"]
        see = "*"
        operate = "x"
        administer = "y"
        """
    )
    (web,) = read_access(read_file(path))
    assert web.name == b"web"
    assert web.tokens == (digest_of(b"secret"),)
    assert [bool(each.match(b"web-1")) for each in web.certificates] == [True, False]
    assert web.uids == (pwd.getpwnam("root").pw_uid, 4711)
    assert web.gids == (grp.getgrnam("root").gr_gid,)
    assert [bool(each.match(b"alice")) for each in web.logins] == [True]
    assert list(map(str, web.networks)) == ["10.0.0.0/8", "127.0.0.0/8", "::1/128"]
    assert (web.is_unix, web.is_anywhere) == (True, False)
    assert web.rights == {
        "submit": (b"mail.*",),
        "work": (b"a", b"b"),
        "see": (b"*",),
        "operate": (b"x",),
        "administer": (b"y",),
    }
    assert access_places(read_file(path)) == [("access.web", f"{path}:2")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('access = "x"', ":1: access cannot be 'x': it is a table of settings"),
        ("[access]\nweb = 1", ":2: access.web cannot be 1: write [access.web]"),
        (
            '[access."a b"]',
            ":1: 'a b' is no name of a principal: use letters, digits and . _ @ -",
        ),
        (
            "[access.web]",
            ":1: [access.web]: it may do nothing: give it one of submit, work, see,"
            " operate, administer",
        ),
        (
            '[access.web]\nsee = "*"\ncolour = "red"',
            ":3: [access.web] colour: there is no such setting: use certificate, token,"
            " user, group, address, login, submit, work, see, operate, administer,"
            " max_connections, max_submissions, max_jobs, max_bytes",
        ),
        (
            '[access.web]\naddres = "10.0.0.1"',
            ":2: [access.web] addres: there is no such setting: did you mean"
            " 'address'?",
        ),
        (
            '[access]\nsubmit = "*"',
            ":2: submit belongs into the table of a principal, such as [access.web]",
        ),
        (
            "[access.web]\nsee = 1",
            ":2: [access.web] see: 1 is neither a text nor a list of texts",
        ),
        (
            "[access.web]\nsee = []",
            ":2: [access.web] see: [] is neither a text nor a list of texts",
        ),
        (
            '[access.web]\nuser = "no-such-user"',
            ":2: [access.web] user: this machine has no user 'no-such-user'",
        ),
        (
            '[access.web]\naddress = "10.0.0.1/8"',
            ":2: [access.web] address: 10.0.0.1/8 has host bits set: use an address, a"
            " range such as 10.0.0.0/8, or one of the words loopback, unix and any",
        ),
        (
            '[access.web]\nuser = "root"\naddress = "10.0.0.1"\nsee = "*"',
            ":2: [access.web]: user and group are known on unix sockets only, which"
            " have no address",
        ),
        (
            '[access.web]\nsee = "*"\naddress = "10.0.0.1"\ngroup = "root"',
            ":4: [access.web]: user and group are known on unix sockets only, which"
            " have no address",
        ),
        (
            '[access.web]\nmax_jobs = 3\nmax_bytes = -1\nsee = "*"',
            ":3: [access.web] max_bytes: '-1' is not a size: write 64M, 4G or 0",
        ),
    ],
)
def test_what_means_nothing_is_refused_by_name_and_place(
    content: str, said: str, write: Write
) -> None:
    assert refusal(write(content)) == said


def test_a_token_that_stands_in_the_file_is_not_shown(write: Write) -> None:
    for secret in (
        "my-secret",
        "sha256:abc",
        TOKEN[:-2],
        TOKEN.removeprefix("sha256:"),
    ):
        said = refusal(write(f'[access.web]\ntoken = "{secret}"\nsee = "*"'))
        assert "geartrain token" in said
        assert secret not in said.partition("sha256: and")[2]
        assert "my-secret" not in said

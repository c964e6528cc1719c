"""Passwords: hashes, and the file that has them."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from geartrain.errors import OptionError
from geartrain.server.passwords import Account, hash_of, is_password, read_passwords

# Always the same: it is a part of the names of tests.
HASH = (
    "$scrypt$ln=14,r=8,p=5$IGvv3o5bZyfTo8qwRrl5Og"
    "$OBJGOKZT51m/t8hjqK5R+77P1/ZBF9NXwdPfARGeV3s"
)


def test_a_hash_is_of_one_password() -> None:
    assert is_password("sesame 123 ü", HASH)
    assert not is_password("sesame 123", HASH)
    assert not is_password("", HASH)
    assert hash_of("sesame 123 ü") != HASH


def test_what_is_no_hash_is_of_no_password() -> None:
    for text in ("", "sesame", "$scrypt$ln=14,r=8,p=5$x$y", HASH[:-30]):
        assert not is_password("sesame", text)


def test_hashes_of_other_programs_are_read() -> None:
    # RFC 7914, section 12.
    digest = bytes.fromhex(
        "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
        "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
    )
    salt, hashed = (
        base64.b64encode(each).decode().rstrip("=")
        for each in (b"SodiumChloride", digest)
    )
    text = f"$scrypt$ln=14,r=8,p=1${salt}${hashed}"
    assert is_password("pleaseletmein", text)
    assert not is_password("pleaseletmeout", text)


def write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "passwords"
    path.write_text(text)
    return str(path)


def test_the_file_has_a_line_for_each(tmp_path: Path) -> None:
    path = write(
        tmp_path, f"# who may log in\n\nalice:operate:{HASH}\n bob:view:{HASH} \n"
    )
    assert read_passwords(path) == {
        "alice": Account("alice", "operate", HASH),
        "bob": Account("bob", "view", HASH),
    }


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("alice", "write NAME:ROLE:HASH, as geartrain password prints it"),
        ("my secret", "write NAME:ROLE:HASH, as geartrain password prints it"),
        ("alice:view:secret", "alice has no hash: make the line by geartrain password"),
        (
            f"alice:view:{HASH.replace('ln=14', 'ln=20')}",
            "the hash of alice takes too much memory",
        ),
        (
            f"alice:view:{HASH.replace('p=5', 'p=99')}",
            "the hash of alice takes too long",
        ),
        (f"alice:view:{HASH}\nalice:view:{HASH}", "'alice' stands there twice"),
    ],
)
def test_a_line_that_means_nothing_is_named_but_not_shown(
    line: str, said: str, tmp_path: Path
) -> None:
    path = write(tmp_path, f"\n{line}\n")
    with pytest.raises(OptionError) as caught:
        read_passwords(path)
    number = 2 + line.count("\n")
    assert str(caught.value).startswith(f"{path}:{number}: {said}")
    assert "secret" not in str(caught.value).removeprefix(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"cannot read .*: No such file"):
        read_passwords(str(tmp_path / "missing"))
    with pytest.raises(OptionError, match="is larger than"):
        read_passwords(write(tmp_path, "#" * 1_100_000))

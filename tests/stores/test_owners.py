"""Root in a folder that is not its own."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from geartrain.errors import StoreError
from geartrain.stores.owners import make_folder, owners_rights
from tests.support.programs import folder_of

IS_ROOT = os.geteuid() == 0


def rights() -> tuple[int, int, list[int]]:
    return os.geteuid(), os.getegid(), os.getgroups()


def test_rights_are_the_owners_within_the_block_only() -> None:
    before = rights()
    nobody = pwd.getpwnam("nobody")
    if not IS_ROOT:
        with owners_rights("/file"):
            assert rights() == before
        return
    with folder_of("nobody") as folder:
        for path in (folder / "file", folder / "not" / "there" / "file"):
            with owners_rights(str(path)):
                assert rights() == (nobody.pw_uid, nobody.pw_gid, [])
            assert rights() == before
        with pytest.raises(ZeroDivisionError), owners_rights(str(folder / "file")):
            raise ZeroDivisionError
        assert rights() == before


def test_in_ones_own_folder_nothing_changes(tmp_path: Path) -> None:
    before = rights()
    for path in (tmp_path / "file", tmp_path / "not" / "there" / "file"):
        with owners_rights(str(path)):
            assert rights() == before
    assert rights() == before


def test_an_owner_without_an_account_has_the_folders_group() -> None:
    if not IS_ROOT:
        return
    with folder_of("nobody") as folder:
        os.chown(folder, 54321, 54322)
        with owners_rights(str(folder / "file")):
            assert rights() == (54321, 54322, [])


def test_a_link_in_the_owners_folder_leads_to_nothing_of_roots(tmp_path: Path) -> None:
    if not IS_ROOT:
        return
    precious = tmp_path / "precious"
    precious.write_text("data")
    with folder_of("nobody") as folder:
        link = folder / "file"
        link.symlink_to(precious)
        with owners_rights(str(link)), pytest.raises(PermissionError):
            link.write_text("lost")
    assert precious.read_text() == "data"


def test_missing_folders_are_made_for_a_user(tmp_path: Path) -> None:
    uid, gid = (54321, 54322) if IS_ROOT else (os.getuid(), os.getgid())
    make_folder(str(tmp_path / "a" / "b" / "file"), uid, gid)
    for made in (tmp_path / "a", tmp_path / "a" / "b"):
        status = made.stat()
        assert (status.st_uid, status.st_gid) == (uid, gid)
        assert status.st_mode & 0o777 == 0o700
    assert tmp_path.stat().st_uid == os.getuid()
    assert os.listdir(tmp_path / "a" / "b") == []


def test_a_folder_that_is_there_stays_whose_it_is(tmp_path: Path) -> None:
    before = tmp_path.stat()
    make_folder(str(tmp_path / "file"), 54321, 54322)
    assert tmp_path.stat() == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    path = tmp_path / "taken" / "below" / "file"
    with pytest.raises(StoreError) as caught:
        make_folder(str(path), os.getuid(), os.getgid())
    assert str(caught.value) == (
        f"the folder {path.parent} cannot be made for the store: Not a directory"
    )

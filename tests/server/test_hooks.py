"""``[[hooks]]`` in the configuration file: what is taken, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from geartrain.configuration.file import read_file
from geartrain.errors import OptionError
from geartrain.server.hooks import Hook, read_hooks


def read(folder: Path, text: str) -> tuple[Hook, ...]:
    file = folder / "geartrain.toml"
    file.write_text(text)
    return read_hooks(read_file(str(file)))


def test_all_settings(tmp_path: Path) -> None:
    command, web = read(
        tmp_path,
        """
        [[hooks]]
        command = ["/usr/bin/notify", "--now"]

        [[hooks]]
        on = ["dead_letter", "no_worker"]
        function = "mail*"
        url = "https://hooks.example.com/a?key=1"
        secret = "s"
        every = 60
        lasting = 0.5
        """,
    )
    assert command == Hook(command=("/usr/bin/notify", "--now"))
    assert command.name == "/usr/bin/notify"
    assert command.wants("store_slow", "")
    assert command.wants("dead_letter", "any")
    assert (web.every, web.lasting, web.secret) == (60, 0.5, "s")
    assert web.name == "https://hooks.example.com/a"
    assert web.wants("no_worker", "mailer")
    assert not web.wants("no_worker", "resize")
    assert not web.wants("old_jobs", "mailer")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hooks = 3", "write \\[\\[hooks\\]\\]"),
        ("[hooks]\nurl = 'https://a/b'", "write \\[\\[hooks\\]\\]"),
        ("[[hooks]]", "hooks]] 1: give a command, or else a url"),
        ("[[hooks]]\nurl='http://a'\ncommand='b'", "give a command, or else a url"),
        ("[[hooks]]\nurl='ftp://a'", "no address of the web"),
        ("[[hooks]]\nurl='http://a b'", "no address of the web"),
        ("[[hooks]]\ncommand=[]", "command cannot be"),
        ("[[hooks]]\ncommand=''", "command cannot be"),
        ("[[hooks]]\ncommand='a'\nsecret='b'", "secret signs what is posted"),
        ("[[hooks]]\ncommand='a'\non='dead'", "'dead' is no event: use dead_letter,"),
        ("[[hooks]]\ncommand='a'\nevery='1x'", "every cannot be '1x'"),
        ("[[hooks]]\ncommand='a'\nlasting=-1", "lasting cannot be -1"),
        ("[[hooks]]\ncommand='a'\nlasting=true", "lasting cannot be True"),
        ("[[hooks]]\ncommand='a'\n[[hooks]]\ntell='b'", "2: 'tell' is no setting"),
    ],
)
def test_mistakes_are_told(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=f"geartrain.toml.*{words}"):
        read(tmp_path, text)


GOOD = "[[hooks]]\nurl = 'http://a'\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[[hooks]]", 3),
        ("[[hooks]]\nurl = 'http://a'\ncommand = 'b'", 5),
        ("[[hooks]]\nevery = 5\nurl = 'ftp://a'", 5),
        ("[[hooks]]\ncommand = 'a'\nsecret = 'b'", 5),
        ("[[hooks]]\nurl = 'http://a'\non = ['dead_letter',\n'dead']", 5),
        ("[[hooks]]\nurl = 'http://a'\nlasting = -1", 5),
        ("[[hooks]]\ntell = 'b'", 4),
    ],
)
def test_each_mistake_is_told_with_its_line(
    text: str, line: int, tmp_path: Path
) -> None:
    with pytest.raises(
        OptionError, match=f"geartrain.toml:{line}: \\[\\[hooks\\]\\] 2:"
    ):
        read(tmp_path, GOOD + text)


def test_one_within_a_value_has_the_line_where_that_begins(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"geartrain\.toml:2: "):
        read(tmp_path, "\nhooks = [\n{ url = 'http://a' },\n{ url = 'ftp://a' },\n]")

"""Text commands that are answered in one line, and lines that are no command."""

from __future__ import annotations

from proof.differential.player import Player
from proof.differential.registry import differs, scenario
from proof.differential.wire import PacketType as Type


@scenario()
def one_line_commands(play: Player) -> None:
    admin = play.connect("admin")
    for command in ("version", "getpid", "verbose"):
        admin.text(command)
        admin.text(command, ending="\r\n")
        admin.text(command.upper())


@scenario()
def unknown_commands(play: Player) -> None:
    admin = play.connect("admin")
    for command in ("nonsense", "help", "tasks", "clients", "gladiator", "quit"):
        admin.text(command)
        admin.text(f"{command} some words", ending="\r\n")
        admin.text(command.upper())
    admin.text("statusx")
    admin.text("stat")


@scenario()
def blank_lines(play: Player) -> None:
    admin = play.connect("admin")
    admin.text("")
    admin.text("", ending="\r\n")
    admin.text(" ")
    admin.text(" status")
    admin.text("status ")
    admin.text("status  extra")


@scenario()
def bytes_beyond_ascii(play: Player) -> None:
    admin = play.connect("admin")
    admin.text("\xe4\xf6\xfc")
    admin.text("\x7f\x01")
    admin.text('quote"backslash\\')


@differs(
    "http-refused",
    gearmand=[
        'page < "ERR UNKNOWN_COMMAND Unknown+server+commandPOST\\r\\nOK VERSION\\n"',
        "page (nothing)",
    ],
    geartrain=[
        'page < "HTTP/1.1 400 Bad Request\\r\\nContent-Type: text/plain\\r\\n'
        "Content-Length: 69\\r\\nConnection: close\\r\\n\\r\\n"
        'This is the port of a Gearman job server, which does not speak HTTP.\\n"',
        "page < CLOSED",
    ],
)
def http_on_the_port(play: Player) -> None:
    page = play.connect("page")
    page.raw_unfinished(b"POST / HTTP/1.1\r\nversion\n")
    page.listen(3)
    page.listen(0.5)


@scenario()
def five_words(play: Player) -> None:
    admin = play.connect("admin")
    admin.text("status two three four five")
    admin.text("nonsense two three four five")


@differs(
    "many-words",
    gearmand=[
        "admin < CLOSED",
    ],
    geartrain=[
        'admin < ".\\n"',
    ],
)
def six_words(play: Player) -> None:
    admin = play.connect("admin")
    admin.raw_unfinished(b"status two three four five six\n")
    admin.listen(3)


@differs(
    "line-too-long",
    gearmand=[
        "admin < CLOSED",
    ],
    geartrain=[
        'admin < "ERR LINE_TOO_LONG A+line+of+text+has+at+most+8191+bytes\\r\\n"',
        "admin < CLOSED",
    ],
)
def line_too_long(play: Player) -> None:
    admin = play.connect("admin")
    admin.raw_unfinished(b"x" * 9000)
    admin.until_closed()


@scenario()
def line_just_short_enough(play: Player) -> None:
    admin = play.connect("admin")
    admin.text("x" * 8000)


@scenario()
def tab_is_no_space(play: Player) -> None:
    admin = play.connect("admin")
    admin.text("\tstatus")
    admin.text("status\textra")


@differs(
    "shutdown-works",
    gearmand=[
        'admin < "ERR UNKNOWN_COMMAND Unknown+server+commandshutdown\\r\\n"',
    ],
    geartrain=[
        'admin < "ERR UNKNOWN_ARGS shutdown+takes+nothing+or+the+word+graceful\\r\\n"',
    ],
)
def shutdown_with_other_words(play: Player) -> None:
    admin = play.connect("admin")
    admin.text("shutdown now please")


@differs(
    "shutdown-works",
    gearmand=[
        'admin < "ERR UNKNOWN_COMMAND Unknown+server+commandshutdown\\r\\n"',
    ],
    geartrain=[
        'admin < "OK\\r\\n"',
        "server ended, exit 0",
    ],
)
def shutdown(play: Player) -> None:
    admin = play.connect("admin")
    admin.raw_unfinished(b"shutdown\n")
    admin.listen(3)
    _see_whether_it_ends(play)


@differs(
    "shutdown-works",
    gearmand=[
        'admin < "ERR UNKNOWN_COMMAND Unknown+server+commandSHUTDOWN\\r\\n"',
        "client < JOB_CREATED H#1",
    ],
    geartrain=[
        'admin < "OK\\r\\n"',
        "client < JOB_CREATED H#1",
        "server ended, exit 0",
    ],
)
def shutdown_graceful(play: Player) -> None:
    admin = play.connect("admin")
    client = play.connect("client")
    admin.text("SHUTDOWN graceful", ending="\r\n")
    client.send(Type.SUBMIT_JOB_BG, b"f", b"", b"work")
    _see_whether_it_ends(play)


def _see_whether_it_ends(play: Player) -> None:
    if "ERR" not in play.trace.answers[0]:
        play.await_exit()

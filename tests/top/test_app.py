"""``top`` as somebody uses it, with a real job server and textual's own harness."""

from __future__ import annotations

import time

from geartrain.admin import Admin
from tests.support.jobs_in_states import (
    bury,
    schedule,
    submit,
    submit_later,
    submit_many,
)
from tests.support.servers import (
    RunningServer,
    free_port,
    geartrain_command,
    run_server,
    running_gearmand,
)
from tests.support.top import Driven, drive
from tests.support.wire import Wire

COVERS = (
    "top/bars",
    "top/dialogs",
    "top/help",
    "top/main",
    "top/searchbar",
    "top/steering",
    "top/story",
    "top/targets",
    "top/page",
    "top/pages/actions",
    "top/pages/dead",
    "top/pages/failures",
    "top/pages/functions",
    "top/pages/history",
    "top/pages/jobs",
    "top/pages/problems",
    "top/pages/schedules",
    "top/pages/workers",
)


def test_functions_are_shown_with_what_is_wrong_above_them(
    fresh: RunningServer,
) -> None:
    submit_many(fresh, b"resize", [b"1"] * 3)
    submit(fresh, b"mail")

    async def scenario(top: Driven) -> None:
        screen = await top.until("resize", "no worker has the function 'resize'")
        lines = screen.splitlines()
        names = [line.split()[0] for line in lines if "no worker  " in line]
        assert names == ["resize", "mail"]
        assert "● live" in lines[0]
        assert fresh.address in lines[0]
        labels, values = lines[2].split(), lines[3].split()
        assert values[labels.index("WAITING")] == "4"

    drive(fresh, scenario)


def test_nothing_wrong_is_said_too(fresh: RunningServer) -> None:
    async def scenario(top: Driven) -> None:
        await top.until("✓ nothing is wrong", "there are no functions yet")

    drive(fresh, scenario)


def test_each_page_is_shown_by_its_digit_and_by_a_click(fresh: RunningServer) -> None:
    bury(fresh, b"report", [b"1"], b"no route to host")
    submit_later(fresh, b"later", 900)

    async def scenario(top: Driven) -> None:
        await top.until("FUNCTION")
        for key, texts in {
            "2": ("HANDLE", "later", "scheduled", "in 14m"),
            "3": ("nobody is connected",),
            "4": ("report", "no route to host"),
            "5": ("report", "exception", "no route to host"),
            "6": ("report", "dead"),
            "7": ("there are no recurring jobs",),
            "8": ("no operator has changed anything",),
            "9": ("dead letters", "1 job of 'report' became a dead letter"),
        }.items():
            await top.press(key)
            if key == "3":
                await top.until("KIND", "other")
                continue
            await top.until(*texts)
        await top.click("1 Functions")
        await top.until("WAITING▼")

    drive(fresh, scenario)


def test_a_job_is_opened_and_its_story_told(fresh: RunningServer) -> None:
    (handle,) = bury(fresh, b"report", [b'{"month": 4}'], b"no route to host\nmore")

    async def scenario(top: Driven) -> None:
        await top.press("4")
        await top.until("no route to host")
        await top.press("enter")
        await top.until(handle, "function=report")
        await top.press("enter")
        screen = await top.until("STORY", handle, '{"month": 4}', "WORKLOAD")
        assert "it failed for good and became a dead letter" in screen
        assert "✗" in screen
        assert "gravedigger" in screen
        await top.press("R")
        await top.until(f"Run {handle} of report again?")
        await top.press("y")
        await top.until(" waiting ", "no worker has the function")
        await top.press("escape", "escape", "escape")
        await top.until("nothing has failed", gone=("STORY",))

    drive(fresh, scenario)


def test_a_function_is_paused_and_resumed_once_that_is_confirmed(
    fresh: RunningServer,
) -> None:
    submit(fresh, b"mail")

    async def scenario(top: Driven) -> None:
        await top.until("no worker ")
        await top.press("p")
        await top.until("Pause 'mail'?")
        await top.press("n")
        await top.until("no worker ", gone=("Pause 'mail'?",))
        await top.press("p")
        await top.until("Pause 'mail'?")
        await top.press("y")
        await top.until("paused")
        await top.press("u")
        await top.until("Resume 'mail'?")
        await top.press("y")
        await top.until("no worker ", "Drain")
        await top.press("8")
        await top.until("pause", "resume", "127.0.0.1")

    drive(fresh, scenario)


def test_a_recurring_job_is_run_now_and_skipped(fresh: RunningServer) -> None:
    handle = schedule(fresh, b"report")

    async def scenario(top: Driven) -> None:
        await top.press("7")
        await top.until("report", handle)
        await top.press("n")
        await top.until(f"Run the job of {handle} of report now")
        await top.press("y")
        await top.until("is run now")
        await top.press("K")
        await top.until(f"Leave out the next time of {handle}")
        await top.press("y")
        await top.until("has its next time skipped")

    drive(fresh, scenario)
    with Admin(fresh.address) as admin:
        assert len(list(admin.jobs(function="report", state="ready"))) == 1
        assert [row.command for row in admin.actions()] == [
            "schedule skip",
            "schedule run",
        ]


def test_enter_leaves_alone_what_a_key_was_pressed_for_by_mistake(
    fresh: RunningServer,
) -> None:
    submit(fresh, b"mail")

    async def scenario(top: Driven) -> None:
        await top.until("no worker ")
        await top.press("x")
        await top.until("Cancel 1 job that wait")
        await top.press("enter")
        await top.until("no worker ", gone=("Cancel 1 job",))

    drive(fresh, scenario)
    with Admin(fresh.address) as admin:
        assert len(list(admin.jobs())) == 1


def test_many_jobs_are_counted_before_they_are_cancelled(fresh: RunningServer) -> None:
    submit_many(fresh, b"mail", [b"1"] * 7)
    other = submit(fresh, b"resize")

    async def scenario(top: Driven) -> None:
        await top.press("2")
        await top.until("HANDLE")
        assert "Cancel all found" not in top.text()
        await top.press("slash")
        await top.write("function=mail")
        await top.press("enter")
        await top.until("Cancel all found", gone=(other,))
        await top.press("X")
        await top.until("Cancel 7 jobs that match the search?")
        await top.press("y")
        await top.until("7 jobs cancelled", "nothing is like that")

    drive(fresh, scenario)
    with Admin(fresh.address) as admin:
        assert [row.function for row in admin.jobs()] == ["resize"]


def test_a_priority_is_chosen_and_a_name_written(fresh: RunningServer) -> None:
    submit(fresh, b"mail")

    async def scenario(top: Driven) -> None:
        await top.press("2")
        await top.until("normal")
        await top.press("plus")
        await top.until("Which priority?")
        await top.press("enter")
        await top.until("high priority?")
        await top.press("y")
        await top.until(" high ", gone=("normal",))
        await top.press("m")
        await top.until("Move it to which function?")
        await top.write("later")
        await top.press("enter")
        await top.until("to later?")
        await top.press("y")
        await top.until("later", gone=("mail",))

    drive(fresh, scenario)


def test_what_the_server_refuses_is_said(fresh: RunningServer) -> None:
    submit(fresh, b"mail")
    with Admin(fresh.address) as admin:
        admin.drain("full")

    async def scenario(top: Driven) -> None:
        await top.press("2")
        await top.until("normal")
        await top.press("m")
        await top.until("Move it to which function?")
        await top.write("full")
        await top.press("enter")
        await top.until("to full?")
        await top.press("y")
        await top.until("refuses:", "draining")

    drive(fresh, scenario)


def test_read_only_has_no_keys_that_change_things(fresh: RunningServer) -> None:
    submit(fresh, b"mail")

    async def scenario(top: Driven) -> None:
        screen = await top.until("no worker ", "read-only")
        assert "Pause" not in screen
        await top.press("p", "x")
        await top.press("2")
        screen = await top.until("HANDLE")
        assert "Cancel" not in screen

    drive(fresh, scenario, is_read_only=True)


def test_a_search_that_is_wrong_says_what_is_wrong(fresh: RunningServer) -> None:
    submit(fresh, b"mail")

    async def scenario(top: Driven) -> None:
        await top.press("2")
        await top.until("HANDLE")
        await top.press("slash")
        await top.write("colour=red")
        await top.press("enter")
        await top.until("there is no column 'colour'")
        await top.press("escape")
        await top.until("mail", gone=("colour",))

    drive(fresh, scenario)


def test_it_sorts_by_keys_and_by_the_mouse(fresh: RunningServer) -> None:
    for name, count in ((b"aaa", 1), (b"bbb", 3), (b"ccc", 2)):
        submit_many(fresh, name, [b"1"] * count)

    def names(top: Driven) -> list[str]:
        rows = [each for each in top.text().splitlines() if "no worker  " in each]
        return [row.split()[0] for row in rows]

    async def scenario(top: Driven) -> None:
        await top.until("WAITING▼", "aaa")
        assert names(top) == ["bbb", "ccc", "aaa"]
        await top.press("s")
        await top.until("FUNCTION▲")
        assert names(top) == ["aaa", "bbb", "ccc"]
        await top.press("r")
        await top.until("FUNCTION▼")
        assert names(top) == ["ccc", "bbb", "aaa"]
        await top.click("WAITING")
        await top.until("WAITING▼")
        await top.click("WAITING")
        await top.until("WAITING▲")
        assert names(top) == ["aaa", "ccc", "bbb"]

    drive(fresh, scenario)


def test_the_cursor_stays_with_its_row(fresh: RunningServer) -> None:
    submit_many(fresh, b"bbb", [b"1"] * 2)
    submit(fresh, b"aaa")

    async def scenario(top: Driven) -> None:
        await top.until("aaa", "bbb")
        await top.press("down", "p")
        await top.until("Pause 'aaa'?")
        await top.press("n")
        submit_many(fresh, b"aaa", [b"1"] * 5)
        deadline = time.monotonic() + 15
        while "aaa" not in top.text().splitlines()[12]:
            assert time.monotonic() < deadline, top.text()
            await top.until("aaa")
        await top.press("p")
        await top.until("Pause 'aaa'?")

    drive(fresh, scenario)


def test_updates_are_held_and_go_on(fresh: RunningServer) -> None:
    async def scenario(top: Driven) -> None:
        await top.until("● live", "there are no functions yet")
        await top.press("space")
        await top.until("‖ paused")
        submit(fresh, b"mail")
        await top.until("‖ paused 1s old", gone=("mail",))
        await top.press("space")
        await top.until("● live", "mail")

    drive(fresh, scenario)


def test_the_end_of_a_long_list_is_reached_screen_by_screen(
    fresh: RunningServer,
) -> None:
    handles = submit_many(fresh, b"mail", [b"1"] * 150)

    async def scenario(top: Driven) -> None:
        await top.press("2")
        await top.until(handles[0])
        deadline = time.monotonic() + 30
        while handles[-1] not in top.text():
            assert time.monotonic() < deadline, top.text()
            await top.press("end")
            await top.until("H:")
        await top.press("home")
        await top.until(f"{handles[0]} ")

    drive(fresh, scenario)


def test_problems_of_many_functions_are_counted_and_not_all_asked_for(
    fresh: RunningServer,
) -> None:
    for number in range(30):
        submit(fresh, b"function-%d" % number)

    async def scenario(top: Driven) -> None:
        await top.until("no worker has the function", "… 27 more (!)")

    drive(fresh, scenario)


def test_a_server_that_restarts_is_shown_as_such_and_asked_again() -> None:
    port = free_port()
    flags = ["server", "--port", str(port), "--store", "memory:"]
    command = [*geartrain_command("geartrain"), *flags]

    async def scenario(top: Driven) -> None:
        with run_server(command, port) as first:
            submit(first, b"mail")
            await top.until("mail", "● live")
        await top.until("✗ lost", "no job server answers", "mail")
        with run_server(command, port) as second:
            submit(second, b"resize")
            await top.until("● live", "resize", gone=("lost",))

    drive(f"127.0.0.1:{port}", scenario)


def test_a_server_that_is_not_there_is_waited_for() -> None:
    async def scenario(top: Driven) -> None:
        await top.until("✗ lost", "no job server answers")

    drive(f"127.0.0.1:{free_port()}", scenario)


def test_hostile_names_are_shown_escaped(fresh: RunningServer) -> None:
    hostile = "[bold]a[/]\x1b[31m\n\u202e[@click=app.quit]x".encode()
    handle = submit(fresh, hostile, b"[red]\x1b[2J\x00", hostile)
    submit(fresh, "日本語の名前".encode() * 9)

    async def scenario(top: Driven) -> None:
        screen = await top.until("[bold]a[/]\\x1b[31m\\n\\u202e[@click")
        assert "\x1b" not in screen
        assert "日本語" in screen
        await top.press("p")
        await top.until("Pause '")
        await top.press("n")
        await top.press("2")
        await top.until(handle)
        await top.press("enter")
        screen = await top.until("WORKLOAD", "[bold]a[/]\\x1b[31m", "1b 5b 32 4a")
        assert "\x1b" not in screen

    drive(fresh, scenario, size=(200, 50))


def test_small_and_large_terminals_are_filled_and_not_overrun(
    fresh: RunningServer,
) -> None:
    submit_many(fresh, b"mail", [b"1"] * 200)

    async def scenario(top: Driven) -> None:
        await top.press("2")
        for columns, lines in ((40, 10), (250, 80), (80, 24), (60, 12), (40, 80)):
            await top.resize(columns, lines)
            screen = await top.until("HANDLE", "● live")
            shown = screen.splitlines()
            assert len(shown) <= lines
            assert max(map(len, shown)) <= columns
        await top.resize(250, 80)
        await top.until("H:", "UNIQUE", "WORKER")
        await top.press("end")
        await top.until("H:")

    drive(fresh, scenario)


def test_gearmand_is_shown_as_far_as_it_tells() -> None:
    with running_gearmand() as gearmand, Wire(gearmand.connect()) as worker:
        handle = submit(gearmand, b"mail")
        submit(gearmand, b"resize")
        worker.register(b"resize")

        async def scenario(top: Driven) -> None:
            screen = await top.until("mail", "no worker ", "resize", "is no Geartrain")
            labels, values = (line.split() for line in screen.splitlines()[2:4])
            assert values[labels.index("WAITING")] == "2"
            for key in "456789":
                await top.press(key)
                await top.until("this job server does not tell")
            await top.press("3")
            await top.until("resize", "worker", "KIND")
            await top.press("2")
            await top.until(handle)
            await top.press("enter")
            await top.until("does not know this command")
            await top.press("escape")
            await top.until(handle, "Cancel")

        drive(gearmand, scenario)


def test_help_names_the_keys_of_the_page(fresh: RunningServer) -> None:
    async def scenario(top: Driven) -> None:
        await top.until("FUNCTION")
        await top.press("question_mark")
        await top.until("Functions: what can be done", "Purge", "columns: function")
        await top.press("escape")
        await top.until("● live", gone=("what can be done",))

    drive(fresh, scenario, size=(120, 50))


def test_the_colours_are_changed(fresh: RunningServer) -> None:
    submit(fresh, b"mail")

    async def scenario(top: Driven) -> None:
        await top.until("mail")
        seen = []
        for _ in range(3):
            seen.append(top.app.theme)
            await top.press("t")
            await top.until("mail", "● live")
        assert seen == ["dark", "light", "terminal"]

    drive(fresh, scenario)


def test_who_leaves_a_story_before_it_is_told_misses_nothing(
    fresh: RunningServer,
) -> None:
    handle = submit(fresh, b"mail")

    async def scenario(top: Driven) -> None:
        await top.press("2")
        await top.until(handle)
        for _ in range(5):
            await top.press("enter", "escape")
        await top.until(handle, "● live")

    drive(fresh, scenario)

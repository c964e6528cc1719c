"""Who may do what: each text command and packet, tried by each principal."""

from __future__ import annotations

import pytest

from geartrain.engine.commands.admin import COMMANDS
from geartrain.engine.commands.permission import NEEDS, need_of
from geartrain.engine.model.access import ADMINISTER
from geartrain.server.cron import calendar
from tests.support.access import INCLUDED, SHOP, TOKENS, is_allowed, rules_of
from tests.support.dialogue import DialoguePeer, World, error
from tests.support.stored_engine import handle, read_rows, stored

# Each text command, with F for a function and H, R, D and S for a job of it that waits,
# one that runs, a dead letter and a recurring one; the rights of which one is needed.
COMMANDS_TRIED = [
    ("version", set[str]()),
    ("policy F", {"see"}),
    ("keys F", {"see"}),
    ("job H", {"see"}),
    ("why H", {"see"}),
    ("dead show D", {"see"}),
    ("result H", {"see", "submit"}),
    ("follow H", {"see", "submit"}),
    ("release job R", {"work", "operate"}),
    ("retry job R", {"work", "operate"}),
    ("fail job R reason=crash", {"work", "operate"}),
    ("pause F", {"operate"}),
    ("resume F", {"operate"}),
    ("drain F", {"operate"}),
    ("purge F", {"operate"}),
    ("cancel job H", {"operate"}),
    ("run H", {"operate"}),
    ("run S", {"operate"}),
    ("schedule show S", {"see"}),
    ("schedule run S", {"operate"}),
    ("schedule skip S", {"operate"}),
    ("schedule pause S", {"operate"}),
    ("schedule resume S", {"operate"}),
    ("schedule add nightly function=F cron=@daily", {"administer"}),
    ("schedule change S missed=skip", {"administer"}),
    ("schedule remove S", {"administer"}),
    ("cancel job S", {"operate"}),
    ("priority H high", {"operate"}),
    ("move H F", {"operate"}),
    ("dead retry D", {"operate"}),
    ("dead drop D", {"operate"}),
    ("cancel jobs function=F", {"operate"}),
    ("run jobs function=F", {"operate"}),
    ("priority jobs high function=F", {"operate"}),
    ("move jobs F function=F", {"operate"}),
    ("move dead F function=F", {"operate"}),
    ("dead retry all function=F", {"operate"}),
    ("dead drop all function=F", {"operate"}),
    ("policy F ttl=5", {"administer"}),
    ("create function F", {"administer"}),
    ("drop function F", {"administer"}),
    ("maxqueue F 5", {"administer"}),
]
# Those that list, or tell of the server: with rows that only who sees F is shown.
LISTS = [
    "status",
    "prioritystatus",
    "workers",
    "show jobs",
    "show functions",
    "show connections",
    "show policies",
    "show schedules",
    "show unique jobs",
    "jobs",
    "jobs unique=u-F",
    "counters",
    "history",
    "statistics",
    "actions",
    "problems",
    "dead list",
    "dead groups",
    "upcoming",
    "schedule list",
    "failures",
]
# Those that tell of the server, with no functions in the answer.
PLAIN = (
    "cluster",
    "getpid",
    "verbose",
    "server",
    "store",
    "events",
    "hooks",
    "marks",
    "show owners",
    "batches",
    "batch x",
    "schedule next cron=@daily",
)
ANNOUNCEMENT = "announce supervisor host=h pid=1 processes=1 version=1 age=1"
# Those that are about all functions.
SERVER_WIDE = (
    "shutdown",
    "store backup",
    "trace 10.0.0.9",
    "pause *",
    "pause [pm]*",
    "cancel jobs state=ready",
    "cancel jobs function=%2A",
    "dead retry all",
    "policy %2A ttl=5",
)
FUNCTIONS = ("mail.send", "pay.card")


def shop() -> World:
    """Return a world with rules, and with jobs of each kind of both functions."""
    world = stored(calendar=calendar("UTC"))
    world.policy(b"*", max_attempts=1)
    world.engine.set_rules(rules_of(SHOP))
    for function in FUNCTIONS:
        name = function.encode()
        world.policy(name, ttl=500.0)
        peer = as_principal(world, "all")
        worker = as_principal(world, "all")
        worker.can_do(name)
        peer.submit_job_bg(name, b"", b"running")
        worker.grab_job()
        failing = as_principal(world, "all")
        failing.can_do(name)
        peer.submit_job_bg(name, b"", b"dead")
        failing.grab_job()
        failing.work_fail(failing.received[0].arguments[0])
        failing.leave()
        peer.submit_job_bg(name, b"u-" + name, b"waits")
        peer.submit_job_sched(name, b"s", b"1", b"1", b"", b"", b"", b"w")
        assert all(each.name == "job_created" for each in peer.received)
        assert peer.text(f"pause {function}") == b"OK\r\n"
    return world


@pytest.fixture(scope="module")
def unchanged() -> World:
    """Return a world for what only looks at it."""
    return shop()


# The numbers of these jobs, by function.
RUNNING = {"mail.send": 1, "pay.card": 5}
DEAD = {"mail.send": 2, "pay.card": 6}
WAITING = {"mail.send": 3, "pay.card": 7}
RECURRING = {"mail.send": 4, "pay.card": 8}


def as_principal(world: World, principal: str) -> DialoguePeer:
    """Open the connection of a principal."""
    peer = world.connect(b"10.0.0.9", is_trusted=True)
    if principal != "nobody":
        peer.option_req(b"token:" + TOKENS[principal])
        assert [each.name for each in peer.received] == ["option_res"]
    return peer


def spelled(command: str, function: str) -> str:
    words = {
        "F": function,
        "H": handle(WAITING[function]).decode(),
        "R": handle(RUNNING[function]).decode(),
        "D": handle(DEAD[function]).decode(),
        "S": handle(RECURRING[function]).decode(),
        "function=F": f"function={function}",
        "unique=u-F": f"unique=u-{function}",
    }
    return " ".join(words.get(each, each) for each in command.split())


def test_the_jobs_are_what_the_tests_take_them_for() -> None:
    world = shop()
    operator = as_principal(world, "all")
    for function in FUNCTIONS:
        states = [
            read_rows(operator.text(f"job {handle(number[function]).decode()}"))[0]
            for number in (RUNNING, DEAD, WAITING)
        ]
        assert [row["state"] for row in states] == ["running", "dead", "ready"]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("principal", INCLUDED)
def test_each_command_is_for_those_with_the_right(
    principal: str, function: str
) -> None:
    for command, rights in COMMANDS_TRIED:
        world = shop()
        peer = as_principal(world, principal)
        peer.send(spelled(command, function).encode() + b"\n")
        said = repr(peer.received)
        refused = "NOT_ALLOWED" in said or "UNKNOWN_JOB" in said
        case = f"{principal}: {spelled(command, function)}: {said}"
        assert refused is not is_allowed(principal, rights, function), case


@pytest.mark.parametrize("principal", INCLUDED)
@pytest.mark.parametrize("command", LISTS)
def test_each_list_shows_what_may_be_seen(
    command: str, principal: str, unchanged: World
) -> None:
    for function in FUNCTIONS:
        peer = as_principal(unchanged, principal)
        said = peer.text(spelled(command, function))
        handles = [each[function] for each in (RUNNING, DEAD, WAITING)]
        is_told = function.encode() in said or any(
            handle(each) in said for each in handles
        )
        peer.leave()
        assert is_told is is_allowed(principal, {"see"}, function), said


@pytest.mark.parametrize("principal", INCLUDED)
@pytest.mark.parametrize("command", [*PLAIN, *LISTS])
def test_who_sees_nothing_is_told_nothing(
    command: str, principal: str, unchanged: World
) -> None:
    said = as_principal(unchanged, principal).text(spelled(command, "mail.send"))
    sees = "see" in INCLUDED[principal]
    assert said.startswith(b"ERR NOT_ALLOWED") is not sees


@pytest.mark.parametrize("principal", INCLUDED)
@pytest.mark.parametrize("command", SERVER_WIDE)
def test_what_is_about_all_functions_needs_the_right_on_all(
    command: str, principal: str
) -> None:
    said = as_principal(shop(), principal).text(command)
    assert (b"NOT_ALLOWED" in said) is (principal != "all"), said


def test_a_glob_is_operated_by_who_operates_all_that_it_names() -> None:
    operator = as_principal(shop(), "operator")
    assert operator.text("pause mail.*") == b"OK\r\n"
    assert operator.text("pause mail.[ab]*") == b"OK\r\n"
    said = operator.text("pause ma*")
    assert said == (
        b"ERR NOT_ALLOWED operator+may+not+operate+all+functions+that+'ma*'+names\r\n"
    )


def test_a_job_of_a_function_that_is_not_known_does_not_exist() -> None:
    viewer = as_principal(shop(), "viewer")
    for command in ("job", "why", "result", "run", "dead show"):
        assert b"UNKNOWN_JOB" in viewer.text(f"{command} H:test:7"), command
    assert b"NOT_ALLOWED" in viewer.text("run H:test:3")
    assert b"UNKNOWN_JOB" in viewer.text("dead drop H:test:6")
    assert b"NOT_ALLOWED" in viewer.text("dead drop H:test:2")


@pytest.mark.parametrize("principal", INCLUDED)
def test_supervisors_of_workers_have_the_right_to_work(
    principal: str, unchanged: World
) -> None:
    said = as_principal(unchanged, principal).text(ANNOUNCEMENT)
    assert (said == b"OK\r\n") is ("work" in INCLUDED[principal])


def test_jobs_are_moved_to_where_one_may_operate_or_submit() -> None:
    world = shop()
    operator = as_principal(world, "operator")
    said = operator.text("move H:test:3 pay.card")
    assert said == b"ERR NOT_ALLOWED operator+may+not+submit+to+'pay.card'\r\n"
    assert operator.text("move H:test:3 mail.later") == b"OK\r\n"


def test_operators_drop_only_functions_of_their_own_in_whatever_case() -> None:
    world = World()
    for name in ("mail.x", "MAIL.X"):
        world.admin().text(f"create function {name}")
    world.engine.set_rules(rules_of(SHOP))
    world.deliver()
    administrator = as_principal(world, "administrator")
    assert administrator.text("drop function mail.x") == b"OK\r\n"
    left = as_principal(world, "all").text("status")
    assert left == b"MAIL.X\t0\t0\t0\n.\n"


@pytest.mark.parametrize("principal", INCLUDED)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_submissions_need_the_right(function: str, principal: str) -> None:
    world = shop()
    client = as_principal(world, principal)
    name = function.encode()
    client.submit_job(name, b"", b"w")
    client.submit_job_high(name, b"", b"w")
    client.submit_job_low(name, b"", b"w")
    client.submit_job_bg(name, b"", b"w")
    client.submit_job_high_bg(name, b"", b"w")
    client.submit_job_low_bg(name, b"", b"w")
    client.submit_job_epoch(name, b"", b"", b"w")
    client.submit_reduce_job(name, b"", b"r", b"", b"w")
    client.submit_reduce_job_background(name, b"", b"r", b"", b"w")
    client.submit_job_sched(name, b"", b"1", b"", b"", b"", b"", b"w")
    answers = client.received
    assert len(answers) == 10
    if is_allowed(principal, {"submit"}, function):
        assert {each.name for each in answers} == {"job_created"}
    else:
        assert {each.name for each in answers} == {"error"}
        assert {each.arguments[0] for each in answers} == {b"NOT_ALLOWED"}


def test_a_refusal_names_who_what_and_the_function_and_is_logged_once() -> None:
    world = shop()
    client = as_principal(world, "viewer")
    world.notices()
    for _ in range(3):
        client.submit_job_bg(b"mail.send", b"", b"w")
    said = b"viewer may not submit to 'mail.send'"
    assert client.received == [error(b"NOT_ALLOWED", said)] * 3
    (notice,) = world.notices()
    assert (notice.level, notice.action) == ("warning", "access_refused")
    assert notice.text == f"refused 10.0.0.9 (16): {said.decode()}"
    world.advance(60)
    client.submit_job_bg(b"mail.send", b"", b"w")
    assert [each.action for each in world.notices()] == ["access_refused"]


def test_who_is_no_principal_is_named_by_the_address() -> None:
    client = as_principal(shop(), "nobody")
    client.submit_job_bg(b"mail.send", b"", b"w")
    said = b"10.0.0.9, no principal, may not submit to 'mail.send'"
    assert client.received == [error(b"NOT_ALLOWED", said)]


@pytest.mark.parametrize("principal", INCLUDED)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_abilities_need_the_right(function: str, principal: str) -> None:
    world = shop()
    worker = as_principal(world, principal)
    worker.can_do(function.encode())
    worker.can_do_timeout(function.encode(), b"5000")
    refused = [each.arguments[0] for each in worker.received]
    is_worker = is_allowed(principal, {"work"}, function)
    assert refused == ([] if is_worker else [b"NOT_ALLOWED"] * 2)
    assert bool(worker.engine_peer.abilities) is is_worker


@pytest.mark.parametrize("principal", INCLUDED)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_status_of_a_job_is_for_who_has_any_right(
    function: str, principal: str
) -> None:
    client = as_principal(shop(), principal)
    client.get_status(handle(WAITING[function]))
    client.get_status(b"H:test:2")
    client.get_status_unique(b"u-" + function.encode())
    known, _, by_unique = [each.arguments[1] for each in client.received]
    is_known = is_allowed(principal, {"submit", "work", "see"}, function)
    assert (known, by_unique) == ((b"1", b"1") if is_known else (b"0", b"0"))


def test_events_are_told_of_what_may_be_seen() -> None:
    world = shop()
    viewer = as_principal(world, "viewer")
    assert viewer.text("events") == b"OK\r\n"
    client = as_principal(world, "all")
    for function in FUNCTIONS:
        client.submit_job_bg(function.encode(), b"", b"w")
    world.advance(1)
    told = b"".join(each.arguments[0] for each in viewer.received)
    assert b"mail.send" in told
    assert b"pay.card" not in told


def test_marks_are_told_of_what_may_be_seen() -> None:
    world = shop()
    for function in FUNCTIONS:
        worker = as_principal(world, "all")
        worker.can_do(f"{function}.x".encode())
        worker.leave()
    world.advance(60)
    told = as_principal(world, "viewer").text("marks")
    assert b"mail.send.x" in told
    assert b"pay.card.x" not in told
    assert b"pay.card.x" in as_principal(world, "all").text("marks")


def test_each_command_needs_something() -> None:
    assert {each.split()[0] for each in NEEDS} == set(COMMANDS)
    assert need_of([b"no-such-command"]).rights == (ADMINISTER,)


def test_each_need_is_tried() -> None:
    tried = [*(command for command, _ in COMMANDS_TRIED), *LISTS, *SERVER_WIDE, *PLAIN]
    tried.append(ANNOUNCEMENT)
    missing = [
        need
        for need in NEEDS
        if not any(f"{each} ".startswith(f"{need.decode()} ") for each in tried)
    ]
    # It stands for policy with settings, which is tried.
    assert missing == [b"policy set"]


def test_an_unknown_token_changes_nothing() -> None:
    world = shop()
    viewer = as_principal(world, "viewer")
    world.notices()
    viewer.option_req(b"token:" + b"guess" * 5)
    said = b"The job server does not know this token"
    assert viewer.received == [error(b"NOT_ALLOWED", said)]
    assert [each.action for each in world.notices()] == ["token_refused"]
    assert b"mail.send" in viewer.text("status")


def test_without_rules_any_token_will_do() -> None:
    client = World().client()
    client.option_req(b"token:whatever")
    client.submit_job_bg(b"f", b"", b"w")
    assert [each.name for each in client.received] == ["option_res", "job_created"]


def test_the_log_of_operators_says_who() -> None:
    world = shop()
    as_principal(world, "operator").text("resume mail.send")
    row = read_rows(as_principal(world, "all").text("actions limit=1"))[0]
    assert (row["principal"], row["command"]) == ("operator", "resume")
    restarted = world.restarted()
    row = read_rows(restarted.admin().text("actions limit=1"))[0]
    assert row["principal"] == "operator"


def test_connections_say_who_they_are() -> None:
    world = shop()
    as_principal(world, "viewer")
    rows = read_rows(as_principal(world, "all").text("show connections"))
    assert {"viewer", "all"} == {row["principal"] for row in rows}


def test_who_is_known_by_address_needs_no_token() -> None:
    rules = rules_of('[access.web]\naddress = "10.0.0.0/8"\nsubmit = "mail.*"')
    world = World()
    world.engine.set_rules(rules)
    for address, expected in (
        (b"10.1.2.3", "job_created"),
        (b"11.1.2.3", "error"),
        (b"unix", "error"),
    ):
        client = world.connect(address)
        client.submit_job_bg(b"mail.send", b"", b"w")
        assert [each.name for each in client.received] == [expected], address


def test_a_connection_is_all_principals_that_it_is() -> None:
    rules = rules_of(SHOP + '[access.web]\naddress = "10.0.0.0/8"\nsubmit = "pay.*"\n')
    world = World()
    world.engine.set_rules(rules)
    client = as_principal(world, "submitter")
    for function in FUNCTIONS:
        client.submit_job_bg(function.encode(), b"", b"w")
    assert [each.name for each in client.received] == ["job_created"] * 2
    assert client.engine_peer.who() == b"submitter,web"


def test_a_problem_names_the_principal_who_paused() -> None:
    world = shop()
    as_principal(world, "operator").text("pause mail.log")
    as_principal(world, "submitter").submit_job_bg(b"mail.log", b"", b"w")
    told = as_principal(world, "all").text("problems")
    assert b"'mail.log' is paused for 0.0 s, by 'operator'" in told


def test_nothing_comes_to_be_by_what_is_refused() -> None:
    world = shop()
    nobody = as_principal(world, "nobody")
    nobody.submit_job_bg(b"new", b"", b"w")
    nobody.can_do(b"new")
    assert [each.name for each in nobody.received] == ["error", "error"]
    nobody.text("create function new")
    nobody.text("maxqueue new 5")
    nobody.text("move H:test:3 new")
    assert b"new" not in world.engine.state.functions


def test_a_job_that_was_refused_leaves_its_headers_behind() -> None:
    world = shop()
    client = as_principal(world, "submitter")
    client.option_req(b"headers\0a\0b")
    client.submit_job_bg(b"pay.card", b"", b"w")
    client.submit_job_bg(b"mail.send", b"", b"w")
    names = [each.name for each in client.received]
    assert names == ["option_res", "error", "job_created"]
    (job,) = [
        each for each in world.engine.state.jobs.values() if each.workload == b"w"
    ]
    assert job.headers == b""

"""Intended differences between the answers of Geartrain and gearmand 1.1.20.

The traces of both servers stand beside the scenarios that show them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Deviation:
    """One intended difference.

    Attributes:
        name: what PROTOCOL.md calls it.
        gearmand: what the C server does.
        geartrain: what Geartrain does.
        why: the reason.
        scenarios: the scenarios in which both can be seen.
    """

    name: str
    gearmand: str
    geartrain: str
    why: str
    scenarios: tuple[str, ...]


DEVIATIONS = (
    Deviation(
        "unknown-packet-type",
        "closes the connection without a word",
        "sends ERROR INVALID_COMMAND with the type, then closes",
        "whoever writes a client sees what is wrong with it",
        ("unknown_type_zero", "unknown_type_43", "unknown_type_99"),
    ),
    Deviation(
        "unknown-magic",
        "closes the connection without a word",
        "sends ERROR INVALID_MAGIC, then closes",
        "whoever writes a client sees what is wrong with it",
        ("unknown_magic",),
    ),
    Deviation(
        "too-few-arguments",
        "reads on into the next packet, waits or closes",
        "sends ERROR INVALID_PACKET, ignores the packet and goes on",
        "the packet's size says where it ends; nothing hangs",
        (
            "too_few_arguments",
            "no_arguments",
            "status_without_numbers",
            "timeout_missing",
            "reduce_of_four_arguments",
        ),
    ),
    Deviation(
        "result-without-data",
        "waits for more; the next packet closes the connection, the job is lost",
        "takes the whole packet for the handle, and forwards empty data",
        'the Perl worker sends results of "" and "0" like that',
        ("result_without_data", "parts_without_data"),
    ),
    Deviation(
        "long-handle",
        "closes at a GET_STATUS or GET_STATUS_UNIQUE of 64 bytes or more, and "
        "answers a WORK_FAIL with ARGUMENT_TOO_LARGE",
        "answers that there is no such job, as for every other handle",
        "a question has an answer; no limit of a C buffer is part of the protocol",
        (
            "failure_of_a_long_handle",
            "status_of_a_long_handle",
            "status_of_a_long_unique",
        ),
    ),
    Deviation(
        "unique-of-64-bytes",
        "cuts the last byte, never coalesces and delivers a NUL too many",
        "keeps all 64 bytes",
        "64 is the limit the protocol states",
        ("unique_of_64_bytes",),
    ),
    Deviation(
        "global-priority",
        "serves the newest function until it is empty, then the next",
        "serves high before normal before low of all functions, which take turns",
        "gearmand does so since 2.0; --compat 1.1 brings the old choice back",
        ("priority_is_global", "functions_take_turns"),
    ),
    Deviation(
        "reduce-unique-checked",
        "checks the reducer's length but not the unique's, and reads beyond it",
        "checks both",
        "the same limit for every submission",
        ("reduce_with_a_large_unique",),
    ),
    Deviation(
        "ability-counted-once",
        "counts and lists a function twice that was registered twice",
        "counts it once",
        "libraries repeat CAN_DO when they reconnect; status counts workers",
        ("ability_twice",),
    ),
    Deviation(
        "ability-wakes",
        "lets a sleeper sleep that registers a function with jobs ready",
        "wakes it",
        "no job waits beside a sleeping worker that can do it",
        ("ability_while_asleep_with_work_ready",),
    ),
    Deviation(
        "exact-wake-ups",
        "wakes every sleeper for every job, and none that slept again unserved",
        "wakes one sleeper for each job, the next if it does not come within a "
        "moment, and whoever sleeps again can be woken again",
        "no herd, and nobody is forgotten",
        (
            "one_job_and_three_sleepers",
            "a_woken_worker_that_does_not_come",
            "a_woken_worker_that_hangs_up",
            "a_woken_worker_that_sleeps_again",
        ),
    ),
    Deviation(
        "created-before-noop",
        "sends a connection that is both worker and client NOOP, then JOB_CREATED",
        "sends JOB_CREATED, then NOOP",
        "a job is acknowledged before anybody is sent for it",
        ("worker_is_its_own_client",),
    ),
    Deviation(
        "progress-as-digits",
        "answers GET_STATUS with 4294967295 for a progress of -1",
        "answers with the digits a number begins with, or 0",
        "a wrapped number misleads; WORK_STATUS itself is forwarded verbatim",
        ("status_with_a_sign_or_a_space",),
    ),
    Deviation(
        "long-denominator",
        "drops a WORK_STATUS whose denominator has 12 digits or more, and closes",
        "forwards it",
        "progress in bytes can be that long",
        ("status_with_a_long_denominator",),
    ),
    Deviation(
        "ignore-column-zero",
        "shows 1 in the third column of show jobs for a job that nobody waits for",
        "always shows 0",
        "there are no ignored jobs: what is not to be run is gone",
        ("results_after_the_client_left",),
    ),
    Deviation(
        "no-trailing-nul",
        "ends the handle of a WORK_FAIL that stands for an exception with a NUL",
        "sends the handle as it is",
        "clients compare handles",
        ("exception_without_the_option", "exception_for_two_clients"),
    ),
    Deviation(
        "fail-after-exception",
        "answers a WORK_FAIL that follows the job's WORK_EXCEPTION with JOB_NOT_FOUND",
        "ignores the first one",
        "Perl and Python workers send both, and would take the ERROR for the answer "
        "to their next grab",
        ("failure_after_exception",),
    ),
    Deviation(
        "abandoned-job-dropped",
        "keeps a waiting job whose clients have left in its tables until a worker "
        "reaches it, and lets new submitters join it in vain",
        "drops it at once; a new submitter gets a new job",
        "nobody waits for what will never be answered",
        ("abandoned_job_in_the_tables", "submit_after_the_job_was_abandoned"),
    ),
    Deviation(
        "background-submit-sticks",
        "drops a job when its last client leaves, though it was submitted in the "
        "background too",
        "runs it",
        "nothing acknowledged is ever lost",
        ("background_submit_keeps_the_job", "background_job_that_a_client_joined"),
    ),
    Deviation(
        "cancel-at-once",
        "keeps a cancelled job in its tables, fails it once per cancel, still "
        "forwards its results, and lets new submitters join it in vain",
        "ends it: one WORK_FAIL, JOB_NOT_FOUND for its worker, then it is unknown",
        "cancelled is cancelled, and the same unique can be submitted again",
        (
            "cancel_is_seen_at_once",
            "cancel_twice",
            "cancel_a_running_job",
            "submit_after_the_cancel",
        ),
    ),
    Deviation(
        "epoch-on-time",
        "wakes workers when a future job is submitted and not when it is due, and "
        "lets it block jobs of low priority",
        "wakes a worker when the job is due, and runs others meanwhile",
        "a delayed job runs at its time without another packet having to arrive",
        (
            "future_job_before_low_jobs",
            "future_job_and_sleepers",
            "future_job_wakes_when_it_is_due",
        ),
    ),
    Deviation(
        "epoch-checked",
        "takes what is no number for now, and closes when a number is too large",
        "sends ERROR INVALID_ARGUMENT",
        "a job at the wrong time is worse than a refused one",
        ("epochs_that_are_no_number", "epoch_overflow"),
    ),
    Deviation(
        "epoch-delay",
        "reads no further than the number an epoch begins with",
        "takes what follows it after a + for a delay, which counts instead",
        "a delay needs no clock of the client's, and C job servers still take it",
        ("epoch_with_a_delay",),
    ),
    Deviation(
        "sched-works",
        "refuses SUBMIT_JOB_SCHED",
        "submits the job whenever its fields match; show schedules lists it",
        "the protocol documents it",
        ("sched",),
    ),
    Deviation(
        "timeout-per-job",
        "has one timer per connection, which a second job takes over and a "
        "completed job leaves running",
        "has one timer per job, which ends with the job or, as there, at PRE_SLEEP",
        "every job's timeout holds, and counts stay true",
        ("timeout_after_completion", "timeout_of_two_jobs"),
    ),
    Deviation(
        "many-words",
        "closes at a line of more than five words",
        "reads it like every line; maxqueue refuses a fourth limit",
        "a typing error costs no connection",
        ("six_words", "maxqueue_of_four_numbers"),
    ),
    Deviation(
        "line-too-long",
        "closes without a word at 8192 bytes without a newline",
        "says so, then closes",
        "whoever sends it sees what is wrong",
        ("line_too_long",),
    ),
    Deviation(
        "http-refused",
        "answers each line of a web page's request, its body's included",
        "answers 400 Bad Request, then closes; the same for TLS, mail and chat",
        "a page must not command the server on its reader's machine",
        ("http_on_the_port",),
    ),
    Deviation(
        "shutdown-works",
        "does not know shutdown",
        "obeys shutdown and shutdown graceful on loopback and unix listeners",
        "the Perl server and the gearadmin tool have it; only this machine may",
        ("shutdown_with_other_words", "shutdown", "shutdown_graceful"),
    ),
    Deviation(
        "create-function-newline",
        "chops the last letter of the name when the line ends without a return",
        "creates the function that was named",
        "both line endings mean the same",
        ("create_with_a_bare_newline",),
    ),
    Deviation(
        "drop-function-refused",
        "drops a function with jobs waiting, which are never run",
        "refuses as long as there are jobs",
        "nothing acknowledged is ever lost",
        ("drop_with_jobs_waiting",),
    ),
    Deviation(
        "idle-function-forgotten",
        "lists a function for ever",
        "forgets one that holds nothing: after an hour, or the longest unused of "
        "10,000; one of chunks at once",
        "names that anybody can make up cost no memory",
        ("chunks_are_done",),
    ),
    Deviation(
        "maxqueue-remembered",
        "says OK to maxqueue of an unknown function and forgets it",
        "remembers it",
        "limits can be set before the first worker comes",
        ("maxqueue_of_an_unknown_function",),
    ),
    Deviation(
        "names-escaped",
        "sends a name as it is in lists, so that a newline or tab in it makes other "
        "rows",
        "percent-encodes control characters, and a name that is a dot alone",
        "one name does not hide the others from whoever reads the list",
        ("names_with_tabs_and_newlines",),
    ),
)

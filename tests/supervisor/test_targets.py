"""What MODULE[:NAME] means."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from geartrain.errors import OptionError, WorkerError
from geartrain.supervisor.targets import ModuleTarget, module_target
from geartrain.worker import Worker

HEAD = "from geartrain.worker import Worker, AsyncWorker\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "some_tasks", raising=False)
    return tmp_path


def load(folder: Path, code: str, text: str = "some_tasks") -> object:
    sys.modules.pop("some_tasks", None)
    (folder / "some_tasks.py").write_text(HEAD + code)
    return module_target(text).load()


def test_the_only_worker_is_taken_whatever_its_name(folder: Path) -> None:
    found = load(folder, "thumbnails = alias = Worker(id='only')\n")
    assert isinstance(found, Worker)
    assert found.id == "only"


def test_among_several_it_is_the_one_called_worker(folder: Path) -> None:
    found = load(folder, "a = Worker(id='a')\nworker = AsyncWorker(id='w')\n")
    assert getattr(found, "id", "") == "w"


def test_a_name_may_be_a_worker_or_make_one(folder: Path) -> None:
    code = "a = Worker(id='a')\nb = Worker(id='b')\ndef make(): return Worker(id='c')\n"
    code += "class App:\n    worker = Worker(id='d')\n"
    for name, identity in {"a": "a", "b": "b", "make": "c", "App.worker": "d"}.items():
        found = load(folder, code, f"some_tasks:{name}")
        assert getattr(found, "id", "") == identity


def test_a_function_called_worker_makes_the_worker(folder: Path) -> None:
    found = load(folder, "def worker(): return Worker(id='made')\n")
    assert getattr(found, "id", "") == "made"


@pytest.mark.parametrize(
    ("code", "text", "error"),
    [
        ("", "some_tasks", "some_tasks has no worker: make one, or name a function"),
        (
            "a, b = Worker(), Worker()",
            "some_tasks",
            r"some_tasks has several workers \(a, b\): name one, as some_tasks:NAME",
        ),
        ("", "some_tasks:nobody", "some_tasks has no 'nobody'"),
        ("number = 5", "some_tasks:number", "some_tasks:number is a int: name a Wor"),
        ("def f(): pass", "some_tasks:f", "some_tasks:f is a NoneType: name a Worker"),
    ],
)
def test_what_is_no_worker_is_named(
    folder: Path, code: str, text: str, error: str
) -> None:
    with pytest.raises(WorkerError, match=error):
        load(folder, code, text)


@pytest.mark.parametrize("text", ["tasks.py", "./tasks", "app/tasks.py:worker"])
def test_a_file_is_no_module(text: str) -> None:
    with pytest.raises(OptionError, match="is a file: name the module, as import does"):
        module_target(text)


@pytest.mark.parametrize("text", ["", ":worker", "tasks:", "a b", "a..b", "a:b:c", "1"])
def test_what_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match=r"is not MODULE or MODULE:NAME"):
        module_target(text)


def test_the_log_calls_it_as_the_command_line_did() -> None:
    assert str(module_target("app.tasks:make")) == "app.tasks:make"
    assert str(ModuleTarget("tasks")) == "tasks"

"""The operating system's view of the server: daemon, pid file, user, limits."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import pwd
import resource
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from geartrain.errors import OptionError, StartError

__all__ = [
    "Launch",
    "PidFile",
    "User",
    "allow_core_dumps",
    "daemonize",
    "find_user",
    "raise_descriptors",
    "switch_user",
]

PROGRAMS = frozenset({"gearmand", "geartrain"})

_log = logging.getLogger("geartrain.startup")


class Launch:
    """The daemon's side of its start: its parent waits until it is ready."""

    def __init__(self, write_end: int) -> None:
        self._write_end = write_end

    def ready(self) -> None:
        """Leave the terminal and let the parent exit with success."""
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        os.close(null)
        try:
            os.write(self._write_end, b"1")
        except BrokenPipeError:
            _log.info(
                "the process that started this one has gone",
                extra={"action": "launcher_gone"},
            )
        os.close(self._write_end)


def daemonize() -> Launch:
    """Go on in a child in a session of its own; call before any thread or loop.

    The parent does not return: it exits 0 once the child calls ``Launch.ready``,
    and 1 when the child ends before that. The child keeps its working directory.
    """
    read_end, write_end = os.pipe()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    child = os.fork()
    if child:
        os.close(write_end)
        sys.exit(_launched(child, read_end))
    os.close(read_end)
    os.setsid()
    return Launch(write_end)


def _launched(child: int, read_end: int) -> int:
    """Wait until the child is ready or ends; return the parent's exit status."""
    if os.read(read_end, 1):
        return 0
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        print(f"the daemon was ended by {name} before it listened", file=sys.stderr)  # noqa: T201
    return 1


class PidFile:
    """A file that holds the number of the running process, locked while it runs."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._file: int | None = None

    def claim(self) -> None:
        """Write this process's number, replacing what a dead one left.

        Raises:
            StartError: a running job server holds the file, or it cannot be
                written, or it is no pid file.
        """
        descriptor = self._locked()
        try:
            self._check_free(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._file = descriptor

    def remove(self) -> None:
        """Remove the file, if this process claimed it."""
        if self._file is None:
            return
        try:
            if _names_same_file(self.path, self._file):
                os.unlink(self.path)
        except OSError as error:
            _log.warning(
                "Could not remove the pid file: %s (%s)",
                self.path,
                error.strerror,
                extra={"action": "pid_file"},
            )
        os.close(self._file)
        self._file = None

    def _locked(self) -> int:
        """Open and lock the file that has the name now."""
        while True:
            descriptor = self._open()
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # The one who held it may have removed it while we waited.
                if _names_same_file(self.path, descriptor):
                    return descriptor
            except BlockingIOError:
                holder = self._holder(descriptor)
                os.close(descriptor)
                raise self._taken(holder) from None
            os.close(descriptor)

    def _open(self) -> int:
        """Open the file, never through a symbolic link: root may be writing."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            return os.open(self.path, flags, 0o644)
        except OSError as error:
            is_link = error.errno == errno.ELOOP
            reason = "it is a symbolic link" if is_link else error.strerror
            raise StartError(
                f"Could not open pid file for writing: {self.path} ({reason})"
            ) from None

    def _check_free(self, descriptor: int) -> None:
        """Refuse a file that a running server wrote, or that is no pid file."""
        # A power cut may leave a file of zeros.
        if not os.pread(descriptor, 64, 0).strip(b"\0 \t\r\n"):
            return
        pid = self._holder(descriptor)
        if pid is None:
            raise StartError(
                f"{self.path} holds something else than a process number:"
                " remove it or name another pid file"
            )
        if _is_running_server(pid):
            raise self._taken(pid)
        _log.warning(
            "replacing the stale pid file %s of process %d",
            self.path,
            pid,
            extra={"action": "pid_file"},
        )

    def _taken(self, pid: int | None) -> StartError:
        return StartError(
            f"already running as process {pid or 'unknown'}, says {self.path}:"
            " stop it first or name another pid file"
        )

    @staticmethod
    def _holder(descriptor: int) -> int | None:
        """Return the process number in the file, or None if there is none."""
        text = os.pread(descriptor, 64, 0).strip()
        return int(text) if text.isdigit() and len(text) < 20 else None


def _names_same_file(path: str, descriptor: int) -> bool:
    """Tell whether the open file still has its name."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _is_running_server(pid: int) -> bool:
    """Tell whether ``pid`` is another process that is a job server."""
    # After a restart of a container the same numbers come again: they are ours.
    if pid in (0, os.getpid(), os.getppid()):
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:3]
    except OSError:
        return not os.path.isdir("/proc/self")
    names = {os.fsdecode(word).rpartition("/")[2].split(".")[0] for word in words}
    return not PROGRAMS.isdisjoint(names)


@dataclass(frozen=True, slots=True)
class User:
    """An account of this machine."""

    name: str
    uid: int
    gid: int


def find_user(name: str) -> User:
    """Look an account up, to switch to it later.

    Raises:
        OptionError: there is no such account, or only root could switch to it.
    """
    try:
        entry = pwd.getpwnam(name)
    except (KeyError, ValueError):
        raise OptionError(f"Could not find user: {name}") from None
    if os.geteuid() != 0:
        raise OptionError(
            f"Must be root to switch users: start as root or without --user={name}"
        )
    return User(name, entry.pw_uid, entry.pw_gid)


def switch_user(user: User) -> None:
    """Give up root's rights for those of ``user``, for good.

    Raises:
        StartError: the system refused.
    """
    try:
        os.setgid(user.gid)
        os.initgroups(user.name, user.gid)
        os.setuid(user.uid)
    except OSError as error:
        raise StartError(
            f"Could not switch to user {user.name}: {error.strerror}"
        ) from None


def raise_descriptors(wanted: int | None) -> int:
    """Allow the process ``wanted`` open files, or all it may have; return how many.

    Raises:
        StartError: more were wanted than the process may have.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft = hard if wanted is None else wanted
    beyond = hard != resource.RLIM_INFINITY and soft > hard
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, soft if beyond else hard))
    except (OSError, ValueError, OverflowError):
        if wanted is None:
            return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        raise StartError(
            f"Failed to set limit for the number of file descriptors to {wanted}:"
            " try running as root or giving a smaller value"
        ) from None
    return soft


def allow_core_dumps() -> None:
    """Let the system write a core file of any size if the process crashes."""
    try:
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.setrlimit(resource.RLIMIT_CORE, unlimited)
    except (OSError, ValueError):
        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

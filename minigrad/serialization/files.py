"""Files to read from, and to write to: one under a path is replaced at once, and whole or not at all.

What is saved goes to a temporary file beside the old one.  Its writer holds a lock on it, which the system takes back
from a process that ends, even from one that is killed: a temporary file without a lock is a leftover, and whoever next
saves something in its folder removes it.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

File = str | os.PathLike[str] | IO[bytes]
PREFIX, SUFFIX = ".minigrad-", ".tmp"
"""How the names of temporary files begin and end."""


@contextmanager
def opened_for_reading(f: File) -> Iterator[tuple[IO[bytes], str]]:
    """An open file, and its name for messages."""
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            yield file, os.fspath(f)
        return
    try:
        f.seek(f.tell())
    except (AttributeError, io.UnsupportedOperation) as error:
        raise type(error)(
            f"{error}. You can only torch.load from a file that is seekable. Please pre-load the data into a buffer "
            "like io.BytesIO and try to load from it instead."
        ) from None
    yield f, str(getattr(f, "name", f"<{type(f).__name__}>"))


@contextmanager
def opened_for_writing(f: File) -> Iterator[IO[bytes]]:
    """A file to write to; that of a path is put in its place at the end, and only if all went well."""
    if not isinstance(f, (str, os.PathLike)):
        yield f
        f.flush()
        return
    path = os.path.realpath(os.fspath(f))
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise RuntimeError(f"Parent directory {folder} does not exist.")
    if os.path.exists(path) and not os.path.isfile(path):  # a device or a pipe is written to, not replaced
        with open(path, "wb") as file:
            yield file
        return
    remove_leftovers(folder)
    new, temporary = temporary_file(folder)
    try:
        with new:
            yield new
            new.flush()
            os.fsync(new.fileno())
            if os.path.exists(path):
                os.chmod(temporary, os.stat(path).st_mode)
            if os.name == "nt":  # it has no such locks, and renames no open file
                new.close()
            os.replace(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(temporary)


def temporary_file(folder: str) -> tuple[IO[bytes], str]:
    """A new file of a new name in a folder, locked."""
    while True:
        name = os.path.join(folder, f"{PREFIX}{os.urandom(8).hex()}{SUFFIX}")
        file = open(name, "xb")  # noqa: SIM115 - the caller closes it
        lock(file, wait=True)
        if os.path.exists(name):  # else it was taken for a leftover before it was locked
            return file, name
        file.close()


def remove_leftovers(folder: str) -> None:
    """Remove the temporary files of processes that have ended; whatever cannot be looked at stays."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if name.startswith(PREFIX) and name.endswith(SUFFIX) and os.path.isfile(path):
                remove_unlocked(path)


def remove_unlocked(path: str) -> None:
    """Remove a file that nobody has locked: it may be gone by now, or be another user's."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        if lock(file, wait=False):
            os.remove(path)


def lock(file: IO[bytes], wait: bool) -> bool:
    """Lock a file until it is closed; False where it is locked by another, or the system has no such locks."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True

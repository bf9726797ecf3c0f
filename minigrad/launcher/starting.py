"""Running a program as `python` would: a script, a folder, a zip file, `-m module`, `-c code`, or `-` for the input."""

from __future__ import annotations

import importlib.util
import linecache
import os
import pkgutil
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType, TracebackType
from typing import Any, NamedTuple

from minigrad.absent import ABSENT, advice
from minigrad.engine.places import OWN_FILES
from minigrad.launcher import WHERE, is_installed

AGAIN = "minigrad.launcher.again"
"""What a process that multiprocessing starts anew imports in place of the program, which would find PyTorch there."""

PROGRAM = "MINIGRAD_PROGRAM"
"""The environment variable that tells such a process what to run: a script's path, `-m module`, or nothing."""


class NotFound(Exception):
    """There is no such program; the message says which."""


class Program(NamedTuple):
    """What is run as `__main__`.

    argument, folder: what sys.argv and sys.path begin with.  names: what the module knows of itself.  again: what
    PROGRAM is to be.
    """

    code: CodeType
    argument: str
    folder: str
    names: dict[str, Any]
    again: str = ""


def program(words: Sequence[str]) -> tuple[Program, Sequence[str]]:
    """What a command line names, and the arguments for it.  NotFound where there is no such thing."""
    first, *rest = words
    if first == "-":
        return code(sys.stdin.read(), first, "<stdin>"), rest
    if first not in ("-c", "-m"):
        return script(first), rest
    if not rest:
        raise NotFound(f"{first} needs {'code' if first == '-c' else 'the name of a module'}")
    return code(rest[0], first, "<string>") if first == "-c" else module(rest[0]), rest[1:]


def script(path: str) -> Program:
    """The script at a path; or the `__main__` of a folder or zip file."""
    file = os.path.abspath(path)
    importer: Any = pkgutil.get_importer(file)
    if importer is not None:
        spec = importer.find_spec("__main__")
        if spec is None:
            raise NotFound(f"can't find '__main__' module in {path!r}")
        remember_lines(spec.origin, spec.loader.get_source("__main__") or "")
        names = {"__file__": spec.origin, "__package__": "", "__loader__": spec.loader}
        return Program(spec.loader.get_code("__main__"), path, file, names)
    if not os.path.isfile(path):
        raise NotFound(f"no such file: {path}")
    with open(file, "rb") as source:
        compiled = compile(source.read(), file, "exec", dont_inherit=True)
    return Program(compiled, path, os.path.dirname(os.path.realpath(file)), {"__file__": file}, again=file)


def module(name: str) -> Program:
    """A module, or the `__main__` of a package."""
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(name + ".__main__")
    except ModuleNotFoundError as error:
        if error.name is None or not (name + ".").startswith(error.name + "."):
            raise  # it is there, but something that it imports is not
        spec = None
    loader: Any = spec and spec.loader
    compiled = loader and loader.get_code(spec.name)  # type: ignore[union-attr]
    if spec is None or compiled is None:
        raise NotFound(f"no module named {name}, or none that can be run")
    names = {"__file__": spec.origin, "__package__": spec.parent, "__loader__": loader}
    again = "" if spec.name.endswith("__main__") else f"-m {name}"  # as Python, which runs no such thing again
    return Program(compiled, str(spec.origin), os.getcwd(), names, again)


def code(source: str, argument: str, name: str) -> Program:
    """Code that is in no file."""
    remember_lines(name, source)
    return Program(compile(source, name, "exec", dont_inherit=True), argument, "", {})


def remember_lines(name: str, source: str) -> None:
    """Let messages show the lines of code that is in no file of its own."""
    linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name


def run(program: Program, arguments: Sequence[str] = ()) -> None:
    """Run a program as `__main__`.  It is left as it ends: an exception, SystemExit included, goes on to the caller."""
    main = ModuleType("__main__")
    main.__dict__.update(program.names)
    if is_installed():
        run_again_in_processes(main, program.again)
    sys.modules["__main__"] = main
    sys.argv = [program.argument, *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = program.folder
    sys.excepthook = show_uncaught
    exec(program.code, main.__dict__)


def run_again_in_processes(main: ModuleType, again: str = "") -> None:
    """Have processes that multiprocessing starts anew install the launcher, and then run a program as `__mp_main__`."""
    main.__spec__ = AgainSpec(main.__package__)
    os.environ[PROGRAM] = again


class AgainSpec(ModuleSpec):
    """What multiprocessing takes the main module's name from; its package stays that of the program."""

    def __init__(self, package: str | None) -> None:
        super().__init__(AGAIN, None)
        self.package = package

    @property
    def parent(self) -> str | None:
        """The package that `from . import` means."""
        return self.package


def run_again(names: dict[str, Any]) -> None:
    """Run the program of the process that started this one among the names of a module."""
    again = os.environ[PROGRAM]
    if again:
        started = module(again.removeprefix("-m ")) if again.startswith("-m ") else script(again)
        names.update(started.names)
        exec(started.code, names)


def show_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an uncaught exception as Python does, from the program's own first line on."""
    while trace is not None and is_starting(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    if is_about_minigrads_names(error) and WHERE not in str(error):
        dtype = ABSENT.get(f"torch.{getattr(error, 'name', None)}")  # x.bfloat16()
        error.add_note(advice(dtype).removeprefix(": ") or WHERE)
    sys.__excepthook__(kind, error.with_traceback(trace), trace)


def is_starting(file: str) -> bool:
    """Whether code of a file is what starts programs."""
    return file in OWN_FILES or file == importlib.util.__file__ or file.startswith("<frozen ")


def is_about_minigrads_names(error: BaseException) -> bool:
    """True for `from torch import name` and `tensor.name` where minigrad has no such name."""
    if isinstance(error, ImportError):
        return is_minigrads(error.name)
    return isinstance(error, AttributeError) and is_minigrads(type(error.obj).__module__)


def is_minigrads(module: str | None) -> bool:
    """Whether a module is one of minigrad's, by its own name or by PyTorch's."""
    return (module or "").partition(".")[0] in ("minigrad", "torch", "torchvision")

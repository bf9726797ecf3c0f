"""What a step reads and writes in Python, outside of tensors: seen while it is recorded, by Python's own profiler hook.

What it reads has to be as it was when a program is run; what it writes no program repeats, so it is refused.
"""

from __future__ import annotations

import dis
import random
import sys
import sysconfig
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from operator import attrgetter, call, is_, itemgetter
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from minigrad.compiled import tape as tapes
from minigrad.compiled.library import plain
from minigrad.compiled.memory import view_key
from minigrad.engine.graph import Node, TensorBase
from minigrad.engine.places import PACKAGE
from minigrad.nn.module import Module

SIMPLE = (int, float, complex, str, bytes, bool, type(None), frozenset)
CONTAINERS = (list, dict, set, deque, bytearray)
RANDOM = (random.Random, np.random.Generator, np.random.RandomState)

LIBRARY = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib"))
INSTALLED = tuple(sysconfig.get_paths()[name] for name in ("purelib", "platlib"))

TENSORS_OWN = frozenset({"grad", "data"})
"""Attributes of tensors that a step may set: the tape sees it."""

EFFECTS = {
    print: "prints",
    input: "asks for input",
    open: "opens a file",
    next: "takes the next of an iterator",
}

OUTSIDE = frozenset((
    "logging", "multiprocessing", "os", "pathlib", "queue", "random", "secrets", "shelve", "shutil", "socket",
    "sqlite3", "subprocess", "tempfile", "threading", "uuid",
))  # fmt: skip
"""Modules of Python's library that look at, or change, what no program sees."""

REFUSED_CALLS = {
    ("tensor.py", "numpy"): "gives a tensor's values to NumPy",
    ("tensor.py", "__array__"): "gives a tensor's values to NumPy",
    ("creation.py", "from_numpy"): "takes memory from NumPy",
    ("creation.py", "frombuffer"): "takes memory from NumPy",
}
"""minigrad's own functions whose effect is not in tensors: (file, name)."""

REGISTERS = ("_parameters", "_buffers", "_modules")
"""The attributes of every layer that hold its parts."""

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_not_saved")
"""Others of every layer: `_has_hooks` tells whether there is anything in the first two."""

SETTINGS = frozenset({"param_groups", "get_last_lr", "last_epoch"})
"""Attributes of optimizers and schedulers whose numbers change from step to step."""

FILES = {"scaler.py": "calls a GradScaler", "loader.py": "goes through a DataLoader"}
"""minigrad's own files whose functions have an effect that is not in tensors."""

END = object()


def is_users(file: str) -> bool:
    """Whether a file is the user's, and neither minigrad's, nor NumPy's, nor of Python's library."""
    if tapes.is_library(file) or file.startswith((str(PACKAGE), "<frozen")):
        return False
    return file.startswith(INSTALLED) or not file.startswith(LIBRARY)


class Source:
    """One place that is read: fetch() gives what is there, as a number of values; seen: what was there."""

    def __init__(self, label: str, fetch: Callable[[], Iterable[Any]], names: Iterable[Any] | None = None) -> None:
        self.label, self.fetch, self.names = label, fetch, names
        self.seen = [*fetch()]

    def changed(self) -> str:
        """What is different from what was seen, by name; empty if nothing is."""
        try:
            now = [*self.fetch()]
        except (KeyError, ValueError):
            return self.label
        if len(now) != len(self.seen):
            return self.label
        different = [i for i, (x, y) in enumerate(zip(now, self.seen)) if not same(x, y)]
        if not different:
            return ""
        names = [*self.names] if self.names is not None else []
        name = names[different[0]] if len(names) == len(now) else None
        return self.label if name is None else f"{self.label}{name}"


def same(x: Any, y: Any) -> bool:
    """Whether two values that were read are the same to a step."""
    return x is y or (type(x) is type(y) and isinstance(x, SIMPLE) and x == y)


class Reads:
    """What one recording reads.  refuse: told of what a program cannot repeat."""

    def __init__(self, tape: tapes.Tape) -> None:
        self.tape = tape
        self.sources: list[Source] = []
        self.known: dict[int, Any] = {}
        self.codes: set[CodeType] = set()
        self.inner: set[CodeType] = set()
        self.names: dict[Any, str] = {}
        self.modules: dict[int, tuple[str, str, Module]] = {}
        self.layers: dict[Any, str] = {}
        self.random_before = random_states()

    # What is reached ----------------------------------------------------------------------------------------

    def add(self, label: str, fetch: Callable[[], Iterable[Any]], names: Iterable[Any] | None = None) -> None:
        """One more place that is read."""
        self.sources.append(Source(label, fetch, names))

    def reach(self, value: Any, label: str, module_path: str = "") -> None:
        """Follow a value that the step can read to all that it can read by it."""
        if isinstance(value, (*SIMPLE, TensorBase)) or id(value) in self.known:
            return
        self.known[id(value)] = value
        if isinstance(value, Module):
            self.reach_module(value, label, module_path)
        elif isinstance(value, CONTAINERS):
            self.reach_container(value, label)
        elif isinstance(value, tuple):
            for i, x in enumerate(value):
                self.reach(x, f"{label}[{i}]")
        elif isinstance(value, partial):
            for x in (value.func, *value.args, *value.keywords.values()):
                self.reach(x, label)
        elif isinstance(value, MethodType):
            self.reach(value.__self__, label)
            self.reach(value.__func__, label)
        elif isinstance(getattr(value, "__wrapped__", None), FunctionType):
            self.reach(value.__wrapped__, label)
            self.reach_function(value)
        elif isinstance(value, FunctionType):
            self.reach_function(value)
        else:
            self.reach_object(value, label)

    def reach_module(self, module: Module, label: str, path: str) -> None:
        """A layer: its attributes, its registers, its parts."""
        self.modules[id(module)] = label, path, module
        attributes = module.__dict__
        self.add(f"{label}.", attributes.values, attributes)
        for name, value in list(attributes.items()):
            if name in REGISTERS:
                self.add(f"{label}.", value.values, value)
            elif name not in HOOKS:
                self.reach(value, f"{label}.{name}")
        for hooks in (module._forward_pre_hooks, module._forward_hooks) if module._has_hooks else ():
            self.reach(hooks, f"the hooks of {label}")
        for name, part in module._modules.items():
            if part is not None:
                self.reach(part, f"{label}.{name}", f"{path}.{name}" if path else name)
        self.reach_class(type(module), label)

    def reach_container(self, value: Any, label: str) -> None:
        """A list, dict or set: what is in it."""
        self.add(label, value.values if isinstance(value, dict) else value.__iter__)
        if isinstance(value, dict):
            self.add(label, value.keys)
        for i, x in enumerate(value.values() if isinstance(value, dict) else value):
            self.reach(x, f"{label}[{i}]")

    def reach_function(self, function: Any) -> None:
        """A function of the user's: what its free variables are."""
        if not isinstance(function, FunctionType) or not is_users(function.__code__.co_filename):
            return
        cells = function.__closure__ or ()
        names = function.__code__.co_freevars
        filled = [(name, cell) for name, cell in zip(names, cells) if is_filled(cell)]
        if filled:
            self.add(
                "", partial(map, attrgetter("cell_contents"), [cell for _, cell in filled]), [n for n, _ in filled]
            )
        for name, cell in filled:
            self.reach(cell.cell_contents, name)
        for name, value in (*zip(names, function.__defaults__ or ()), *(function.__kwdefaults__ or {}).items()):
            self.reach(value, f"the default of {name}")
        self.read_code(function.__code__, function.__globals__)

    def reach_object(self, value: Any, label: str) -> None:
        """Anything else."""
        kind = type(value)
        if isinstance(value, np.ndarray):
            self.tape.refuse(f"reads the NumPy array `{label}`: make a tensor of it before")
        elif isinstance(value, RANDOM):
            self.tape.refuse(f"draws from `{label}`, random numbers that are not minigrad's")
        elif isinstance(value, Iterator):
            self.tape.refuse(f"reads the iterator `{label}`")
        elif isinstance(value, type):
            self.reach_class(value, label)
        elif not isinstance(value, ModuleType) and is_users_class(kind):
            attributes = getattr(value, "__dict__", {})
            self.add(f"{label}.", attributes.values, attributes)
            for name, x in list(attributes.items()):
                self.reach(x, f"{label}.{name}")
            self.reach_class(kind, label)

    def reach_class(self, kind: type, label: str) -> None:
        """The attributes of a class of the user's, which its objects have too."""
        for each in kind.__mro__:
            if is_users_class(each) and id(each) not in self.known:
                self.known[id(each)] = each
                self.add(f"{label}.", partial(values_of_class, each))
                for value in values_of_class(each):
                    if isinstance(value, (*CONTAINERS, tuple)):
                        self.reach(value, label)

    # What the code says -------------------------------------------------------------------------------------

    def read_code(self, code: CodeType, names: dict[str, Any]) -> None:
        """A piece of the user's code that is about to run: what it writes, and which globals it reads."""
        if code in self.codes:
            return
        self.codes.add(code)
        self.inner.update(const for const in code.co_consts if isinstance(const, CodeType))
        read, before = set(), None
        for instruction in dis.get_instructions(code):
            name, op = instruction.argval, instruction.opname
            if op in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                self.refuse_code(f"writes the global `{name}`", code, instruction)
            elif op in ("STORE_DEREF", "DELETE_DEREF") and name in code.co_freevars:
                self.refuse_code(f"writes the nonlocal `{name}`", code, instruction)
            elif op in ("STORE_ATTR", "DELETE_ATTR") and name not in TENSORS_OWN and before != "ctx":
                self.refuse_code(f"sets the attribute `{name}`", code, instruction)
            elif op in ("LOAD_ATTR", "LOAD_METHOD") and name in SETTINGS:
                self.refuse_code(f"reads `{name}`", code, instruction)
            elif op in ("LOAD_GLOBAL", "LOAD_NAME") and name in names:
                read.add(name)
            before = instruction.argval[-1] if type(instruction.argval) is tuple else instruction.argval
        if read:
            self.read_globals(sorted(read), names, code)

    def read_globals(self, read: list[str], names: dict[str, Any], code: CodeType) -> None:
        """Globals that a piece of code reads."""
        self.add("", partial(itemgetter(*read, read[0]), names), [*read, read[0]])
        for name in read:
            value = names[name]
            if isinstance(value, ModuleType):
                self.read_from_module(value, code)
            else:
                self.reach(value, name)

    def read_from_module(self, module: ModuleType, code: CodeType) -> None:
        """What a piece of code may read from a module of the user's."""
        if is_users(getattr(module, "__file__", None) or "<frozen"):
            read = [name for name in code.co_names if name in vars(module)]
            if read and not (module.__file__ or "").startswith(INSTALLED):
                self.read_globals(read, vars(module), code)

    def refuse_code(self, reason: str, code: CodeType, instruction: dis.Instruction) -> None:
        """Refuse an instruction of the user's."""
        self.tape.refuse(reason, (code, instruction.offset))

    # The profiler's hook ------------------------------------------------------------------------------------

    def profile(self, frame: FrameType, event: str, argument: Any) -> None:
        """Python's profiler tells of every call and return."""
        file = frame.f_code.co_filename
        if self.tape.refused is not None or file.startswith(tapes.COMPILED):
            return
        if file == "<string>":  # what dataclasses and the like have Python compile
            file = frame.f_globals.get("__file__") or file
        if event == "call" and is_users(file):
            if frame.f_code not in self.codes and frame.f_code not in self.inner:
                for name in frame.f_code.co_freevars:  # of a function that was made before the step, such as a hook
                    self.reach(frame.f_locals.get(name), name)
            self.read_code(frame.f_code, frame.f_globals)
        elif event == "call":
            self.look_at_names(frame.f_back)
            self.refuse_calls(frame, file)
        elif event == "return":
            self.look_at_names(frame)
            self.look_at_layer(frame, argument)
            self.tape.look_at_names(frame)
        elif event == "c_call" and is_users(file):
            self.refuse_effects(argument, frame)

    def refuse_calls(self, frame: FrameType, file: str) -> None:
        """A call of minigrad's, or of Python's library, whose effect no tape sees."""
        name = frame.f_code.co_name
        last = Path(file).name
        reason = FILES.get(last) or REFUSED_CALLS.get((last, name))
        if "lr_scheduler" in file:
            reason = "calls a scheduler"
        if reason and file.startswith(str(PACKAGE)):
            self.tape.refuse(reason)
        module = frame.f_globals.get("__name__", "").partition(".")[0]
        if module in OUTSIDE and (caller := caller_of_library(frame)) is not None:
            self.tape.refuse(f"calls {module}'s {name}()", tapes.place_of(caller))
        if name == "step_with_hooks":
            self.tape.refuse(f"{type(frame.f_locals.get('self')).__name__}, whose step() is its own")

    def refuse_effects(self, function: BuiltinFunctionType, frame: FrameType) -> None:
        """A call of a function of Python's that does something outside, or gives another result each time."""
        module, name = getattr(function, "__module__", None), getattr(function, "__name__", "")
        if (effect := EFFECTS.get(function)) is not None:  # type: ignore[call-overload]
            self.tape.refuse(f"{effect}: {name}()", tapes.place_of(frame))
        elif module in ("time", "_random", "posix") or is_clock(getattr(function, "__self__", None)):
            self.tape.refuse(f"calls {module or 'random'}.{name}()", tapes.place_of(frame))

    def look_at_names(self, frame: FrameType | None) -> None:
        """The user's names for tensors."""
        if frame is None or not is_users(frame.f_code.co_filename):
            return
        for name, value in frame.f_locals.items():
            if isinstance(value, TensorBase) and isinstance(value.__dict__.get("array"), np.ndarray):
                self.names.setdefault(view_key(plain(value.__dict__["array"])), name)

    def look_at_layer(self, frame: FrameType, output: Any) -> None:
        """A layer's output is named after the layer."""
        is_layer = frame.f_code is Module.__call__.__code__ and isinstance(output, TensorBase)
        if is_layer and isinstance(output.__dict__["array"], np.ndarray):
            _, path, _ = self.modules.get(id(frame.f_locals["self"]), ("", "", None))
            if path:
                words = [word for word in path.split(".") if not word.isdigit()]
                words = words or [type(frame.f_locals["self"]).__name__.lower()]
                name = "_".join([*words, *(word for word in path.split(".") if word.isdigit())])
                self.layers.setdefault(view_key(plain(output.__dict__["array"])), name)

    # At the end ---------------------------------------------------------------------------------------------

    def changed(self) -> str:
        """What the step itself has changed of what it reads, and of the random numbers of others."""
        for now, before in zip(random_states().items(), self.random_before.items()):
            if now != before:
                return f"draws from {now[0]}'s random numbers"
        what = next(filter(None, (source.changed() for source in self.sources)), "")
        return f"changes `{what.strip('.')}`" if what else ""


class Guard:
    """Whether what a program reads in Python is as it was."""

    def __init__(self, sources: list[Source], tensors: list[TensorBase]) -> None:
        nodes = [t.node for t in tensors if t.node is not None]
        self.sources = [
            *sources,
            Source("the memory of a tensor", partial(map, attrgetter("array"), tensors)),
            Source("requires_grad of a tensor", partial(map, attrgetter("node"), tensors)),
            Source("the hooks of a tensor", partial(map, attrgetter("hooks"), nodes)),
            Source("the hooks of a tensor", partial(map, attrgetter("hooks_after"), nodes)),
            *(Source("the hooks of a tensor", hooks.values) for hooks in hooks_of(nodes)),
        ]
        self.remember()

    def remember(self) -> None:
        """What has to be there, as one list."""
        self.fetches = [source.fetch for source in self.sources]
        self.seen = [*chain.from_iterable(source.seen for source in self.sources), END]

    def holds(self) -> bool:
        """Whether all is as it was: quickly, where it is the very same."""
        try:
            if all(map(is_, chain(chain.from_iterable(map(call, self.fetches)), (END,)), self.seen)):
                return True
        except (KeyError, ValueError):
            return False
        if self.changed():
            return False
        for source in self.sources:
            source.seen = [*source.fetch()]
        self.remember()
        return True

    def changed(self) -> str:
        """What is no longer as it was, by name."""
        return next(filter(None, (source.changed() for source in self.sources)), "")


def caller_of_library(frame: FrameType) -> FrameType | None:
    """The frame of the user's from which Python's library was called; None where minigrad or NumPy called it."""
    caller = frame.f_back
    while caller is not None and caller.f_code.co_filename.startswith((*LIBRARY, "<frozen")):
        if is_users(caller.f_code.co_filename):
            return caller
        caller = caller.f_back
    return caller if caller is not None and is_users(caller.f_code.co_filename) else None


def is_clock(owner: Any) -> bool:
    """Whether a function of it gives another result each time."""
    return type(owner) is random.Random or getattr(owner, "__module__", "") == "datetime"


def random_states() -> dict[str, Any]:
    """Where the random numbers of Python and NumPy go on."""
    numpys: Any = np.random.get_state()
    return {"Python": random.getstate(), "NumPy": (numpys[1].tobytes(), numpys[2:])}


def hooks_of(nodes: list[Node]) -> Iterator[Any]:
    """The hooks of tensors that have some."""
    return filter(None, chain.from_iterable((node.hooks, node.hooks_after) for node in nodes))


def values_of_class(kind: type) -> list[Any]:
    """The attributes of a class, without what Python keeps there."""
    return [value for name, value in vars(kind).items() if not name.startswith("__")]


def is_users_class(kind: type) -> bool:
    """Whether a class is the user's."""
    module = sys.modules.get(kind.__module__)
    return module is not None and (
        kind.__module__ == "__main__" or is_users(getattr(module, "__file__", None) or "<frozen")
    )


def is_filled(cell: Any) -> bool:
    """Whether a free variable has a value."""
    try:
        return cell.cell_contents is not END
    except ValueError:
        return False

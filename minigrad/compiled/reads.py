"""What a step reads and writes in Python, outside of tensors: seen while it is recorded, by Python's own profiler hook.

What it reads has to be as it was when a program is run: every object that the step can reach is known by what it refers
to, which Python's garbage collector tells of any object.  What it writes no program repeats, so it is refused.
"""

from __future__ import annotations

import dis
import gc
import random
import sys
import sysconfig
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from functools import partial
from itertools import chain
from operator import attrgetter, call, is_
from pathlib import Path
from threading import local
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any
from weakref import ref

import numpy as np

from minigrad.compiled import tape as tapes
from minigrad.compiled.library import plain
from minigrad.compiled.memory import view_key
from minigrad.devices import device
from minigrad.dtypes import dtype
from minigrad.engine.graph import Node, TensorBase
from minigrad.engine.places import PACKAGE
from minigrad.nn.module import Module
from minigrad.optim.lr_scheduler import LRScheduler
from minigrad.optim.optimizer import Optimizer
from minigrad.random.generator import Generator

SIMPLE = (int, float, complex, str, bytes, bool, type(None))
"""Types of which an equal value is as good as the very same."""

RANDOM = (random.Random, np.random.Generator, np.random.RandomState)

UNREADABLE: tuple[tuple[Any, str], ...] = (
    (np.ndarray, "reads the NumPy array `{}`: make a tensor of it before"),
    (RANDOM, "draws from `{}`, random numbers that are not minigrad's"),
    (Iterator, "reads the iterator `{}`"),
    ((bytearray, memoryview, array), "reads the memory of `{}`"),
    ((ref, ContextVar, local), "reads `{}`, which may give another value at each call"),
)
"""Objects whose values no guard sees, and why a step that reads one is refused."""

WATCHED_ELSEWHERE = (Node, Optimizer, LRScheduler, Generator, device, dtype)
"""minigrad's own objects, which the tape sees, or which never change."""

MANY = 20_000
"""A step that can reach more objects than these is refused: to look at them all would take longer than it."""

LIBRARY = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib"))
INSTALLED = tuple(sysconfig.get_paths()[name] for name in ("purelib", "platlib"))

TENSORS_OWN = frozenset({"grad", "data"})
"""Attributes of tensors that a step may set: the tape sees it."""

EFFECTS = {
    print: "prints",
    input: "asks for input",
    open: "opens a file",
    next: "takes the next of an iterator",
    setattr: "sets an attribute",
    delattr: "deletes an attribute",
    globals: "reads all globals",
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

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_not_saved")
"""Attributes of every layer, of which `_has_hooks` tells whether there is anything in the first two."""

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
        return f"{self.label}{self.name_of(different[0])}"

    def name_of(self, i: int) -> str:
        """The name of a value, where there are names."""
        return str([*self.names][i]) if self.names is not None else ""


class Contents(Source):
    """An object that is read: all that it refers to.  label ends with a dot where its keys are names of attributes."""

    def __init__(self, label: str, thing: Any) -> None:
        self.thing = thing
        super().__init__(label, self.contents)

    def contents(self) -> Iterator[Any]:
        """Its keys, if it is a dict, and whatever it refers to."""
        return chain(keys_of(self.thing), gc.get_referents(self.thing))

    def name_of(self, i: int) -> str:
        """The name of an attribute: first come all names, then all values."""
        names = [*keys_of(self.thing)]
        return str(names[i % len(names)]) if self.label.endswith(".") and names else ""


def keys_of(thing: Any) -> Iterable[Any]:
    """The keys of a dict, whatever its class makes of iteration; nothing of anything else."""
    if not isinstance(thing, dict):
        return ()
    return OrderedDict.keys(thing) if isinstance(thing, OrderedDict) else dict.keys(thing)


def same(x: Any, y: Any) -> bool:
    """Whether two values that were read are the same to a step: 0.0 and -0.0 are not."""
    return x is y or (type(x) is type(y) and type(x) in SIMPLE and repr(x) == repr(y))


class Wrapped:
    """What stands for a function of the user's, and has a state of its own that no step reads."""

    function: Callable[..., Any]


class Reads:
    """What one recording reads.  The tape is told of what a program cannot repeat."""

    def __init__(self, tape: tapes.Tape) -> None:
        self.tape = tape
        self.sources: list[Source] = []
        self.known: dict[int, Any] = {}
        self.codes: set[CodeType] = set()
        self.reached: set[CodeType] = set()
        self.words: set[str] = set()
        self.spaces: list[ModuleType] = []
        self.names: dict[Any, str] = {}
        self.modules: dict[int, tuple[str, str, Module]] = {}
        self.layers: dict[Any, str] = {}
        self.random_before = random_states()

    # What is reached ----------------------------------------------------------------------------------------

    def reach(self, value: Any, label: str) -> None:
        """Follow a value that the step can read to all that it can read by it."""
        if type(value) in SIMPLE or id(value) in self.known or isinstance(value, WATCHED_ELSEWHERE):
            return
        self.known[id(value)] = value
        if reason := unreadable(value, len(self.known)):
            self.tape.refuse(reason.format(label))
        elif isinstance(value, TensorBase):
            self.reach_tensor(value, label)
        elif isinstance(value, Wrapped):
            self.reach(value.function, label)
        elif isinstance(value, ModuleType):
            self.spaces.append(value)
        elif isinstance(value, type):
            self.reach_class(value, label)
        elif isinstance(value, FunctionType):
            self.reach_function(value)
        else:
            if isinstance(value, Module):
                self.reach_module(value, label)
            self.reach_object(value, label)

    def reach_object(self, value: Any, label: str) -> None:
        """Anything else: what it refers to, and its attributes."""
        attributes = namespace(value)
        self.sources.append(Contents(label, value))
        if attributes is not None:
            self.known[id(attributes)] = attributes
            self.sources.append(Contents(f"{label}.", attributes))
        for name, part in parts_of(value, label, attributes or {}):
            self.reach(part, name)

    def reach_tensor(self, tensor: TensorBase, label: str) -> None:
        """A tensor, which the tape sees: here only attributes that a user has given it."""
        own = [name for name in vars(tensor) if name != "array" and not hasattr(type(tensor), name)]
        if own:
            self.sources.append(Source(f"{label}.", partial(map, vars(tensor).get, own), own))
        for name in own:
            self.reach(vars(tensor)[name], f"{label}.{name}")

    def reach_module(self, module: Module, label: str) -> None:
        """The paths of a layer's parts, by which they are named; and the class of one of minigrad's layers."""
        for path, part in module.named_modules():
            if not self.modules.get(id(part), ("", "", None))[1]:
                self.modules[id(part)] = label, path, part
        if not is_users_class(type(module)):
            self.sources.append(Contents(type(module).__name__, attributes_of(type(module))))

    def reach_function(self, function: FunctionType) -> None:
        """A function of the user's: its free variables and its defaults."""
        if not is_users(function.__code__.co_filename):
            return
        self.reached.add(function.__code__)
        _ = function.__dict__  # which is made when it is asked for
        self.sources.append(Contents(function.__name__, function))
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
            self.sources.append(Contents(name, cell))
            for value in gc.get_referents(cell):
                self.reach(value, name)
        for part in (function.__defaults__, function.__kwdefaults__, function.__dict__):
            self.reach(part, f"the defaults of {function.__name__}")

    def reach_class(self, kind: type, label: str) -> None:
        """A class of the user's, with those that it comes from: what its objects have, too."""
        for each in (*kind.__mro__, type(kind)):
            if is_users_class(each):
                self.known[id(each)] = each
                attributes = attributes_of(each)
                self.sources.append(Contents(f"{label}.", attributes))
                for name, value in list(attributes.items()):
                    if not name.startswith("__") or isinstance(value, FunctionType):
                        self.reach(value, f"{label}.{name}")

    # What the code says -------------------------------------------------------------------------------------

    def read_code(self, code: CodeType, names: dict[str, Any]) -> None:
        """A piece of the user's code that is about to run: what it writes, and which globals it reads."""
        if code in self.codes:
            return
        self.codes.add(code)
        self.reached.update(const for const in code.co_consts if isinstance(const, CodeType))
        self.words.update(code.co_names, (const for const in code.co_consts if isinstance(const, str)))
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
            elif op in ("LOAD_GLOBAL", "LOAD_NAME"):
                read.add(name)
            elif op == "IMPORT_NAME" and name in sys.modules:
                self.reach(sys.modules[name], name)
            before = instruction.argval[-1] if type(instruction.argval) is tuple else instruction.argval
        self.read_names(sorted(read), names)

    def read_names(self, read: list[str], names: dict[str, Any]) -> None:
        """Globals that are read, and what is reached by them."""
        if read:
            self.sources.append(Source("", partial(map, names.get, read), read))
        for name in read:
            self.reach(names.get(name), name)

    def read_modules(self) -> None:
        """What the code may have read from modules: all attributes of them whose names are in it."""
        for module in self.spaces:  # which grow meanwhile
            found = vars(module)
            read = sorted(self.words.intersection(found))
            if is_own(module):
                self.read_names(read, found)
            elif read:
                self.sources.append(Source(f"{module.__name__}.", partial(map, found.get, read), read))
                for name in read:
                    if isinstance(found[name], ModuleType):
                        self.reach(found[name], name)

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
            if frame.f_code not in self.reached:  # a function that was made before the step, such as a tensor's hook
                for function in gc.get_referrers(frame.f_code):
                    self.reach(function if isinstance(function, FunctionType) else None, frame.f_code.co_name)
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
        self.read_modules()
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
            *(Contents("the hooks of a tensor", x) for node in nodes for x in (node.hooks, node.hooks_after) if x),
        ]
        self.remember()

    def remember(self) -> None:
        """What has to be there, as one list: of all objects at once, and of each other place."""
        things = [source.thing for source in self.sources if isinstance(source, Contents)]
        others = [source.fetch for source in self.sources if not isinstance(source, Contents)]
        keys = [*filter(None, map(keys_of, things))]
        self.fetches: list[Any] = [partial(chain.from_iterable, keys), partial(gc.get_referents, *things), *others]
        self.seen = [*self.found()]

    def found(self) -> Iterator[Any]:
        """What is there now."""
        return chain(chain.from_iterable(map(call, self.fetches)), (END,))

    def holds(self) -> bool:
        """Whether all is as it was: quickly, where it is the very same."""
        try:
            if all(map(is_, self.found(), self.seen)):
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


def unreadable(value: Any, number: int) -> str:
    """Why no guard can see what an object is, the number-th of all; empty if one can."""
    if number > MANY:
        return f"can reach more than {MANY} objects, the last of them by `{{}}`"
    return next((reason for kinds, reason in UNREADABLE if isinstance(value, kinds)), "")


def parts_of(value: Any, label: str, attributes: dict[str, Any]) -> list[tuple[str, Any]]:
    """What an object refers to, each with a label; its attributes are told of first, as they have names."""
    parts: list[tuple[str, Any]] = []
    if isinstance(value, Module):
        parts += [(f"{label}.{name}", part) for name, part in value._modules.items()]
    if isinstance(value, dict):
        parts += [(f"{label}[{key!r}]", part) for key, part in dict.items(value)]
    elif isinstance(value, (list, tuple)):
        parts += [(f"{label}[{i}]", part) for i, part in enumerate(gc.get_referents(value))]
    for name, part in attributes.items():
        if not (isinstance(value, Module) and name in HOOKS and not value._has_hooks):
            parts.append((f"{label}.{name}", part))
    return parts + [(label, part) for part in (*keys_of(value), *gc.get_referents(value))]


def namespace(value: Any) -> dict[str, Any] | None:
    """The attributes of an object, if it can have any: asked of Python itself, as its class may say something else."""
    try:
        return object.__getattribute__(value, "__dict__")  # type: ignore[no-any-return]
    except AttributeError:
        return None


def attributes_of(kind: type) -> dict[str, Any]:
    """The dict behind the attributes of a class."""
    (attributes,) = gc.get_referents(vars(kind))
    return attributes  # type: ignore[no-any-return]


def is_own(module: ModuleType) -> bool:
    """Whether a module is the user's, and none that is installed."""
    file = getattr(module, "__file__", None) or "<frozen"
    return is_users(file) and not file.startswith(INSTALLED)


def is_users_class(kind: type) -> bool:
    """Whether a class is the user's."""
    module = sys.modules.get(kind.__module__)
    return module is not None and (
        kind.__module__ == "__main__" or is_users(getattr(module, "__file__", None) or "<frozen")
    )

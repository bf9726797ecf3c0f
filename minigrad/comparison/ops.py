"""The first op in which two engines differ: what every op of a script gave, written down by each, and compared.

On minigrad Python's profiling hook sees the ops' functions return; on PyTorch a mode sees every function of tensors.
An op is found again by the expression of the user's that led to it, its name and its shape.
"""

from __future__ import annotations

import pickle
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from difflib import SequenceMatcher
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from minigrad.comparison.recorder import array_of
from minigrad.engine.backward import backward
from minigrad.watch.arrays import Seen, one_line
from minigrad.watch.difference import differs, relative
from minigrad.watch.names import users_frames
from minigrad.watch.profile import kind_of
from minigrad.watch.source import Position, position, short_path

BYTES = 10**9
"""So much of the values is written down; what comes after it is not compared."""
NAMES = {
    "view": "reshape",
    "radd": "add",
    "rmul": "mul",
    "truediv": "div",
    "rtruediv": "rdiv",
    "kaiming_uniform": "uniform",
    "kaiming_normal": "normal",
}
"""What one of the engines calls an op, and what both may call it."""
SMALL = 0.01
"""Numbers below it may be what rounding left of larger ones, so a difference is taken relative to this."""
LEFT_OUT = {"to", "to_device", "cast", "cpu", "cuda", "float", "double", "clone", "detach", "constructor", "as_tensor"}
LEFT_OUT |= {"empty", "empty_like", "empty_strided", "new_empty"}
"""What computes nothing: it moves a tensor, or gives what happens to be in memory."""


class Call(NamedTuple):
    """An op that was called: its name, the expression of the user's that led to it, and what it gave."""

    name: str
    place: Position
    value: Any
    scale: float
    """The largest number among the operands: a small difference of large ones may be all rounding."""


class Log:
    """The file `ops` of a folder, with a `Call` for each tensor that an op gave."""

    def __init__(self, folder: Path) -> None:
        self.file = (folder / "ops").open("wb")
        self.left = BYTES

    def note(self, name: str, result: Any, scale: float, caller: FrameType | None) -> None:
        """An op of this name gave a result."""
        frame = next(users_frames(caller), None)
        name = name.strip("_")
        if frame is None or self.left < 0 or name in LEFT_OUT:
            return
        place = frame.f_code, frame.f_lasti
        for each in result if isinstance(result, (list, tuple)) else [result]:
            if hasattr(each, "detach"):
                value = array_of(each)
                if value.dtype.kind != "f":
                    continue
                self.left -= value.nbytes
                pickle.dump(Call(NAMES.get(name, name), position(place), value.copy(), scale), self.file)


def largest_of(operands: Iterable[Any]) -> float:
    """The largest finite number in those operands that are tensors of floats."""
    arrays = [array_of(x) for x in operands if hasattr(x, "detach")]
    finite = [np.abs(a[np.isfinite(a)]).max(initial=0) for a in arrays if a.dtype.kind == "f"]
    return float(max(finite, default=0.0))


class OnMinigrad:
    """Within it, the ops of this thread are noted; those that others call count as theirs, and passes are left out."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.inside: FrameType | None = None
        self.scale = 0.0

    def __enter__(self) -> None:
        sys.setprofile(self.event)

    def __exit__(self, *_error: object) -> None:
        sys.setprofile(None)
        self.log.file.close()

    def event(self, frame: FrameType, event: str, result: Any) -> None:
        """A function is called, or returns."""
        if self.inside is None:
            if event == "call" and (kind_of(frame.f_code) or frame.f_code is backward.__code__):
                self.inside, self.scale = frame, largest_of(frame.f_locals.values())
        elif frame is self.inside and event == "return":
            if kind_of(frame.f_code) == "op":
                self.log.note(frame.f_code.co_name, result, self.scale, frame.f_back)
            self.inside = None


def on_torch(log: Log) -> AbstractContextManager[Any]:
    """As `OnMinigrad`, for PyTorch; what its optimizers call is left out."""
    from torch.overrides import TorchFunctionMode

    class Mode(TorchFunctionMode):
        def __torch_function__(self, function: Any, _types: Any, args: Any = (), options: Any = None) -> Any:
            scale = largest_of([*args, *(options or {}).values()])
            result = function(*args, **(options or {}))
            caller = sys._getframe(1)
            if not within_an_optimizer(caller):
                log.note(getattr(function, "__name__", ""), result, scale, caller)
            return result

        def __exit__(self, *error: Any) -> None:
            super().__exit__(*error)  # type: ignore[no-untyped-call]
            log.file.close()

    return Mode()


def within_an_optimizer(frame: FrameType | None) -> bool:
    """Whether a function was called by one of PyTorch's optimizers."""
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("torch.optim"):
            return True
        frame = frame.f_back
    return False


def logged(folder: Path) -> list[Call]:
    """What was written down."""
    with (folder / "ops").open("rb") as file:
        calls = []
        while file.peek(1):
            calls.append(pickle.load(file))
        return calls


def first_difference(mine: list[Call], theirs: list[Call], tolerance: float) -> tuple[bool, str]:
    """Whether any op differs by more than a share of its largest value; which one is the first, and both its values."""
    largest = 0.0
    pairs = list(matched(mine, theirs))
    for number, (one, other) in enumerate(pairs, start=1):
        a, b = Seen(one.value), Seen(other.value)
        difference = relative(a, b) * shrunk(b, other.scale)
        if not difference <= tolerance:
            which = f"{one.name} (number {number} of {len(pairs)})"
            what = f"The first op that differs is {which}\n  at {described(one)}\n  It"
            text = differs(what, difference, a, b).replace(" here and ", " in minigrad and ")
            text = text.replace(" there", " in PyTorch")
            return True, f"{text}\n  minigrad: {one_line(a)}\n  PyTorch:  {one_line(b)}"
        largest = max(largest, difference)
    alone = len(mine) - len(pairs), len(theirs) - len(pairs)
    return False, (
        f"No op differs by more than {tolerance:g}: {len(pairs)} were compared, the largest difference is "
        f"{largest:.1e}.\nWithout a partner of the same name and shape are {alone[0]} of minigrad's and {alone[1]} of "
        "PyTorch's."
    )


def shrunk(value: Seen, scale: float) -> float:
    """By how much a difference that is relative to a value is smaller relative to the operands, if these are larger."""
    most = float(np.abs(value.host[np.isfinite(value.host)]).max(initial=0))
    return min(1.0, most / max(scale, SMALL)) if most else 1.0


def described(call: Call) -> str:
    """The line of a call and the expression in it."""
    where = call.place
    return f"{short_path(where.file)}:{where.line}: {where.expression}"


def matched(mine: list[Call], theirs: list[Call]) -> Iterator[tuple[Call, Call]]:
    """The calls of one name, with results of one shape, that the same expression led to; in minigrad's order."""
    numbers, others = by_place(mine), by_place(theirs)
    partners: dict[int, int] = {}
    for place, indices in numbers.items():
        against = others.get(place, [])
        names = [kind(mine[i]) for i in indices], [kind(theirs[i]) for i in against]
        for start, other_start, size in SequenceMatcher(None, *names, autojunk=False).get_matching_blocks():
            partners.update(zip(indices[start : start + size], against[other_start : other_start + size]))
    return ((mine[i], theirs[partners[i]]) for i in sorted(partners))


def kind(call: Call) -> tuple[str, tuple[int, ...]]:
    """What two calls of one op have in common."""
    return call.name, call.value.shape


def by_place(calls: list[Call]) -> dict[Position, list[int]]:
    """The indices of the calls that each expression led to."""
    places: dict[Position, list[int]] = defaultdict(list)
    for i, call in enumerate(calls):
        places[call.place].append(i)
    return places

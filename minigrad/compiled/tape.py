"""The tape: the calls of one step, in the order in which they were made, and the memory that they read and write."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from minigrad.compiled.library import INTO, NAMES, Current, Recorded, here, plain, recorded, words
from minigrad.compiled.numbers import Number
from minigrad.engine import backward as engine
from minigrad.engine import graph
from minigrad.engine.graph import Node, TensorBase
from minigrad.engine.ownership import add_to_grads
from minigrad.engine.places import OWN_FILES, Place
from minigrad.random.generator import Generator

FORWARD, BACKWARD, OPTIMIZER = "forward", "backward", "optimizer"

NUMPY = str(Path(np.__file__).parent)

DRAWS = words(
    "uniform normal exponential cauchy log_normal gamma geometric poisson binomial integers all_integers "
    "permutation bernoulli dropout_mask multinomial"
)
"""The methods of a Generator that a program calls again."""

RESEEDS = words("manual_seed seed get_state set_state clone_state drawn_seed")
"""Those that no program repeats."""


class Line:
    """One call.  parts: its text, with arrays and other values in the place of names.  place: the user's.

    number: the name of the number that it computes, if any: without a use of it the line is left out.
    """

    def __init__(self, parts: tuple[Any, ...], place: Place | None, part: str, number: str = "") -> None:
        self.parts, self.place, self.part, self.number = parts, place, part, number

    def arrays(self) -> list[Any]:
        """The arrays that it reads and writes."""
        return [part for part in self.parts if isinstance(part, np.ndarray)]


class Text(str):
    """An argument as its text."""


class Memory:
    """A piece of memory: owner is the array that has it, and begins what a new array holds at its birth, if known."""

    writes = 0
    """How many lines write into it, but for the one that made it."""

    def __init__(self, owner: Any, kind: str, at: int, begins: Any = None) -> None:
        self.owner, self.kind, self.at, self.begins = owner, kind, at, begins


def root(x: Any) -> Any:
    """The array that has an array's memory; as_strided puts an object of its own in between."""
    owner = x
    while x.base is not None:
        x = x.base
        owner = x if isinstance(x, np.ndarray) else owner
        if not hasattr(x, "base"):
            break
    return owner


class Tape:
    """What is noted while a step runs.  refused: why no program can be made of it, and where that was seen."""

    def __init__(self) -> None:
        self.refused: tuple[str, Any] | None = None
        self.lines: list[Line] = []
        self.memory: dict[int, Memory] = {}
        self.outside: dict[int, tuple[Any, Any]] = {}
        self.inside: dict[int, TensorBase] = {}
        self.grads: dict[int, tuple[Any, bool, Any]] = {}
        self.visited: set[Node] = set()
        self.written: dict[int, Any] = {}
        self.undo: dict[int, Any] = {}
        self.generators: dict[int, Generator] = {}
        self.arguments: dict[int, list[tuple[TensorBase, Any]]] = {}
        self.checks = 0
        self.paused = False
        self.part = FORWARD
        self.values: list[tuple[Node, Any]] = []
        self.sent_to: list[tuple[Any, Node]] = []
        self.views: dict[Any, tuple[Any, ...]] = {}
        self.steps: list[Any] = []
        self.numbers: list[str] = []
        self.groups: list[dict[str, Any]] = []

    def refuse(self, reason: str, place: Place | None = None) -> None:
        """Give up: the rest of the step only computes."""
        if self.refused is None:
            self.refused = reason, place or place_of(user_frame(sys._getframe(1)))

    # Memory -------------------------------------------------------------------------------------------------

    def note(self, *parts: Any, number: str = "") -> None:
        """One more line."""
        if self.refused is None:
            self.lines.append(Line(parts, *self.whereabouts(sys._getframe(2)), number))

    def new(self, array: Any, is_scalar: bool = False) -> Any:
        """A recorded array whose memory belongs to the program; is_scalar: where NumPy gives a number, not an array."""
        if self.refused is not None:
            return array
        self.memory[id(root(array))] = Memory(root(array), "result", len(self.lines))
        made = recorded(array)
        made.is_scalar = is_scalar
        return made

    def power(self, x: Any, exponent: Any) -> Any:
        """x ** exponent for a number of NumPy's, which it computes in another way than arrays."""
        result = np.asarray(x[()] ** plain(exponent))
        self.note(result, "[...] = ", x, "[()] ** ", *written(self, exponent))
        return self.new(result, is_scalar=True)

    def born(self, array: Any) -> Any:
        """A new array with values: a constant, unless it is written to later."""
        if self.refused is not None:
            return array
        if id(root(array)) in self.memory:
            return recorded(array)
        self.memory[id(root(array))] = Memory(root(array), "constant", len(self.lines), root(array).copy())
        return recorded(array)

    def writes(self, array: Any) -> None:
        """A line changes the memory of an array."""
        owner = root(array)
        memory = self.memory.setdefault(id(owner), Memory(owner, "outside", len(self.lines)))
        memory.writes += 1
        if memory.kind == "outside":
            self.written[id(owner)] = owner
            for argument, array in self.arguments.get(id(owner), ()):
                argument.__dict__["array"] = array  # its copy has not changed: from now on it is itself
                self.refuse("changes a tensor that is an argument, too")

    # Calls --------------------------------------------------------------------------------------------------

    def elementwise(self, ufunc: Any, method: str, inputs: Any, kwargs: Any) -> Any:
        """A function of each element, or its sum over an axis and the like."""
        operands, options = plain(inputs), plain(kwargs)
        call = ufunc if method == "__call__" else getattr(ufunc, method)
        result = call(*operands, **options)
        name = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
        if method == "at":
            self.note(name, "(", *listed(self, inputs, {}), ")")
            return self.writes(operands[0])
        given = kwargs.pop("out", None)
        options = {k: v for k, v in kwargs.items() if not is_default(k, v)}
        return self.results(name, inputs, options, result, given)

    def results(self, name: str, inputs: Any, options: Any, result: Any, given: Any) -> Any:
        """Note a call that writes into its results; given: the arrays that it was told to, or None."""
        if self.refused is not None:
            return result
        is_scalar = isinstance(result, np.generic)
        arrays = [np.asarray(x) for x in (result if type(result) is tuple else (result,))]
        out: Any = arrays[0] if len(arrays) == 1 else tuple(arrays)
        self.note(name, "(", *listed(self, inputs, {**options, "out": out}), ")")
        made = [self.taken(array, where, is_scalar) for array, where in zip(arrays, given or repeat(None))]
        return made[0] if len(arrays) == 1 else tuple(made)

    def taken(self, array: Any, given: Any, is_scalar: bool) -> Any:
        """A result, in an array that was given for it or in one of its own."""
        if given is None:
            return self.new(array, is_scalar)
        self.writes(array)
        return given if isinstance(given, Recorded) else recorded(array)

    def function(self, func: Any, args: Any, kwargs: Any) -> Any:
        """One of NumPy's functions."""
        operands, options = plain(args), plain(kwargs)
        result = func(*operands, **options)
        name = NAMES.get(func, "")
        if func in CREATING:
            return self.born(result)
        sized_by_values = (func is np.where and len(args) == 1) or (
            func is np.repeat and Recorded in map(type, args[1:])
        )
        if not name or sized_by_values:
            self.refuse(f"np.{func.__name__}")
        if self.refused is not None:
            return result
        if func in (np.copyto, np.put_along_axis):
            self.note(name, "(", *listed(self, args, kwargs), ")")
            return self.writes(operands[0])
        if kwargs.get("out") is not None:
            given = kwargs.pop("out")
            return self.results(name, args, kwargs, result, given if type(given) is tuple else (given,))
        return self.computed(func, name, args, kwargs, result)

    def computed(self, func: Any, name: Any, args: Any, kwargs: Any, result: Any) -> Any:
        """The result of a function: a view, a new array, or nothing that goes by values."""
        if isinstance(result, (tuple, list)) and any(isinstance(x, np.ndarray) for x in result):
            return [self.computed(None, None, args, kwargs, x) for x in result]
        if not isinstance(result, (np.ndarray, np.generic)):
            return result
        if id(root(np.asarray(result))) in self.roots_of(args):
            return self.view(result, *((name, "(", *listed(self, args, kwargs), ")") if name else ()))
        if name is None:
            self.refuse("a function of NumPy's that gives several new arrays")
            return result
        if func in INTO:
            return self.results(name, args, kwargs, result, None)
        array = np.asarray(result)
        self.note(array, "[...] = ", name, "(", *listed(self, args, kwargs), ")")
        return self.new(array)

    def roots_of(self, args: Any) -> set[int]:
        """The owners of the memory of arrays among arguments."""
        flat = [y for x in args for y in (x if type(x) in (tuple, list) else (x,))]
        return {id(root(x)) for x in plain(flat) if isinstance(x, np.ndarray)}

    def looking(self, x: Any, name: str) -> Any:
        """An attribute of an array that looks at its memory, or a method that does if it can."""
        found = getattr(x, name)
        if not callable(found):
            return self.seen(x, found, f".{name}")
        return lambda *args, **kwargs: self.looked(x, name, args, kwargs)

    def looked(self, x: Any, name: str, args: Any, kwargs: Any) -> Any:
        """What a method that looks at an array's memory gives."""
        result = getattr(x, name)(*plain(args), **kwargs)
        return self.seen(x, result, f".{name}(", *listed(self, args, kwargs), ")")

    def seen(self, x: Any, result: Any, *call: Any) -> Any:
        """A view of an array, or what became of one that could not be."""
        if self.refused is not None or root(result) is root(x):
            return self.view(result, x, *call)
        self.note(result, "[...] = ", x, *call)
        return self.new(result)

    def view(self, result: Any, *parts: Any) -> Any:
        """A view, and the text that gives it, which stands before the program."""
        same = any(isinstance(part, np.ndarray) and same_view(part, result) for part in parts)
        if self.refused is None and parts and not same:
            self.views.setdefault(view_key(result), (result, *parts))
        return recorded(result)

    def copied(self, x: Any, copy: Any) -> Any:
        """A copy of an array."""
        self.note(copy, "[...] = ", x)
        return self.new(copy)

    def item(self, x: Any, key: Any) -> Any:
        """x[key]."""
        index = plain(key)
        result = x[index]
        if self.refused is not None:
            return result
        if not isinstance(result, np.ndarray):
            key = (*parts_of(key), ...)  # an array, where NumPy would give a number
            result = x[plain(key)]
        if root(result) is root(x):
            return self.view(result, x, "[", *indexed(self, key), "]")
        if any(map(is_mask, parts_of(index))):
            self.refuse("x[mask], whose size goes by the values of the mask")
        self.note(result, "[...] = ", x, "[", *indexed(self, key), "]")
        return self.new(result)

    def put(self, x: Any, key: Any, value: Any) -> None:
        """x[key] = value."""
        x[plain(key)] = plain(value)
        self.note(x, "[", *indexed(self, key), "] = ", *written(self, value))
        self.writes(x)

    def condition(self, x: Any) -> bool:
        """A condition that Python looks at: a program whose values say otherwise is left, and nothing has changed."""
        value = bool(x)
        self.note("if ", "not " if value else "", x, ": raise Otherwise")
        self.checks += 1
        self.undo.update(self.written)
        return value

    def drawn(self, generator: Generator, name: str, method: Any, args: Any, kwargs: Any) -> Any:
        """Random numbers, which a program draws anew."""
        if self.paused or self.refused is not None:
            return method(generator, *args, **kwargs)
        with self.pause():
            result = method(generator, *plain(args), **plain(kwargs))
        self.generators[id(generator)] = generator
        dtypes = [Text(f"np.dtype(np.{x.name})") if isinstance(x, np.dtype) else x for x in (*args, *kwargs.values())]
        named = dict(zip(kwargs, dtypes[len(args) :]))
        self.note(result, "[...] = ", generator, f".{name}(", *listed(self, dtypes[: len(args)], named), ")")
        return self.new(result)

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Within it tensors hand out NumPy's arrays, and nothing is noted."""
        before, self.paused = self.paused, True
        try:
            yield
        finally:
            self.paused = before

    def number_name(self, name: str) -> str:
        """A name for a number that no other has."""
        self.numbers.append(name)
        again = self.numbers.count(name) - 1
        return f"{name}_{again}" if again else name

    def group_name(self, group: dict[str, Any]) -> str:
        """The name of an optimizer's parameter group."""
        self.groups.append(group)
        return "group" if len(self.groups) == 1 else f"group_{len(self.groups) - 1}"

    # Where the user is --------------------------------------------------------------------------------------

    def whereabouts(self, frame: FrameType | None) -> tuple[Place | None, str]:
        """The user's line that a call belongs to: of one in the backward pass, the line that recorded the op."""
        part = self.part
        while frame is not None and is_library(frame.f_code.co_filename):
            if frame.f_code is engine.backward.__code__:
                node = frame.f_locals.get("node")
                return (node.place if node is not None and node.rules else None), BACKWARD
            if frame.f_code in (engine.start.__code__, add_to_grads.__code__):
                part = BACKWARD
            frame = frame.f_back
        return place_of(frame), part

    # Tensors ------------------------------------------------------------------------------------------------

    def touch(self, tensor: TensorBase, array: Any) -> Any:
        """The array of a tensor that was there before the step, when the step first looks at it."""
        owner = root(array)
        self.memory.setdefault(id(owner), Memory(owner, "outside", len(self.lines)))
        self.outside[id(tensor)] = tensor, array
        tensor.__dict__["array"] = recorded(array)
        return tensor.__dict__["array"]

    def begin(self, tensor: TensorBase, array: Any) -> None:
        """A new tensor's array."""
        self.inside[id(tensor)] = tensor
        tensor.__dict__["array"] = self.of_tensor(array)

    def of_tensor(self, array: Any) -> Any:
        """An array for a tensor: recorded, and none of NumPy's numbers."""
        array = self.born(array) if type(array) is np.ndarray else array
        if isinstance(array, Recorded):
            array.is_scalar = False
        return array

    def replace(self, tensor: TensorBase, array: Any) -> None:
        """Another array for a tensor."""
        before = tensor.__dict__["array"]
        if id(tensor) in self.outside and not same_view(plain(before), plain(array)):
            self.refuse("a tensor from outside gets other memory")
        elif id(tensor) in self.outside:
            return
        tensor.__dict__["array"] = self.of_tensor(array)

    def restore(self) -> None:
        """Give all tensors NumPy's arrays."""
        for tensor in (*(tensor for tensor, _ in self.outside.values()), *self.inside.values()):
            tensor.__dict__["array"] = plain(tensor.__dict__["array"])

    def grad_seen(self, tensor: TensorBase, is_read: bool) -> None:
        """A tensor's `.grad` is read, or set, for the first time."""
        if self.refused is None and id(tensor) not in self.inside:
            self.grads.setdefault(id(tensor), (tensor, is_read, tensor.__dict__.get("_grad")))

    def sent(self, node: Node, edge: Node, _rule: Any, arguments: Any, contribution: Any, _gradients: Any) -> None:
        """The engine tells of a gradient that a rule returned."""
        self.visited.add(node)
        if isinstance(arguments[0], Recorded):
            self.sent_to.append((arguments[0].plain, node))
        if isinstance(contribution, Recorded):
            self.sent_to.append((contribution.plain, edge))


def user_frame(frame: FrameType | None) -> FrameType | None:
    """The nearest frame of the user's."""
    while frame is not None and is_library(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def place_of(frame: FrameType | None) -> Place | None:
    """Where a frame is now."""
    return None if frame is None else (frame.f_code, frame.f_lasti)


def is_library(file: str) -> bool:
    """Whether a file is minigrad's or NumPy's."""
    return file in OWN_FILES or file.startswith((NUMPY, "<__array"))


def same_view(x: Any, y: Any) -> bool:
    """Whether two arrays look at the same memory in the same way."""
    return view_key(x) == view_key(y)


def view_key(x: Any) -> tuple[Any, ...]:
    """What tells views apart: a program has one name for those that are alike."""
    return id(root(x)), x.__array_interface__["data"][0], x.shape, x.strides, x.dtype.str


def is_default(name: str, value: Any) -> bool:
    """Whether NumPy passes on an option that nobody gave."""
    return value is np._NoValue or (name, value) in [("where", True), ("keepdims", False), ("dtype", None)]


CREATING = frozenset((np.empty_like, np.zeros_like, np.ones_like, np.full_like))


# Arguments as text --------------------------------------------------------------------------------------------


def listed(tape: Tape, args: Any, kwargs: dict[str, Any]) -> list[Any]:
    """Arguments with commas between them."""
    parts: list[Any] = []
    for name, value in [*((None, value) for value in args), *kwargs.items()]:
        parts += [", "] * bool(parts) + [f"{name}="] * (name is not None) + written(tape, value)
    return parts


def written(tape: Tape, x: Any) -> list[Any]:
    """An argument: arrays and generators stand for themselves."""
    if isinstance(x, (np.ndarray, Generator)):
        return [plain(x)]
    if isinstance(x, (Number, Text)):
        return [x.text if isinstance(x, Number) else str(x)]
    if type(x) in (tuple, list):
        begin, end = ("[", "]") if type(x) is list else ("(", ",)" if len(x) == 1 else ")")
        return [begin, *listed(tape, x, {}), end]
    if isinstance(x, slice):
        return ["slice(", *listed(tape, (x.start, x.stop, x.step), {}), ")"]
    if isinstance(x, np.dtype):
        return [f"np.{x.name}" if x.name != "bool" else "bool"]
    if isinstance(x, type) and (issubclass(x, np.generic) or x in (bool, int, float)):
        return [x.__name__ if x.__module__ == "builtins" else f"np.{x.__name__}"]
    if isinstance(x, (float, np.floating)) and x - x != 0:
        return [f"{'float' if type(x) is float else f'np.{type(x).__name__}'}({str(x)!r})"]
    if x is None or x is Ellipsis or isinstance(x, (bool, int, float, str, np.generic)):
        return ["..." if x is Ellipsis else repr(x)]
    tape.refuse(f"a value of type {type(x).__name__} among NumPy's arguments")
    return ["None"]


def indexed(tape: Tape, key: Any) -> list[Any]:
    """An index, as it stands in brackets."""
    parts: list[Any] = []
    for x in parts_of(key):
        if isinstance(x, slice):
            ends = ["" if end is None else str(end) for end in (x.start, x.stop, x.step)]
            text = [":".join(ends[: 2 + (ends[2] not in ("", "1"))])]
        else:
            text = written(tape, x)
        parts += [", "] * bool(parts) + text
    return parts or ["()"]


def parts_of(key: Any) -> tuple[Any, ...]:
    """The parts of an index."""
    return key if type(key) is tuple else (key,)


def is_mask(part: Any) -> bool:
    """Whether a part of an index takes as many elements as there are True in it."""
    return type(part) is list or getattr(getattr(part, "dtype", None), "kind", "") == "b"


# Which tape ---------------------------------------------------------------------------------------------------


NONE = Tape()
NONE.refused = "nothing is recorded", None
Current.tape = NONE
one_at_a_time = threading.RLock()


def array_of_tensor(tensor: TensorBase) -> Any:
    """A tensor's array while some thread records."""
    try:
        array = tensor.__dict__["array"]
    except KeyError:
        raise AttributeError("array") from None
    tape = here.tape
    if tape.refused is not None or tape.paused:
        return plain(array)
    if type(array) is np.ndarray:
        return tape.touch(tensor, array)
    if not isinstance(array, Recorded):
        tape.refuse(f"a tensor whose array is of {type(array).__module__}")
    return array


def set_array_of_tensor(tensor: TensorBase, array: Any) -> None:
    """Give a tensor an array while some thread records."""
    if here.tape.refused is not None:
        tensor.__dict__["array"] = array
    elif "array" in tensor.__dict__:
        here.tape.replace(tensor, array)
    else:
        here.tape.begin(tensor, array)


def grad_of_tensor(tensor: TensorBase) -> Any:
    """A tensor's `.grad` while some thread records."""
    here.tape.grad_seen(tensor, True)
    return tensor.__dict__.get("_grad")


def set_grad_of_tensor(tensor: TensorBase, grad: Any) -> None:
    """Give a tensor a `.grad` while some thread records."""
    here.tape.grad_seen(tensor, False)
    tensor.__dict__["_grad"] = grad


def drawing(name: str, method: Any) -> Any:
    """A method of a Generator while some thread records."""
    return lambda generator, *args, **kwargs: here.tape.drawn(generator, name, method, args, kwargs)


def reseeding(name: str, method: Any) -> Any:
    """A method of a Generator that no program repeats."""

    def run(generator: Generator, *args: Any, **kwargs: Any) -> Any:
        here.tape.refuse(f"Generator.{name}")
        return method(generator, *args, **kwargs)

    return run


def noted_node(value: Any, *rest: Any) -> Node:
    """The node of an op, of whose value the tape hears."""
    node = Node(value, *rest)
    if here.tape.refused is None:
        here.tape.values.append((node, plain(value)))
    return node


@contextmanager
def recording(tape: Tape) -> Iterator[None]:
    """Within it this thread's tensors hand out recorded arrays.  Not called while somebody watches the engine."""
    from minigrad.compiled.optimizers import recorded_step
    from minigrad.optim.optimizer import Optimizer

    with one_at_a_time:
        step = Optimizer.step
        methods = {name: getattr(Generator, name) for name in DRAWS | RESEEDS}
        for name in methods:
            setattr(Generator, name, (drawing if name in DRAWS else reseeding)(name, methods[name]))
        TensorBase.array = property(array_of_tensor, set_array_of_tensor)
        TensorBase._grad = property(grad_of_tensor, set_grad_of_tensor)  # type: ignore[assignment]
        Optimizer.step = recorded_step(step)  # type: ignore[method-assign]
        graph.new_node, engine.observer = noted_node, tape
        here.tape = tape
        try:
            yield
        finally:
            here.tape = NONE
            del TensorBase.array
            TensorBase._grad = None
            graph.new_node, engine.observer = Node, None
            Optimizer.step = step  # type: ignore[method-assign]
            for name, method in methods.items():
                setattr(Generator, name, method)
            tape.restore()

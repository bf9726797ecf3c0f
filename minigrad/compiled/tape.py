"""The tape: the calls of one step, in the order in which they were made, and the memory that they read and write."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, repeat
from pathlib import Path
from string import ascii_lowercase
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from minigrad.compiled.library import INTO, NAMES, Recorded, plain, recorded, words
from minigrad.compiled.memory import Memory, View, by_memory, owned, root, roots_of, same_view, view_key
from minigrad.compiled.texts import indexed, is_default, is_mask, listed, parts_of, written
from minigrad.engine import backward as engine
from minigrad.engine.graph import Node, TensorBase, rule_name
from minigrad.engine.ownership import add_to_grads
from minigrad.engine.places import OWN_FILES, PACKAGE, Place
from minigrad.nn.module import Module
from minigrad.random.generator import Generator

FORWARD, BACKWARD, OPTIMIZER = "forward", "backward", "optimizer"

NUMPY = str(Path(np.__file__).parent)
COMPILED = str(Path(__file__).parent)
FORMULAS = tuple(str(PACKAGE / part) for part in ("ops", "optim", "nn/utils"))
"""Where ops, optimizers and the like are."""
NAMING = tuple(str(PACKAGE / part) for part in ("ops", "nn", "kernels", "arrays.py", "formats.py"))
"""Where names tell what an array is."""
VAGUE = {*words("value out made result array tensor total self"), *ascii_lowercase}
"""Names that do not."""


class Where(NamedTuple):
    """What a call belongs to: a part of the step, a line of the user's, a layer, and an op or the rule of one."""

    part: str
    place: Place | None = None
    layer: Any = None
    op: str = ""


class Line:
    """One call.  parts: its text, with arrays and other values in the place of names.

    number: the name of the number that it computes, if any: without a use of it the line is left out.  born: the memory
    that it gives its first values, if it does: without later writes that is a constant, and the line is left out.
    at: how many lines there were before it.
    """

    def __init__(self, parts: Any, where: Where, at: float, number: str = "", born: Memory | None = None) -> None:
        self.parts, self.where, self.at, self.number, self.born = parts, where, at, number, born


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
        self.nodes: dict[Node, tuple[Any, Any]] = {}
        self.sent_to: list[tuple[Any, Node]] = []
        self.views: dict[View, Line] = {}
        self.locals: dict[View, str] = {}
        self.steps: list[Any] = []
        self.numbers: dict[str, Any] = {}

    def refuse(self, reason: str, place: Place | None = None) -> None:
        """Give up: the rest of the step only computes."""
        if self.refused is None:
            self.refused = reason, place or place_of(user_frame(sys._getframe(1)))

    # Memory -------------------------------------------------------------------------------------------------

    def note(self, *parts: Any, number: str = "", born: Memory | None = None) -> None:
        """One more line."""
        if self.refused is None:
            self.lines.append(Line(parts, self.where(sys._getframe(1)), len(self.lines), number, born))

    def new(self, array: Any, is_scalar: bool = False) -> Any:
        """A recorded array whose memory belongs to the program; is_scalar: where NumPy gives a number, not an array."""
        if self.refused is not None:
            return array
        self.memory[id(root(array))] = Memory(root(array), "result")
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
        owner = root(array)
        if id(owner) not in self.memory:
            memory = self.memory[id(owner)] = Memory(owner, "constant")
            first = owner.reshape(-1)[:1].tolist()
            values = written(self, first[0]) if first and (owner == first[0]).all() else [owner.copy()]
            self.note(owner, "[...] = ", *values, born=memory)
        return recorded(array)

    def writes(self, array: Any) -> None:
        """A line changes the memory of an array."""
        owner = root(array)
        memory = self.memory.setdefault(id(owner), Memory(owner, "outside"))
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
        made = []
        for array, mine in zip(arrays, given if type(given) is tuple else repeat(given)):
            if mine is not None:
                self.writes(array)
            made.append(
                self.new(array, is_scalar) if mine is None else mine if isinstance(mine, Recorded) else recorded(array)
            )
        return made[0] if len(arrays) == 1 else tuple(made)

    def function(self, func: Any, args: Any, kwargs: Any) -> Any:
        """One of NumPy's functions."""
        result = func(*plain(args), **plain(kwargs))
        if func in CREATING:
            return self.born(result)
        is_sized_by_values = (func is np.where and len(args) == 1) or (
            func is np.repeat and Recorded in map(type, args[1:])
        )
        if func not in NAMES or is_sized_by_values:
            self.refuse(f"np.{func.__name__}")
        if self.refused is not None:
            return result
        given, name = kwargs.pop("out", None), NAMES[func]
        call = [name, "(", *listed(self, args, kwargs), ")"]
        if given is not None or func in INTO:
            return self.results(name, args, kwargs, result, given)
        if type(result) not in (tuple, list) or not any(isinstance(x, np.ndarray) for x in result):
            return self.made(result, *call)
        if not all(id(root(x)) in roots_of(call) for x in result):
            self.refuse("a function of NumPy's that gives several new arrays")
        return [self.made(x, *call, f"[{i}]") for i, x in enumerate(result)]

    def made(self, result: Any, *call: Any) -> Any:
        """What a call gives: nothing that goes by values, a view of what it was given, or a new array."""
        if self.refused is not None or not isinstance(result, (np.ndarray, np.generic)):
            return result
        array = owned(np.asarray(result), call)
        if id(root(array)) in roots_of(call):
            return self.view(array, *call)
        self.note(array, "[...] = ", *call)
        return self.new(array)

    def looking(self, x: Any, name: str) -> Any:
        """An attribute of an array that looks at its memory, or a method that does if it can."""
        found = getattr(x, name)
        if not callable(found):
            return self.made(found, x, f".{name}")

        def look(*args: Any, **kwargs: Any) -> Any:
            sizes = args[0] if len(args) == 1 and type(args[0]) is tuple and args[0] else args
            return self.made(found(*plain(args), **kwargs), x, f".{name}(", *listed(self, sizes, kwargs), ")")

        return look

    def view(self, result: Any, *call: Any) -> Any:
        """A view, and the text that gives it."""
        sources = [part for part in call if isinstance(part, np.ndarray)]
        if self.refused is None and not any(same_view(x, result) for x in sources):
            where, at = self.where(sys._getframe(1)), len(self.lines)
            for x in sources:
                self.views.setdefault(view_key(x), Line(by_memory(x), where, at))  # lest two be made of each other
            is_transposed = sources[0].ndim == 2 and same_view(sources[0].T, result)
            text = (sources[0], ".T") if is_transposed else call
            self.views.setdefault(view_key(result), Line(text, where, at))
        return recorded(result)

    def item(self, x: Any, key: Any) -> Any:
        """x[key]."""
        result = x[plain(key)]
        if self.refused is not None:
            return result
        if not isinstance(result, np.ndarray):
            key = (*parts_of(key), ...)  # an array, where NumPy would give a number
            result = x[plain(key)]
        if root(result) is not root(x) and any(map(is_mask, parts_of(plain(key)))):
            self.refuse("x[mask], whose size goes by the values of the mask")
        return self.made(result, x, "[", *indexed(self, key), "]")

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
        result, given = owned(result), listed(self, args, kwargs)
        given = [f"np.dtype({part})" if re.fullmatch(r"np\.\w+|bool", str(part)) else part for part in given]
        self.note(result, "[...] = ", generator, f".{name}(", *given, ")")
        return self.new(result)

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Within it tensors hand out NumPy's arrays, and nothing is noted."""
        before, self.paused = self.paused, True
        try:
            yield
        finally:
            self.paused = before

    def name_for(self, what: str, value: Any = None) -> str:
        """A name that no other has, for a number or an optimizer's parameter group."""
        name = next(name for i in count(1) if (name := f"{what}{i}" if i > 1 else what) not in self.numbers)
        self.numbers[name] = value
        return name

    # Where a call is ----------------------------------------------------------------------------------------

    def where(self, frame: FrameType | None) -> Where:
        """What a call belongs to; on the way minigrad's own names for arrays are noted."""
        layer, op, is_called, part = None, "", False, self.part
        while frame is not None and is_library(file := frame.f_code.co_filename):
            code = frame.f_code
            if code is engine.backward.__code__:
                return self.in_backward(frame.f_locals, is_called)
            if code in (engine.start.__code__, add_to_grads.__code__):
                part = BACKWARD
            elif code is Module.__call__.__code__:
                layer = frame.f_locals["self"] if layer is None else layer
            elif file.startswith(FORMULAS) and layer is None:
                op = code.co_qualname
            is_called = is_called or (file in OWN_FILES and not file.startswith(COMPILED))
            self.look_at_names(frame)
            frame = frame.f_back
        return Where(part, place_of(frame), layer, op)

    def in_backward(self, names: dict[str, Any], is_called: bool) -> Where:
        """The same in the backward pass, of the names there: of a rule, the line and the layer that recorded the op."""
        node = names.get("node")
        if node is None or not node.rules:
            return Where(BACKWARD)
        _, layer = self.nodes.get(node, (None, None))
        rule = names.get("rule")
        return Where(BACKWARD, node.place, layer, rule_name(rule) if is_called and rule else "the sum of gradients")

    def look_at_names(self, frame: FrameType) -> None:
        """The names that a function of minigrad's gives to arrays; those of its parameters say what they are to it."""
        code = frame.f_code
        if not code.co_filename.startswith(NAMING):
            return
        values = frame.f_locals
        for name in code.co_varnames[code.co_argcount + code.co_kwonlyargcount :]:
            value = values.get(name)
            array = value.__dict__.get("array") if isinstance(value, TensorBase) else value
            if isinstance(array, Recorded) and name not in VAGUE:
                array = array.plain
                owner = root(array)
                whole = owner if owner.size == array.size else array
                self.locals.setdefault(view_key(whole), name)

    # Tensors ------------------------------------------------------------------------------------------------

    def touch(self, tensor: TensorBase, array: Any) -> Any:
        """The array of a tensor that was there before the step, when the step first looks at it."""
        owner = root(array)
        self.memory.setdefault(id(owner), Memory(owner, "outside"))
        self.outside[id(tensor)] = tensor, array
        tensor.__dict__["array"] = recorded(array)
        return tensor.__dict__["array"]

    def give(self, tensor: TensorBase, array: Any) -> None:
        """An array for a tensor that is new, or has another: recorded, and none of NumPy's numbers."""
        before = tensor.__dict__.get("array")
        if before is None:
            self.inside[id(tensor)] = tensor
        elif id(tensor) in self.outside:
            if same_view(plain(before), plain(array)):
                return
            self.refuse("a tensor from outside gets other memory")
        array = self.born(array) if type(array) is np.ndarray else array
        if isinstance(array, Recorded):
            array.is_scalar = False
        tensor.__dict__["array"] = array

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


CREATING = frozenset((np.empty_like, np.zeros_like, np.ones_like, np.full_like))

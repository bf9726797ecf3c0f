"""A compiled function: which program fits a call, when one is recorded, and what happens where none can be."""

from __future__ import annotations

import gc
import inspect
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, update_wrapper
from itertools import chain
from operator import attrgetter, gt
from sys import getrefcount
from types import MethodType
from typing import Any
from weakref import WeakSet

import numpy as np

from minigrad.arrays import SILENT, numpy_errors
from minigrad.compiled import tape as tapes
from minigrad.compiled.memory import root
from minigrad.compiled.optimizers import numbers_of
from minigrad.compiled.program import Otherwise, Program
from minigrad.compiled.reads import CONTAINERS, SIMPLE, Guard, Reads, Source
from minigrad.compiled.recording import recording
from minigrad.dtypes import get_default_dtype
from minigrad.engine import backward as engine
from minigrad.engine import graph
from minigrad.engine.changes import mark_changed
from minigrad.engine.graph import TensorBase, is_recording, wrap
from minigrad.engine.places import line_of
from minigrad.optim import optimizer as optimizers
from minigrad.tensor import Tensor

RECORDINGS = 8
"""So often a function is recorded at most for one kind of arguments: after that its other calls run as they are."""


class NotCaptured(RuntimeError):
    """A step cannot be made a program, and fullgraph=True wants one."""


class Ready:
    """A program that can be run: what it needs to be as it was, where arguments go, and what comes out."""

    def __init__(self, program: Program, tape: tapes.Tape, reads: Reads, given: list[Any], result: Any) -> None:
        self.program, self.tape, self.given, self.result = program, tape, given, result
        self.inputs = inputs = [x.array for x in given if isinstance(x, TensorBase)]
        outside = [tensor for tensor, array in tape.outside.values() if not any(array is x for x in inputs)]
        self.grads = [(t, t._grad) for t, _, before in tape.grads.values() if t._grad is not before]
        self.cleared = [t for t, g in self.grads if g is None]
        self.grads = [(t, g) for t, g in self.grads if g is not None]
        self.changed = [t for t in outside if id(root(t.array)) in tape.written]
        grads = [g for _, g in self.grads]
        self.guard = Guard([*reads.sources, *self.sources()], [*outside, *grads])
        self.undo = [*tape.undo.values()]
        self.is_verified = False
        self.references = self.counted()

    def sources(self) -> list[Source]:
        """What else has to be as it was: `.grad` where it is read, and optimizers."""
        read = [tensor for tensor, is_read, _ in self.tape.grads.values() if is_read]
        found = [Source("whether there is a .grad", partial(map, is_without_grad, read))]
        found[0].seen = [before is None for _, is_read, before in self.tape.grads.values() if is_read]
        for step in self.tape.steps:
            found += sources_of(step)
        return found

    def counted(self) -> list[int]:
        """How many references there are to each gradient and its memory: a user may hold one."""
        return [n for _, g in self.grads for n in (getrefcount(g), getrefcount(g.array))]

    def fits(self) -> bool:
        """Whether the program is right for this call."""
        return self.guard.holds() and not self.is_held()

    def is_held(self) -> bool:
        """Whether somebody holds a gradient of the last run, which the next would overwrite."""
        return any(map(gt, self.counted(), self.references))

    def run(self, arrays: list[Any]) -> Any:
        """Run the program: Otherwise, with nothing changed, where a condition comes out otherwise."""
        for buffer, array in zip(self.inputs, arrays):
            np.copyto(buffer, array)
        saved = self.saved() if self.tape.checks else None
        silence = numpy_errors.set(SILENT)
        try:
            self.program.step()
        except Otherwise:
            self.put_back(saved)
            raise
        finally:
            numpy_errors.reset(silence)
        for tensor, g in self.grads:
            tensor._grad = g
        for tensor in self.cleared:
            tensor._grad = None
        for step in self.tape.steps:
            step.optimizer.has_stepped = True
        mark_changed(*self.changed)
        return given_out(self.result)

    def saved(self, everything: bool = False) -> Any:
        """Copies of what a run changes (before its last condition), and where random numbers go on."""
        arrays = self.tape.written.values() if everything else self.undo
        return [(x, x.copy()) for x in arrays], [(g, g.get_state()) for g in self.tape.generators.values()]

    def put_back(self, saved: Any) -> None:
        """All as it was before a run."""
        for array, before in saved[0]:
            array[...] = before
        for generator, state in saved[1]:
            generator.set_state(state)

    def left_behind(self) -> list[Any]:
        """Copies of what a run changes, and of the gradients that it gives."""
        return [x.copy() for x in (*self.tape.written.values(), *(g.array for _, g in self.grads))]

    def names_of_what_is_left(self) -> list[str]:
        """Their names."""
        name = self.program.names.of
        return [*map(name, self.tape.written.values()), *(f"{name(t.array)}.grad" for t, _ in self.grads)]


@contextmanager
def without_collections() -> Iterator[None]:
    """No garbage is collected meanwhile: a program that is told of collections would seem to be called by the step."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def is_without_grad(tensor: TensorBase) -> bool:
    """Whether a tensor has no `.grad`."""
    return tensor._grad is None


def sources_of(step: Any) -> list[Source]:
    """What has to be as it was for the lines of an optimizer's step."""
    optimizer = step.optimizer
    found = [
        Source("the optimizer's state", partial(attrgetter("param_groups", "state"), optimizer)),
        Source("the optimizer's groups", optimizer.param_groups.__iter__),
        Source("the optimizer's blocks", optimizer._blocks.values),
        *(Source("the optimizer's parameters", group["params"].__iter__) for group in optimizer.param_groups),
    ]
    hooks = optimizers.global_pre_hooks, optimizers.global_post_hooks, optimizer._pre_hooks, optimizer._post_hooks
    found.append(Source("the optimizer's hooks", partial(chain.from_iterable, hooks)))
    for group, block in step.blocks:
        names = [name for name in chain(step.fixed, step.truths) for _ in numbers_of(group[name])]
        found.append(Source("the optimizer's ", partial(step.decided_by, group), names))
        found += [Source("the optimizer's state", state.values) for state in block.states if state]
        if block.state_tensors:
            found.append(Source("the optimizer's state", partial(map, attrgetter("array"), block.state_tensors)))
            found.append(Source("the optimizer's numbers of steps", partial(map, is_one_number, [block.steps])))
    return found


def is_one_number(steps: Any) -> bool:
    """Whether all parameters of a block have made equally many steps."""
    return len({*steps.tolist()}) < 2


# What a step returns ------------------------------------------------------------------------------------------


class Returned:
    """A tensor that a step returns: it is copied out of the program's memory."""

    def __init__(self, tensor: Any) -> None:
        self.array, self.node, self.kind = tensor.array, tensor.node, type(tensor)


def kept(value: Any, tape: tapes.Tape) -> Any:
    """What a step has returned, with Returned in place of tensors made in it."""
    if isinstance(value, TensorBase):
        if id(value) not in tape.inside:
            return value
        if value.node is not None and value.node.rules and value.node not in tape.visited:
            tape.refuse(LIVE)
        memory = tape.memory.get(id(root(value.array)))
        if memory is not None and memory.kind == "outside":
            tape.refuse("returns a view of a tensor from outside")
        return Returned(value)
    if type(value) in (tuple, list):
        return type(value)(kept(x, tape) for x in value)
    if type(value) is dict:
        return {key: kept(x, tape) for key, x in value.items()}
    if not isinstance(value, SIMPLE):
        tape.refuse(f"returns a value of type {type(value).__name__}")
    return value


def arrays_in(value: Any) -> list[Any]:
    """The arrays of what is returned."""
    if type(value) is Returned:
        return [value.array]
    items = value.values() if type(value) is dict else value if type(value) in (tuple, list) else ()
    return [array for x in items for array in arrays_in(x)]


def given_out(value: Any) -> Any:
    """What a run returns."""
    if type(value) is Returned:
        tensor = wrap(value.array.copy("K"))
        tensor.node = value.node
        return tensor
    if type(value) in (tuple, list):
        return type(value)(map(given_out, value))
    return {key: given_out(x) for key, x in value.items()} if type(value) is dict else value


OTHER_ARGUMENTS = "its arguments are others than tensors on the CPU, numbers, texts, and objects that stay"

LIVE = "returns a tensor that is still to be differentiated"


# The function -------------------------------------------------------------------------------------------------


class Compiled:
    """What `torch.compile` makes of a function.  program: the text of the program that ran last, or None."""

    stance = "default"

    def __init__(self, function: Callable[..., Any], fullgraph: bool, check_every: int | None) -> None:
        update_wrapper(self, function)
        everything.add(self)
        self.function, self.fullgraph, self.check_every = function, fullgraph, check_every
        self.program: Program | None = None
        self.calls = 0
        self.forget()

    def forget(self) -> None:
        """Begin anew, as if it had never been called."""
        self.programs: dict[Any, list[Ready]] = {}
        self.seen: dict[Any, int] = {}
        self.plain_kinds: set[Any] = set()

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        return self if owner is None else MethodType(self, owner)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function gives: by a program, if one fits."""
        self.calls += 1
        if kwargs:
            bound = inspect.signature(self.function).bind(*args, **kwargs)
            args, kwargs = bound.args, bound.kwargs
        if kwargs or self.must_run_as_it_is():
            return self.function(*args, **kwargs)
        kind = (is_recording(), get_default_dtype(), *map(kind_of, args))
        for ready in self.programs.get(kind, ()):
            if ready.fits():
                return self.run(ready, kind, args)
        if kind in self.plain_kinds:
            return self.function(*args)
        if not all(map(can_be_given, args)):
            differentiable = any(isinstance(x, Tensor) and x.requires_grad for x in args)
            self.give_up(kind, LIVE if differentiable else OTHER_ARGUMENTS, None)
            return self.function(*args)
        seen = self.seen[kind] = self.seen.get(kind, -1) + 1
        if seen % 2 == 0:  # an optimizer makes its state in its first step
            return self.function(*args)
        return self.record(kind, args)

    def must_run_as_it_is(self) -> bool:
        """Whether somebody wants to see the step, or a larger one is being recorded."""
        return engine.observer is not None or graph.new_node is not graph.Node or self.stance == "force_eager"

    def run(self, ready: Ready, kind: Any, args: tuple[Any, ...]) -> Any:
        """A call by a program; the first time beside the function itself."""
        self.program = ready.program
        arrays = [x.array for x in args if isinstance(x, TensorBase)]
        if not ready.is_verified or (self.check_every and self.calls % self.check_every == 0):
            return self.compare(ready, kind, args, arrays)
        try:
            return ready.run(arrays)
        except Otherwise:
            return self.function(*args)

    def compare(self, ready: Ready, kind: Any, args: tuple[Any, ...], arrays: list[Any]) -> Any:
        """Run the program, put everything back, and run the function itself: its results count."""
        grads = [(t, t.__dict__.get("_grad")) for t, *_ in ready.tape.grads.values()]
        before = ready.saved(everything=True)
        try:
            by_program = [*(x.copy() for x in flat(ready.run(arrays))), *ready.left_behind()]
        except Otherwise:
            return self.function(*args)
        ready.put_back(before)
        for tensor, grad in grads:
            tensor._grad = grad
        result = self.function(*args)
        by_function = [*flat(result), *ready.tape.written.values(), *(tensor._grad for tensor, _ in ready.grads)]
        names = [*("the result" for _ in flat(result)), *ready.names_of_what_is_left()]
        for name, x, y in zip(names, by_program, by_function):
            self.differ(ready, kind, name, x, getattr(y, "array", y))
        ready.is_verified = ready.is_verified or kind not in self.plain_kinds
        return result

    def differ(self, ready: Ready, kind: Any, name: str, got: Any, want: Any) -> None:
        """Where a program has computed something else than the function: an error, or at first no program."""
        both = f"{name} is there by the program, and is not by the function"
        if want is not None and got.shape == want.shape:
            if np.array_equal(got, want, equal_nan=got.dtype.kind == "f"):
                return
            where = int(np.flatnonzero(~np.isclose(got, want, 0, 0, equal_nan=True))[0])
            both = f"{name} is {np.ravel(got)[where]} by the program, {np.ravel(want)[where]} by the function"
        if ready.is_verified:
            raise RuntimeError(f"torch.compile: at call {self.calls} {both}")
        self.give_up(kind, f"it does not do the same each time ({both})", None)

    def record(self, kind: Any, args: tuple[Any, ...]) -> Any:
        """A call that is recorded: it computes what it would without."""
        tape = tapes.Tape()
        reads = Reads(tape)
        given = [copied(x) if isinstance(x, TensorBase) else x for x in args]
        before = sys.getprofile()
        for x in args:
            reads.reach(x, "an argument")
        reads.reach(self.function, "the function")
        with recording(tape), without_collections():
            sys.setprofile(reads.profile)
            try:
                result = self.function(*given)
            finally:
                sys.setprofile(before)
        returned = self.finish(kind, tape, reads, given, result)
        return result if tape.refused is not None else given_out(returned)

    def finish(self, kind: Any, tape: tapes.Tape, reads: Reads, given: list[Any], result: Any) -> Any:
        """Make a program of what was recorded, or say why not."""
        inputs = [x.array for x in given if isinstance(x, TensorBase)]
        returned = kept(result, tape)
        if tape.refused is None and (changed := reads.changed()):
            tape.refuse(changed)
        if any(id(root(x)) in tape.written for x in inputs):
            tape.refuse("changes an argument in place")
        if any(id(before) in tape.outside for *_, before in tape.grads.values()):
            tape.refuse("adds to gradients from before it: call zero_grad() in it, or before each call")
        if tape.refused is not None:
            self.give_up(kind, *tape.refused)
            return None
        parameters = [*inspect.signature(self.function).parameters]
        names = (parameters + [f"argument_{i}" for i in range(len(given))])[: len(given)]
        arguments = {name: x.array for name, x in zip(names, given) if isinstance(x, TensorBase)}
        program = Program(tape, reads, self.function.__name__, arguments, arrays_in(returned))
        programs = self.programs.setdefault(kind, [])
        programs[:] = [ready for ready in programs if not ready.is_held()]
        programs.insert(0, Ready(program, tape, reads, given, returned))
        if len(programs) >= RECORDINGS:
            what = programs[1].guard.changed()
            self.give_up(kind, f"`{what}` is another at each call", None, keep=True)
        return returned

    def give_up(self, kind: Any, reason: str, place: Any, keep: bool = False) -> None:
        """Run calls of this kind as they are from now on, and say so once."""
        if reason == "the optimizer's first step":
            self.seen[kind] -= 2
            return
        first = not self.plain_kinds
        self.plain_kinds.add(kind)
        if not keep:
            self.programs.pop(kind, None)
            self.program = None
        if reason == LIVE:
            return
        message = f"torch.compile: {self.function.__qualname__} is not captured: {reason}{where_is(place)}"
        if self.fullgraph:
            raise NotCaptured(message)
        if first:
            warnings.warn(f"{message}. It runs as it is.", stacklevel=5)


everything: WeakSet[Compiled] = WeakSet()
"""All compiled functions."""


def where_is(place: Any) -> str:
    """Where something was refused, as the end of a sentence."""
    return "" if place is None else f", {line_of(place)}"


def flat(value: Any) -> list[Any]:
    """The arrays of a result."""
    if isinstance(value, TensorBase):
        return [value.array]
    items = value.values() if type(value) is dict else value if type(value) in (tuple, list) else ()
    return [array for x in items for array in flat(x)]


def copied(x: Any) -> Any:
    """A tensor for a program to have its arguments in."""
    return wrap(x.array.copy("K"))


def can_be_given(x: Any) -> bool:
    """Whether a program can take an argument: a tensor on the CPU that needs no gradient, or what stays itself."""
    if isinstance(x, Tensor):
        return type(x.array) is np.ndarray and not x.requires_grad
    return not isinstance(x, (*CONTAINERS, tuple, np.ndarray, np.generic))


def kind_of(x: Any) -> Any:
    """What a program depends on of an argument."""
    if isinstance(x, Tensor):
        array = x.array
        return array.shape, array.dtype, getattr(array, "strides", None), x.requires_grad
    if isinstance(x, SIMPLE):
        return x, type(x)
    return id(x) if can_be_given(x) else type(x)

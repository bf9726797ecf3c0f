"""A compiled function: which program fits a call, when one is recorded, and what happens where none can be."""

from __future__ import annotations

import gc
import inspect
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial, update_wrapper
from itertools import chain, combinations
from operator import attrgetter, gt
from sys import getrefcount
from threading import Lock
from types import MethodType
from typing import Any
from weakref import WeakSet

import numpy as np

from minigrad.arrays import SILENT, numpy_errors
from minigrad.compiled import tape as tapes
from minigrad.compiled.memory import root
from minigrad.compiled.program import Otherwise, Program
from minigrad.compiled.reads import SIMPLE, Contents, Guard, Reads, Source, Wrapped
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
        self.program, self.tape, self.result = program, tape, result
        self.inputs = inputs = arrays_of(given)
        first = {id(x): i for i, x in reversed([*enumerate(given)])}
        self.alike = [(i, first[id(x)]) for i, x in enumerate(given) if isinstance(x, TensorBase) and first[id(x)] < i]
        outside = [tensor for tensor, array in tape.outside.values() if not any(array is x for x in inputs)]
        self.grads = [(t, t._grad) for t, _, before in tape.grads.values() if t._grad is not before]
        self.cleared = [t for t, g in self.grads if g is None]
        self.grads = [(t, g) for t, g in self.grads if g is not None]
        self.changed = [t for t in outside if id(root(t.array)) in tape.written]
        grads = [g for _, g in self.grads]
        self.guard = Guard([*reads.sources, *self.sources()], [*outside, *grads])
        self.undo = [*tape.undo.values()]
        self.is_verified = False
        self.held = [x for g in grads for x in (g, g.array)]
        self.references = [*map(getrefcount, self.held)]

    def sources(self) -> list[Source]:
        """What else has to be as it was: `.grad` where it is read, and optimizers."""
        read = [tensor for tensor, is_read, _ in self.tape.grads.values() if is_read]
        found = [Source("whether there is a .grad", partial(map, is_without_grad, read))]
        found[0].seen = [before is None for _, is_read, before in self.tape.grads.values() if is_read]
        for step in self.tape.steps:
            found += sources_of(step)
        return found

    def fits(self, args: tuple[Any, ...]) -> bool:
        """Whether the program is right for this call."""
        return self.guard.holds() and not self.is_held() and (not self.alike or self.are_alike(args))

    def are_alike(self, args: tuple[Any, ...]) -> bool:
        """Whether arguments that were one tensor are one now."""
        return all(args[i] is args[j] for i, j in self.alike)

    def is_held(self) -> bool:
        """Whether somebody holds a gradient of the last run, which the next would overwrite."""
        return any(map(gt, map(getrefcount, self.held), self.references))

    def run(self, args: tuple[Any, ...]) -> Any:
        """Run the program: Otherwise, with nothing changed, where a condition comes out otherwise."""
        arrays = arrays_of(args)
        if not self.tape.written.keys().isdisjoint([id(x if x.base is None else root(x)) for x in arrays]):
            raise Otherwise  # a program that changes what it is given
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
        return given_out(self.result, args)

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
        Contents("the optimizer's state", optimizer.state),
        Contents("the optimizer's groups", optimizer.param_groups),
        Source("the optimizer's blocks", optimizer._blocks.values),
    ]
    for group in optimizer.param_groups:
        found.append(Source("the optimizer's parameters", partial(map, group.get, ["params"])))
        found.append(Contents("the optimizer's parameters", group["params"]))
    hooks = optimizers.global_pre_hooks, optimizers.global_post_hooks, optimizer._pre_hooks, optimizer._post_hooks
    found.append(Source("the optimizer's hooks", partial(chain.from_iterable, hooks)))
    for group, block in step.blocks:
        found.append(Source("the optimizer's ", partial(map, group.get, step.fixed), step.fixed))
        found += [Contents("the optimizer's ", group[name]) for name in step.fixed]
        found.append(Source("the optimizer's ", partial(step.truths_of, group), step.truths))
        found += [Contents("the optimizer's state", state) for state in block.states if state]
        if block.state_tensors:
            found.append(Source("the optimizer's state", partial(map, attrgetter("array"), block.state_tensors)))
            found.append(Source("the optimizer's numbers of steps", partial(map, is_one_number, [block.steps])))
    return found


def is_one_number(steps: Any) -> bool:
    """Whether all parameters of a block have made equally many steps."""
    return len({*steps.tolist()}) < 2


# What a step returns ------------------------------------------------------------------------------------------


class Returned:
    """A tensor that a step has made and returns: it is copied out of the program's memory."""

    def __init__(self, tensor: Any) -> None:
        self.array, self.node = tensor.array, tensor.node

    def copied(self) -> Any:
        """The tensor of one run."""
        tensor = wrap(self.array.copy("K"))
        tensor.node = self.node
        return tensor


class Given:
    """An argument that a step returns."""

    def __init__(self, position: int) -> None:
        self.position = position


def changed_into(value: Any, change: Callable[[Any], Any]) -> Any:
    """A value, or those in tuples, lists and dicts, with something else in place of each."""
    if type(value) in (tuple, list):
        return type(value)(changed_into(x, change) for x in value)
    return {key: changed_into(x, change) for key, x in value.items()} if type(value) is dict else change(value)


def all_in(value: Any) -> list[Any]:
    """The values in tuples, lists and dicts."""
    found: list[Any] = []
    changed_into(value, found.append)
    return found


def arrays_of(values: Iterable[Any]) -> list[Any]:
    """The arrays of tensors among some values."""
    return [x.array for x in values if isinstance(x, (TensorBase, Returned))]


def kept(result: Any, given: list[Any], tape: tapes.Tape) -> Any:
    """What a step has returned, with Returned in place of tensors made in it, and Given in that of its arguments."""
    known: dict[int, Any] = {id(x): Given(i) for i, x in enumerate(given) if isinstance(x, TensorBase)}
    roots: set[int] = set()

    def keep(value: Any) -> Any:
        if id(value) in known or not isinstance(value, TensorBase) or id(value) not in tape.inside:
            if not isinstance(value, (*SIMPLE, TensorBase)):
                tape.refuse(f"returns a value of type {type(value).__name__}")
            return known.get(id(value), value)
        owner = root(value.array)
        memory = tape.memory.get(id(owner))
        if value.node is not None and value.node.rules and value.node not in tape.visited:
            tape.refuse(LIVE)
        elif memory is not None and memory.kind == "outside":
            tape.refuse("returns a view of a tensor from outside")
        elif id(owner) in roots:
            tape.refuse("returns two tensors of one memory")
        roots.add(id(owner))
        known[id(value)] = Returned(value)
        return known[id(value)]

    return changed_into(result, keep)


def given_out(result: Any, args: tuple[Any, ...]) -> Any:
    """What a run returns: one tensor for each that the step had made, and the arguments themselves."""
    copies: dict[Any, Any] = {}

    def give(value: Any) -> Any:
        if type(value) is Returned:
            if value not in copies:
                copies[value] = value.copied()
            return copies[value]
        return args[value.position] if type(value) is Given else value

    return changed_into(result, give)


OTHER_ARGUMENTS = "its arguments are others than tensors on the CPU, numbers, texts, and objects that stay"

LIVE = "returns a tensor that is still to be differentiated"


# The function -------------------------------------------------------------------------------------------------


class Compiled(Wrapped):
    """What `torch.compile` makes of a function.  program: the text of the program that ran last, or None."""

    stance = "default"

    def __init__(self, function: Callable[..., Any], fullgraph: bool, check_every: int | None) -> None:
        update_wrapper(self, function)
        self.name = getattr(function, "__name__", type(function).__name__)
        everything.add(self)
        self.function, self.fullgraph, self.check_every = function, fullgraph, check_every
        self.program: Program | None = None
        self.is_busy = Lock()
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
        if kwargs:
            bound = inspect.signature(self.function).bind(*args, **kwargs)
            args, kwargs = bound.args, bound.kwargs
        if kwargs or self.must_run_as_it_is() or not self.is_busy.acquire(blocking=False):
            return self.function(*args, **kwargs)
        try:
            return self.choose(args)
        finally:
            self.is_busy.release()

    def choose(self, args: tuple[Any, ...]) -> Any:
        """A call by the program that fits, if there is one; meanwhile no other thread has its memory."""
        self.calls += 1
        kind = (is_recording(), get_default_dtype(), *map(kind_of, args))
        for ready in self.programs.get(kind, ()):
            if ready.fits(args):
                return self.run(ready, kind, args)
        if kind in self.plain_kinds:
            return self.function(*args)
        if not all(map(can_be_given, args)):
            differentiable = any(isinstance(x, Tensor) and x.requires_grad for x in args)
            self.give_up(kind, LIVE if differentiable else OTHER_ARGUMENTS, None)
            return self.function(*args)
        if share_memory(arrays_of({id(x): x for x in args}.values())):
            self.give_up(kind, "two of its arguments share memory", None)
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
        if not ready.is_verified or (self.check_every and self.calls % self.check_every == 0):
            return self.compare(ready, kind, args)
        try:
            return ready.run(args)
        except Otherwise:
            return self.function(*args)

    def compare(self, ready: Ready, kind: Any, args: tuple[Any, ...]) -> Any:
        """Run the program, put everything back, and run the function itself: its results count."""
        grads = [(t, t.__dict__.get("_grad")) for t, *_ in ready.tape.grads.values()]
        before = ready.saved(everything=True)
        try:
            by_program = [*(x.copy() for x in arrays_of(all_in(ready.run(args)))), *ready.left_behind()]
        except Otherwise:
            return self.function(*args)
        ready.put_back(before)
        for tensor, grad in grads:
            tensor._grad = grad
        result = self.function(*args)
        results = arrays_of(all_in(result))
        by_function = [*results, *ready.tape.written.values(), *(tensor._grad for tensor, _ in ready.grads)]
        names = [*("the result" for _ in results), *ready.names_of_what_is_left()]
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
        copies = {id(x): wrap(x.array.copy("K")) for x in args if isinstance(x, TensorBase)}
        given = [copies.get(id(x), x) for x in args]
        for x, copy in zip(args, given):
            if x is not copy:
                tape.arguments.setdefault(id(root(x.array)), []).append((copy, x.array))
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
        for x, copy in zip(args, given):
            if x is not copy and copy.changes is not None and copy.changes.version:
                tape.refuse("changes an argument in place")
                x.array[...] = copy.array
                mark_changed(x)
        returned = self.finish(kind, tape, reads, given, result)
        return given_out(returned, args)

    def finish(self, kind: Any, tape: tapes.Tape, reads: Reads, given: list[Any], result: Any) -> Any:
        """Make a program of what was recorded, or say why not; what is to be returned, by the names that `kept` has."""
        returned = kept(result, given, tape)
        if tape.refused is None and (changed := reads.changed()):
            tape.refuse(changed)
        if any(id(before) in tape.outside for *_, before in tape.grads.values()):
            tape.refuse("adds to gradients from before it: call zero_grad() in it, or before each call")
        if tape.refused is not None:
            self.give_up(kind, *tape.refused)
            itself = {id(x): Given(i) for i, x in enumerate(given) if isinstance(x, TensorBase)}
            return (
                changed_into(result, lambda x: itself.get(id(x), x))
                if itself.keys() & {*map(id, all_in(result))}
                else result
            )
        parameters = [*inspect.signature(self.function).parameters]
        names = (parameters + [f"argument_{i}" for i in range(len(given))])[: len(given)]
        arguments = {name: x.array for name, x in zip(names, given) if isinstance(x, TensorBase)}
        program = Program(tape, reads, self.name, arguments, arrays_of(all_in(returned)))
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
        message = (
            f"torch.compile: {getattr(self, '__qualname__', self.name)} is not captured: {reason}{where_is(place)}"
        )
        if self.fullgraph:
            raise NotCaptured(message)
        if first:
            warnings.warn(f"{message}. It runs as it is.", stacklevel=5)


everything: WeakSet[Compiled] = WeakSet()
"""All compiled functions."""


def where_is(place: Any) -> str:
    """Where something was refused, as the end of a sentence."""
    return "" if place is None else f", {line_of(place)}"


def share_memory(arrays: list[Any]) -> bool:
    """Whether any two of some arrays do."""
    return any(np.shares_memory(x, y) for x, y in combinations(arrays, 2))


def can_be_given(x: Any) -> bool:
    """Whether a program can take an argument: a tensor on the CPU that needs no gradient, or what stays itself."""
    if isinstance(x, Tensor):
        return type(x.array) is np.ndarray and not x.requires_grad
    return not isinstance(x, (list, tuple, dict, set, frozenset, np.ndarray, np.generic, bytearray))


def kind_of(x: Any) -> Any:
    """What a program depends on of an argument."""
    if isinstance(x, Tensor):
        array = x.array
        return array.shape, array.dtype, getattr(array, "strides", None), x.requires_grad
    if type(x) in SIMPLE:
        return repr(x), type(x)  # so that 0.0 is not -0.0
    return id(x) if can_be_given(x) else type(x)

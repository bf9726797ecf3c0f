"""The checks: each takes what is checked and a sample, and raises `Found` where something is wrong.

minigrad's own ops go through them (tests/test_ops.py), and so do those of a user (`check_op`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import minigrad
from minigrad.arrays import quiet
from minigrad.engine import broadcasting
from minigrad.engine.changes import changes_of
from minigrad.tensor import Tensor
from minigrad.testing.calls import (
    Call,
    Run,
    Tolerance,
    array_of,
    backward,
    bind,
    float_arrays,
    is_tensor,
    name_of,
    results,
    run,
    tolerance,
    upstream,
)
from minigrad.testing.finding import Found, Number
from minigrad.testing.samples import Sample
from minigrad.testing.slopes import CONSTANT, check_slopes, float_results, gradient_function


def comparable(mine: Run, theirs: Run) -> bool:
    """Whether both calls gave results.  What the reference refuses is not compared."""
    if mine.error is not None and theirs.error is None:
        raise Found(f"it raises {said(mine.error)}") from mine.error
    return mine.error is None and theirs.error is None


@dataclass(frozen=True)
class Subject:
    """What is checked: an op of an engine, and perhaps a reference, which is called with an engine of its own."""

    name: str
    call: Call
    engine: Any = minigrad
    expected: Call | None = None
    """The reference."""
    reference: Any = None
    """Its engine."""
    by: str = "the reference"
    """What messages call it."""
    both_succeeded: Callable[[Run, Run], bool] = comparable
    """Whether two calls can be compared; an AssertionError where one failed and should not have."""
    differentiated: bool = True
    """Whether the reference has gradients."""
    nan_counts: bool = True
    """Whether gradients are compared where the reference's is nan, or the operand."""
    rounding: Callable[[Sample], Tolerance | None] = tolerance
    """By how much rounding may change the numbers; None where they are not defined."""
    names: tuple[str, ...] = ()
    """The names of the operands."""
    order: int = 2
    """How often it can be differentiated."""

    def run(self, sample: Sample, requires_grad: bool = False) -> Run:
        """Call it."""
        return run(self.call, self.engine, sample, requires_grad)

    def run_reference(self, sample: Sample, requires_grad: bool = False) -> Run:
        """Call the reference."""
        assert self.expected is not None
        return run(self.expected, self.reference, sample, requires_grad)

    def leaves(self, sample: Sample) -> list[str]:
        """The names of the operands that require grad."""
        named = []
        for i, operand in enumerate(sample.operands):
            number = 0 if i in sample.constants else len(list(float_arrays(operand)))
            name = self.names[i] if i < len(self.names) else f"x{i}"
            is_one = isinstance(operand, np.ndarray)
            named += [name if is_one else f"{name}[{j}]" for j in range(number)]
        return named


Check = Callable[[Subject, Sample], Any]

# Beside a reference -----------------------------------------------------------------------------------------


def check_values(subject: Subject, sample: Sample) -> None:
    """The results are the reference's, with their dtypes and shapes."""
    mine, theirs = subject.run(sample), subject.run_reference(sample)
    if subject.both_succeeded(mine, theirs):
        compare(mine.result, theirs.result, subject.rounding(sample), subject.by, "y")


def check_gradients(subject: Subject, sample: Sample, kind: str = "drawn") -> tuple[Run, Run] | None:
    """The gradients are the reference's, at ties and infinities too.

    Both runs, where there were any.
    """
    if not subject.differentiated:
        return None
    mine, theirs = subject.run(sample, True), subject.run_reference(sample, True)
    if not subject.both_succeeded(mine, theirs) or not theirs.differentiable:
        return None
    compare(mine.result, theirs.result, subject.rounding(sample), subject.by, "y")
    compare_need_of_grad(mine, theirs)
    gradients = went_back(subject.engine, mine, kind), backward(subject.reference, theirs, kind=kind)
    if not subject.nan_counts:
        put_nan_where_nothing_is_said(*gradients, mine.leaves)
    compare_gradients(*gradients, subject.rounding(sample), subject.by, subject.leaves(sample))
    return mine, theirs


def check_masked(subject: Subject, sample: Sample) -> None:
    """Infinities and nans that arrive stop where the reference does not depend on its operand: 0 is chosen there."""
    mine, again, theirs = subject.run(sample, True), subject.run(sample, True), subject.run_reference(sample, True)
    if not subject.both_succeeded(mine, theirs) or not theirs.differentiable:
        return
    plain = went_back(subject.engine, mine, "not finite")
    expected = backward(subject.reference, theirs, kind="not finite")
    gradients = finite_or_nan(subject.engine, plain), finite_or_nan(subject.reference, expected)
    compare_gradients(*gradients, subject.rounding(sample), subject.by, subject.leaves(sample))
    recorded = went_back(subject.engine, again, "not finite", create_graph=True)
    compare_modes(plain, recorded, subject.leaves(sample))


def finite_or_nan(engine: Any, gradients: list[Any]) -> list[Any]:
    """Gradients with nan for infinities: which of the two comes of inf - inf hangs on the order of the sums."""
    return [None if g is None else engine.where(engine.isfinite(g.detach()), g.detach(), np.nan) for g in gradients]


def put_nan_where_nothing_is_said(mine: list[Any], theirs: list[Any], leaves: list[Any]) -> None:
    """Put nan into both gradients where the reference's is nan, or the operand: these are not compared."""
    for g, expected, leaf in zip(mine, theirs, leaves):
        if g is not None and expected is not None and g.shape == expected.shape:
            where = np.isnan(array_of(expected)) | np.isnan(array_of(leaf))
            array_of(g)[where] = array_of(expected)[where] = np.nan


def check_orders(subject: Subject, sample: Sample) -> None:
    """The results lie in memory as the reference's, and can be looked at as vectors where these can."""
    mine, theirs = subject.run(sample), subject.run_reference(sample)
    if not subject.both_succeeded(mine, theirs):
        return
    compare(mine.result, theirs.result, subject.rounding(sample), subject.by, "y")
    compare_orders(list(results(mine.result)), list(results(theirs.result)), subject.by)
    for y, expected in zip(results(mine.result), results(theirs.result), strict=True):
        if flat_view(y) != flat_view(expected):
            raise Found(f"its result can be viewed as a vector where {subject.by}'s cannot, or the other way round")


def compare_orders(mine: list[Any], theirs: list[Any], by: str) -> None:
    """Found, where tensors do not lie in memory alike.  A dimension of length 1 has no order, nor has emptiness."""
    for y, expected in zip(mine, theirs, strict=True):
        pair = [(x.is_contiguous(), steps_that_count(x)) for x in (y, expected)]
        if pair[0] != pair[1]:
            raise Found(f"a tensor of shape {list(y.shape)} has strides {y.stride()}, by {by} {expected.stride()}")


def steps_that_count(y: Any) -> list[int]:
    """The strides of dimensions that have several elements."""
    return [step for n, step in zip(y.shape, y.stride(), strict=True) if n > 1] if y.numel() else []


def flat_view(y: Any) -> tuple[bool, bool]:
    """Whether a tensor can be looked at as a vector, and whether reshape does so."""
    try:
        y.view(-1)
    except RuntimeError:
        viewed = False
    else:
        viewed = True
    return viewed, y.reshape(-1).data_ptr() == y.data_ptr()


def compare(mine: Any, theirs: Any, within: Tolerance | None, by: str, name: str) -> None:
    """Found, where two results are not alike; name: what they are called."""
    if is_tensor(theirs):
        if not is_tensor(mine):
            raise Found(f"it returns {type(mine).__name__}, {by} a Tensor")
        compare_tensors(mine, theirs, within, by, name)
    elif isinstance(theirs, (tuple, list)):
        if not isinstance(mine, (tuple, list)) or len(mine) != len(theirs):
            number = len(mine) if isinstance(mine, (tuple, list)) else "one"
            raise Found(f"it returns {number} result(s), {by} {len(theirs)}")
        for i, (each_of_mine, each_of_theirs) in enumerate(zip(mine, theirs)):
            compare(each_of_mine, each_of_theirs, within, by, f"{name}[{i}]")
    elif type(mine) is not type(theirs) or mine != theirs:
        raise Found(f"{name} is {mine!r}, by {by} {theirs!r}")


def compare_tensors(
    mine: Any, theirs: Any, within: Tolerance | None, by: str, name: str, leaf: int | None = None
) -> None:
    """Found, where two tensors are not alike."""
    for what, have, expected in (
        ("shape", tuple(mine.shape), tuple(theirs.shape)),
        ("dtype", name_of(mine.dtype), name_of(theirs.dtype)),
    ):
        if have != expected:
            raise Found(f"the {what} of {name} is {have}, by {by} {expected}")
    compare_arrays(array_of(mine), array_of(theirs), within, by, name, leaf)


def compare_arrays(
    mine: Any, theirs: Any, within: Tolerance | None, by: str, name: str, leaf: int | None = None
) -> None:
    """Found, where two arrays are not close, nan being equal to nan."""
    if within is None:
        return
    with quiet():
        wrong = ~np.isclose(mine, theirs, *within, equal_nan=True)
    if wrong.any():
        index = tuple(int(i) for i in np.argwhere(wrong)[0])
        number = Number(name, index, mine[index].item(), theirs[index].item(), by, leaf=leaf)
        raise Found("its gradient is wrong" if name.endswith(".grad") else "its value is wrong", number)


def compare_need_of_grad(mine: Run, theirs: Run) -> None:
    """Found, where a result requires grad and the reference's does not, or the other way."""
    for y, expected in zip(results(mine.result), results(theirs.result), strict=True):
        if y.requires_grad != expected.requires_grad:
            raise Found(
                "no gradient arrives: its result does not require grad"
                if expected.requires_grad
                else "its result requires grad, and the reference's does not"
            )


def compare_gradients(mine: list[Any], theirs: list[Any], within: Tolerance | None, by: str, names: list[str]) -> None:
    """Found, where gradients are not alike; None is alike to None."""
    for leaf, (name, g, expected) in enumerate(zip(names, mine, theirs, strict=True)):
        if (g is None) != (expected is None):
            raise Found(f"{name}.grad is {'None' if g is None else 'there'}, by {by} it is not")
        if g is not None:
            compare_tensors(g, expected, within, by, f"{name}.grad", leaf)


def went_back(engine: Any, ran: Run, kind: str = "drawn", create_graph: bool = False) -> list[Any]:
    """The gradients of the leaves; Found, where the backward pass raises."""
    try:
        return backward(engine, ran, create_graph, kind)
    except Found:
        raise
    except Exception as error:
        hint = CALLED if "positional argument" in str(error) else ""
        raise Found(f"its backward pass raises {said(error)}", hint=hint) from error


CALLED = "A rule is called with g, the result, each operand, and then what else `record` was given."


def said(error: Exception) -> str:
    """An error in one line: its first, without what announces the next."""
    line = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {re.sub(r'(?<=[.!?]) [^.!?]*:$', '', line)}"


# Beside finite differences ----------------------------------------------------------------------------------


def check_first(subject: Subject, sample: Sample, kind: str = "drawn") -> None:
    """The gradients are those of finite differences."""
    ran = subject.run(sample, True)
    if ran.error is None and ran.leaves:
        function, _ = bind(subject.call, subject.engine, sample)
        check_slopes(subject.engine, function, ran.leaves, subject.leaves(sample), kind)


def check_second(subject: Subject, sample: Sample, kind: str = "drawn") -> None:
    """The gradients of the gradients are those of finite differences."""
    ran = subject.run(sample, True)
    if ran.error is not None or not ran.differentiable or subject.order < 2:
        return
    starts = upstream(subject.engine, ran.result, kind)
    leaves, arriving = ran.leaves, [g.requires_grad_() for g in starts]
    function, _ = bind(subject.call, subject.engine, sample)
    gradients = gradient_function(subject.engine, function, len(leaves))
    names = [*subject.leaves(sample), *(f"g{i or ''}" for i in range(len(arriving)))]
    if float_results(gradients(*leaves, *arriving)):
        try:
            check_slopes(subject.engine, gradients, [*leaves, *arriving], names, kind, "d(gradients)/d{}")
        except Found as found:
            raise Found("its second derivative is wrong", found.number, SECOND) from None


SECOND = "Does the rule use a value that depends on an operand, and was computed outside of it, or detached?"


def at_ties(sample: Sample) -> Sample:
    """The sample with its floats rounded away from 0 to halves: many are equal, those are 0 that were."""

    def rounded(x: Any) -> Any:
        if isinstance(x, (list, tuple)):
            return type(x)(rounded(each) for each in x)
        if isinstance(x, np.ndarray) and x.dtype.kind == "f":
            with quiet():
                x = np.nan_to_num(np.clip(x, -3, 3), nan=0.5)
                return np.asarray(np.copysign(np.ceil(abs(x) * 2) / 2, x)).astype("float64")
        return x

    return replace(sample, operands=rounded(sample.operands))


def check_kinks(subject: Subject, sample: Sample, kind: str = "drawn") -> None:
    """At ties and zeros the gradients lie between the slopes on either side."""
    try:
        check_first(subject, at_ties(sample), kind)
    except Found as found:
        found.hint = "" if found.hint == CONSTANT else found.hint  # the check "first" has seen others
        raise


# By itself --------------------------------------------------------------------------------------------------


def check_runs(subject: Subject, sample: Sample) -> None:
    """It gives a result, and goes back from it; or refuses what the reference refuses."""
    ran = subject.run(sample, True)
    if ran.error is not None:
        if subject.expected is None or subject.run_reference(sample).error is None:
            raise Found(f"it raises {said(ran.error)}") from ran.error
    elif subject.expected is None and not list(results(ran.result)):
        raise Found(f"it returns {type(ran.result).__name__}, no tensor", hint=RECORD)
    elif ran.differentiable:
        went_back(subject.engine, ran)


RECORD = "An op returns what `record(value, (x, ...), rules)` makes: a tensor, if an operand is one."


def check_unchanged(subject: Subject, sample: Sample) -> None:
    """Neither the op nor its backward pass changes the operands, or the gradient that arrives."""
    before: list[tuple[Any, Any]] = []

    def watched(engine: Any, *operands: Any, **options: Any) -> Any:
        before.extend((x, array_of(x).copy()) for x in results([*operands, *options.values()]))
        return subject.call(engine, *operands, **options)

    ran = run(watched, subject.engine, sample, True)
    check_same(before, "it changes an operand in place")
    if ran.error is None and ran.differentiable:
        starts = upstream(subject.engine, ran.result)
        held = [*before, *((g, array_of(g).copy()) for g in starts), *((y, array_of(y)) for y in ran.differentiable)]
        held = [(x, kept.copy()) for x, kept in held]
        subject.engine.autograd.backward(ran.differentiable, starts)
        check_same(held[: len(before)], "its backward pass changes an operand in place")
        check_same(held[len(before) :], "its backward pass changes the gradient that arrives, or the result, in place")


def check_same(held: list[tuple[Any, Any]], words: str) -> None:
    """Found, where a tensor is no longer as it was."""
    for x, before in held:
        now = array_of(x)
        if not np.array_equal(bits(before), bits(now)):
            index = first_different(before, now)
            at = f" (at {list(index)}: {before[index].item():.6g} became {now[index].item():.6g})"
            raise Found(words + at)


def check_repeatable(subject: Subject, sample: Sample) -> None:
    """The same operands give the same bits again, and so does the backward pass."""
    first, second = (subject.run(sample, True) for _ in range(2))
    if first.error is not None or second.error is not None:
        return
    for y, again in zip(results(first.result), results(second.result)):
        compare_bits(y, again, "y", "it gives another number each time")
    if first.differentiable:
        gradients = [went_back(subject.engine, ran) for ran in (first, second)]
        for name, g, again in zip(subject.leaves(sample), *gradients):
            if g is not None:
                compare_bits(g, again, f"{name}.grad", "its backward pass gives another number each time")


def compare_bits(mine: Any, theirs: Any, name: str, words: str, by: str = "the second call") -> None:
    """Found, where two tensors are not the same to the bit; all nans are one."""
    x, y = array_of(mine), array_of(theirs)
    if x.shape != y.shape or x.dtype != y.dtype:
        raise Found(f"{words}: {x.dtype} of shape {list(x.shape)} and {y.dtype} of shape {list(y.shape)}")
    if not np.array_equal(bits(x), bits(y)):
        index = first_different(x, y)
        raise Found(words, Number(name, index, x[index].item(), y[index].item(), by))


def first_different(x: Any, y: Any) -> tuple[int, ...]:
    """The first place at which two arrays have other bits."""
    different = (x != y) & ~(np.isnan(x) & np.isnan(y)) | (is_minus(x) != is_minus(y))
    return tuple(int(i) for i in np.argwhere(different)[0])


def is_minus(x: Any) -> Any:
    """Whether a number has a minus, as -0.0 has; nan has none."""
    return np.signbit(x) & ~np.isnan(x) if x.dtype.kind == "f" else x < 0


def bits(x: Any) -> Any:
    """The elements of an array as bytes; all nans are one."""
    x = np.ascontiguousarray(x)
    x = np.where(np.isnan(x), np.nan, x).astype(x.dtype) if x.dtype.kind == "f" else x
    return x.reshape(-1).view(np.uint8)


def check_kept(subject: Subject, sample: Sample) -> None:
    """Where all floats that go in have one dtype, those that come out have it, too."""
    dtypes = {x.dtype.name for x in float_arrays([*sample.operands, *sample.options.values()])}
    ran = subject.run(sample)
    if len(dtypes) == 1 and ran.error is None and "dtype" not in sample.options:
        for y in float_results(ran.result):
            if name_of(y.dtype) not in dtypes:
                raise Found(f"its result is {name_of(y.dtype)}, where the operands are {dtypes.pop()}")


def check_modes(subject: Subject, sample: Sample) -> None:
    """With create_graph=True the gradients are the same to the bit; each lies in memory of its own."""
    ran, again = (subject.run(sample, True) for _ in range(2))
    if ran.error is not None or not ran.differentiable:
        return
    plain = went_back(subject.engine, ran)
    recorded = went_back(subject.engine, again, create_graph=True) if subject.order > 1 else plain
    compare_modes(plain, recorded, subject.leaves(sample))
    for name, leaf, g in zip(subject.leaves(sample), ran.leaves, plain, strict=True):
        if g is not None and (g.dtype, g.shape) != (leaf.dtype, leaf.shape):
            raise Found(f"{name}.grad has another dtype or shape than {name}")
    check_owned([g for g in plain if g is not None], ran)
    check_owned([g for g in recorded if g is not None], again)


def compare_modes(plain: list[Any], recorded: list[Any], names: list[str]) -> None:
    """Found, where the gradients are not the same to the bit with create_graph=True."""
    for name, g, h in zip(names, plain, recorded, strict=True):
        if (g is None) != (h is None):
            raise Found(f"{name}.grad is {'None' if h is None else 'there'} with create_graph=True alone")
        if g is not None:
            compare_bits(g, h, f"{name}.grad", "its gradient is another with create_graph=True", "create_graph=True")


def check_owned(gradients: list[Any], ran: Run) -> None:
    """Gradients can be written to, and share no memory with each other, the operands or the results."""
    others = [array_of(x) for x in (*ran.leaves, *results(ran.result))]
    arrays = [array_of(g) for g in gradients]
    for i, (g, array) in enumerate(zip(gradients, arrays)):
        if isinstance(g, Tensor) and not (g.array.flags.writeable and g.array.flags.owndata):
            raise Found("a gradient is no array of its own: it cannot be written to, or is a part of another")
        if any(np.shares_memory(array, other) for other in [*arrays[:i], *others]):
            raise Found("a gradient shares memory with an operand, a result or another gradient")


def check_dtype_of_rules(subject: Subject, sample: Sample) -> None:
    """Where all floats have one dtype, the rules compute in it: the engine has nothing to cast.

    It would cast a gradient of the wrong dtype, at the price of computing it in, say, float64.
    """
    if subject.engine is not minigrad or "dtype" in sample.options:
        return
    ran = subject.run(sample, True)
    floats = [*float_arrays([*sample.operands, *sample.options.values()]), *map(array_of, results(ran.result))]
    if len({x.dtype for x in floats}) == 1 and ran.differentiable:
        with refusing_to_cast():
            backward(subject.engine, ran)


@contextmanager
def refusing_to_cast() -> Iterator[None]:
    """Let the engine refuse to cast a rule's gradient to the dtype of its operand."""

    def refuse(gradient: Any, dtype: Any) -> Any:
        raise Found(f"a rule returns {gradient.dtype} for an operand of {dtype}".replace("minigrad.", ""))

    cast, broadcasting.cast = broadcasting.cast, refuse  # type: ignore[assignment]
    try:
        yield
    finally:
        broadcasting.cast = cast


def check_memory(subject: Subject, sample: Sample) -> None:
    """A result that shares memory with an operand is a view of it."""
    if subject.engine is minigrad:
        for x, y in operands_and_results(subject, sample):
            if np.shares_memory(x.array, y.array) and changes_of(x) is not changes_of(y):
                raise Found("its result shares memory with an operand, and is no view: a change of one changes both")


def operands_and_results(subject: Subject, sample: Sample) -> Iterator[tuple[Any, Any]]:
    """Each tensor that a call was given with each that it gave."""
    given: list[Any] = []

    def call(engine: Any, *operands: Any, **options: Any) -> Any:
        given.extend(results(operands))
        return subject.call(engine, *operands, **options)

    for y in results(run(call, subject.engine, sample).result):
        for x in given:
            if isinstance(x, Tensor) and isinstance(y, Tensor):
                yield x, y

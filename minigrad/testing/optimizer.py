"""`check_optimizer`: an optimizer of one's own, beside PyTorch's, minigrad's, or a formula."""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad
from minigrad.testing import blame
from minigrad.testing.calls import ROUNDING, Tolerance, array_of, name_of
from minigrad.testing.checks import compare_arrays, compare_bits, said
from minigrad.testing.finding import Found
from minigrad.testing.given import a_list, names_known, optimizer_maker, stepper, values_of_options
from minigrad.testing.module import library_of_layer
from minigrad.testing.op import CheckError, drawn, is_alike, meaning, what_is_found
from minigrad.testing.program import beginning, made
from minigrad.testing.samples import FLOATS, Draw, array, shape
from minigrad.testing.smallest import rounded
from minigrad.testing.writing import Written, written

__all__ = ["OptimizerChecks", "check_optimizer", "optimizer_checks"]


@dataclass(frozen=True)
class Life:
    """What an optimizer is tried on: parameters, their gradients in each step (None: none), options."""

    parameters: list[Any]
    gradients: list[list[Any]]
    options: dict[str, Any]


def lives(draw: Draw, options: dict[str, Any], dtypes: Sequence[str], steps: int) -> Life:
    """A life."""
    dtype = draw(st.sampled_from(list(dtypes)))

    def numbers(size: tuple[int, ...]) -> Any:
        return array(draw, True, size).astype(dtype)

    shapes = [shape(draw, True) for _ in range(draw(st.sampled_from((1, 2))))]
    gradients = [[None if draw(st.integers(0, 5)) == 5 else numbers(size) for size in shapes] for _ in range(steps)]
    chosen = {}
    for name, values in options.items():
        strategy = values if isinstance(values, st.SearchStrategy) else st.sampled_from(list(values))
        if draw(st.booleans()):
            chosen[name] = draw(strategy)
    return Life([numbers(size) for size in shapes], gradients, chosen)


Optimizer = Callable[..., Any]


@dataclass(frozen=True)
class OptimizerChecks:
    """The checks of one optimizer: `run()` makes all of them, `run("values")` one."""

    make: Optimizer
    engine: Any
    expected: Callable[[Life], list[list[Any]]] | None
    """The parameters after each step, as arrays."""
    by: str
    options: dict[str, Any]
    dtypes: Sequence[str]
    steps: int
    examples: int
    within: Tolerance | None
    without: Sequence[str] = ()
    reference: Any = None
    samples: list[Life] = field(init=False, default_factory=list, repr=False)

    @property
    def name(self) -> str:
        """What messages call the optimizer."""
        return blame.name_of(self.make)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the checks that are made."""
        return tuple(
            name for name in CHECKS if name not in self.without and (name != "values" or self.expected is not None)
        )

    def run(self, *names: str) -> None:
        """Make these checks, or all.  CheckError for the first that fails."""
        __tracebackhide__ = True
        if not self.samples:
            self.samples.extend(drawn(lambda draw: lives(draw, self.options, self.dtypes, self.steps), self.examples))
        for name in names or self.names:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a step without gradients
                failures = ((life, what_is_found(partial(CHECKS[name], self), life)) for life in self.samples)
                first = next(((life, found) for life, found in failures if found is not None), None)
                error = None if first is None else self.error(name, *first)
            if error is not None:
                raise error

    def error(self, name: str, life: Life, found: Found) -> CheckError:
        """What is wrong, in the shortest of lives that shows it, and a program."""
        check = partial(CHECKS[name], self)
        life = shortest(life, lambda other: is_alike(what_is_found(check, other), found))
        found = what_is_found(check, life) or found
        text = self.program(life)
        lines = [f"{self.name}: {found.words}", *([f"  {found.number}"] if found.number else [])]
        lines += [f"  {found.hint}"] if found.hint else []
        step = getattr(self.make, "step", None)
        lines += [f"  {line}" for line in (blame.shown(step) if step and blame.is_of_user(step) else ())]
        lines += ["", "To see it, save this and run it:", "", *(f"    {line}".rstrip() for line in text.splitlines())]
        return CheckError("\n".join([*lines, "", f'This is the check "{name}": {meaning(CHECKS[name])}']), name, text)

    def program(self, life: Life) -> str:
        """What shows the parameters after each step."""
        mine = written(self.make)
        theirs = written(self.reference) if inspect.isclass(self.reference) else None
        engines = [self.engine.__name__, *([library_of_layer(self.reference).__name__] if theirs else [])]
        lines = beginning(engines, mine, theirs)
        lines += [*steps_of(self.engine.__name__, mine, life)]
        if theirs is not None:
            lines += ["", *steps_of(library_of_layer(self.reference).__name__, theirs, life)]
        return "\n".join(lines)

    def parameters(self, life: Life) -> list[Any]:
        """The parameters of a life, as leaves."""
        return [self.engine.from_numpy(x.copy()).requires_grad_() for x in life.parameters]

    def live(self, life: Life) -> tuple[list[Any], list[list[Any]]]:
        """The parameters at the end, and as arrays after each step."""
        return lived(self.engine, self.make, life)


def steps_of(engine: str, optimizer: Written, life: Life) -> list[str]:
    """The lines of a program that go through a life."""
    options = [f"{name}={value!r}" for name, value in life.options.items()]
    parameters = ", ".join(made(engine, x, True) for x in life.parameters)
    lines = [f"parameters = [{parameters}]", f"optimizer = {optimizer.call('parameters', *options)}"]
    for gradients in life.gradients:
        for i, g in enumerate(gradients):
            lines.append(f"parameters[{i}].grad = {made(engine, g)}")
        lines += ["optimizer.step()", "print(parameters)"]
    return lines


def lived(engine: Any, make: Optimizer, life: Life) -> tuple[list[Any], list[list[Any]]]:
    """An optimizer's life: the parameters at the end, and as arrays after each step."""
    parameters = [engine.from_numpy(x.copy()).requires_grad_() for x in life.parameters]
    optimizer, after = make(parameters, **life.options), []
    for gradients in life.gradients:
        give(engine, parameters, gradients)
        optimizer.step()
        after.append([array_of(p).copy() for p in parameters])
    return parameters, after


def give(engine: Any, parameters: list[Any], gradients: list[Any]) -> None:
    """Give parameters their gradients of a step."""
    for p, g in zip(parameters, gradients):
        p.grad = None if g is None else engine.from_numpy(g.copy())


def shortest(life: Life, fails: Callable[[Life], bool]) -> Life:
    """A life with fewer steps, parameters, options and elements in which it fails still."""
    better = True
    while better:
        better = False
        for other in shorter_than(life):
            if fails(other):
                life, better = other, True
                break
    return life


def shorter_than(life: Life) -> list[Life]:
    """Lives that are a little shorter."""
    others = [Life(life.parameters, life.gradients[:-1], life.options)] if len(life.gradients) > 1 else []
    if len(life.parameters) > 1:
        others += [part_of(life, i) for i in range(len(life.parameters))]
    for name in life.options:
        fewer = {other: value for other, value in life.options.items() if other != name}
        others += [Life(life.parameters, life.gradients, fewer)]
    for digits in (1, 2):
        rounder = partial(without_digits, digits=digits)
        if any(not np.array_equal(x, rounder(x)) for x in life.parameters):
            gradients = [[*map(rounder, each)] for each in life.gradients]
            others += [Life([*map(rounder, life.parameters)], gradients, life.options)]
    if any(x.ndim for x in life.parameters):

        def first(x: Any) -> Any:
            return None if x is None else np.asarray(x[0]) if x.ndim else x

        others.append(Life([*map(first, life.parameters)], [[*map(first, g)] for g in life.gradients], life.options))
    return others


def without_digits(x: Any, digits: int) -> Any:
    """An array with rounder numbers."""
    return None if x is None else rounded(x, digits)


def part_of(life: Life, i: int) -> Life:
    """The life of one parameter alone."""
    return Life([life.parameters[i]], [[gradients[i]] for gradients in life.gradients], life.options)


# The checks -----------------------------------------------------------------------------------------------------


def check_runs(checks: OptimizerChecks, life: Life) -> None:
    """It is made with each of the options, and steps."""
    try:
        checks.live(life)
    except Exception as error:
        raise Found(f"it raises {said(error)}") from error


def check_values(checks: OptimizerChecks, life: Life) -> None:
    """The parameters after each step are the reference's."""
    assert checks.expected is not None
    within = checks.within or ROUNDING[life.parameters[0].dtype.name]
    for step, (mine, theirs) in enumerate(zip(checks.live(life)[1], checks.expected(life))):
        for i, (p, q) in enumerate(zip(mine, theirs)):
            try:
                compare_arrays(p, np.asarray(q), within, checks.by, f"parameters[{i}]")
            except Found as found:
                raise Found(f"its parameters are wrong after step {step + 1}", found.number) from None


def check_in_place(checks: OptimizerChecks, life: Life) -> None:
    """It changes the parameters in place, in their dtype; not those without a gradient, and no gradient."""
    parameters = checks.parameters(life)
    optimizer = checks.make(parameters, **life.options)
    for gradients in life.gradients:
        give(checks.engine, parameters, gradients)
        held = [(p, p.grad, array_of(p), array_of(p).copy()) for p in parameters]
        optimizer.step()
        for i, ((p, grad, memory, before), g) in enumerate(zip(held, gradients)):
            if p.grad is not grad or (g is not None and not np.array_equal(array_of(grad), g)):
                raise Found(f"it changes the gradient of parameters[{i}]")
            if name_of(p.dtype) != before.dtype.name:
                raise Found(f"parameters[{i}] becomes {name_of(p.dtype)}, and was {before.dtype.name}")
            if not np.shares_memory(array_of(p), memory):
                raise Found(
                    f"parameters[{i}] is no longer in the memory where it was: a model that has it sees no change"
                )
            if g is None and not np.array_equal(array_of(p), before):
                raise Found(f"it changes parameters[{i}], which has no gradient")


def check_owned(checks: OptimizerChecks, life: Life) -> None:
    """What it keeps shares no memory with parameters and gradients."""
    parameters = checks.parameters(life)
    optimizer = checks.make(parameters, **life.options)
    give(checks.engine, parameters, life.gradients[0])
    optimizer.step()
    for i, p in enumerate(parameters):
        others = [("the parameter", p), *([("its gradient", p.grad)] if p.grad is not None else [])]
        for name, kept in optimizer.state.get(p, {}).items():
            for what, x in others:
                if hasattr(kept, "detach") and np.shares_memory(array_of(kept), array_of(x)):
                    raise Found(f"its state {name!r} of parameters[{i}] is the memory of {what}")


def check_repeatable(checks: OptimizerChecks, life: Life) -> None:
    """The same life again gives the same bits."""
    for i, (p, q) in enumerate(zip(checks.live(life)[0], checks.live(life)[0])):
        compare_bits(p, q, f"parameters[{i}]", "it gives another number each time")


def check_state(checks: OptimizerChecks, life: Life) -> None:
    """Another that loads its state_dict midway goes on with the same bits."""
    half = len(life.gradients) // 2
    parameters = checks.parameters(life)
    optimizer = checks.make(parameters, **life.options)
    for step, gradients in enumerate(life.gradients):
        if step == half:
            state = copy.deepcopy(optimizer.state_dict())
            parameters = [checks.engine.from_numpy(array_of(p).copy()).requires_grad_() for p in parameters]
            optimizer = checks.make(parameters, **life.options)
            optimizer.load_state_dict(state)
        give(checks.engine, parameters, gradients)
        optimizer.step()
    for i, (p, q) in enumerate(zip(parameters, checks.live(life)[0])):
        compare_bits(
            p, q, f"parameters[{i}]", "its state_dict is not all that its steps depend on", "going on without it"
        )


def check_groups(checks: OptimizerChecks, life: Life) -> None:
    """Each group has options of its own: with another lr for the second, the first goes on as alone."""
    if len(life.parameters) < 2 or "lr" not in inspect.signature(checks.make).parameters:
        return
    parameters = checks.parameters(life)
    groups = [{"params": parameters[:1]}, {"params": parameters[1:], "lr": 0.0625}]
    optimizer = checks.make(groups, **life.options)
    for gradients in life.gradients:
        give(checks.engine, parameters, gradients)
        optimizer.step()
    for i, options in enumerate((life.options, {**life.options, "lr": 0.0625})):
        alone = replace(part_of(life, i), options=options)
        compare_bits(parameters[i], checks.live(alone)[0][0], f"parameters[{i}]", GROUPS, "an optimizer of its own")


GROUPS = "a group of parameters is not stepped with its own options"

CHECKS: dict[str, Callable[[OptimizerChecks, Life], None]] = {
    "runs": check_runs,
    "values": check_values,
    "in place": check_in_place,
    "owned": check_owned,
    "repeatable": check_repeatable,
    "state": check_state,
    "groups": check_groups,
}
"""The checks by their names, in the order in which they are made."""


# What is given --------------------------------------------------------------------------------------------------


def check_optimizer(make: Optimizer, reference: Any = None, **how: Any) -> None:
    """Check an optimizer of one's own over some steps; CheckError for what is wrong, with a program that shows it.

    make: its class.  reference: another optimizer's class, of minigrad or PyTorch, or a formula: a function of NumPy
    arrays (p, g, state, **options), which returns the new p and may keep what it wants in state, a dictionary for each
    parameter.  The other arguments are those of `optimizer_checks`, which makes the checks without running them.

    >>> from minigrad import optim
    >>> def descend(p, g, state, lr=1e-3):
    ...     return p - lr * g
    >>> check_optimizer(optim.SGD, descend, options={"lr": (0.1, 0.5)}, examples=5)
    """
    __tracebackhide__ = True
    optimizer_checks(make, reference, **how).run()


def optimizer_checks(
    make: Optimizer,
    reference: Any = None,
    *,
    options: dict[str, Any] | None = None,
    dtypes: Sequence[str] = ("float32", "float64"),
    steps: int = 4,
    examples: int = 20,
    rtol: float | None = None,
    atol: float | None = None,
    without: Sequence[str] = (),
) -> OptimizerChecks:
    """The checks of an optimizer, which `run()` makes.

    options: for each option its values, or a strategy; it is also left out.  steps: so many are made.  The rest: as
    `op_checks`.
    """
    optimizer_maker(make)
    names_known(without, CHECKS)
    a_list("dtypes", dtypes, str, '["float32"]')
    if set(dtypes) - set(FLOATS):
        raise ValueError(f"parameters are of {', '.join(FLOATS)}, not of {', '.join(dtypes)}")
    within = None if rtol is None and atol is None else (rtol or 0.0, atol or 0.0)
    expected = None if reference is None else expected_by(reference)
    by = "" if reference is None else blame.name_of(reference)
    engine = library_of_layer(make) if inspect.isclass(make) else minigrad
    given = (values_of_options(options), dtypes, steps, examples, within, without, reference)
    return OptimizerChecks(make, engine, expected, by, *given)


def expected_by(reference: Any) -> Callable[[Life], list[list[Any]]]:
    """The parameters after each step, by another optimizer or a formula."""
    stepper(reference)
    if inspect.isclass(reference):
        engine = library_of_layer(reference)
        return lambda life: lived(engine, reference, life)[1]

    def by_formula(life: Life) -> list[list[Any]]:
        parameters = [x.copy() for x in life.parameters]
        states: list[dict[str, Any]] = [{} for _ in parameters]
        after = []
        for gradients in life.gradients:
            stepped = zip(parameters, gradients, states)
            parameters = [p if g is None else step(p, g, s, life.options) for p, g, s in stepped]
            after.append(parameters)
        return after

    def step(p: Any, g: Any, state: dict[str, Any], options: dict[str, Any]) -> Any:
        try:
            p = reference(p, g, state, **options)
        except Exception as error:
            raise Found(f"its reference {blame.name_of(reference)} raises {said(error)}") from error
        if p is None:
            raise Found(f"its reference {blame.name_of(reference)} returns None: is a `return` missing?")
        return np.asarray(p)

    return by_formula

"""`check_op`: an op of one's own, by itself, beside finite differences, and beside a reference."""

from __future__ import annotations

import inspect
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import minigrad
from minigrad.tensor import Tensor
from minigrad.testing import blame, checks
from minigrad.testing.calls import Call, Run, Tolerance, run, tolerance
from minigrad.testing.checks import Subject, at_ties
from minigrad.testing.finding import Found
from minigrad.testing.given import a_list, function_of_tensors, names_known, values_of_options
from minigrad.testing.gpu import check_on_gpu
from minigrad.testing.program import program
from minigrad.testing.samples import Draw, Make, Sample, smoothed
from minigrad.testing.smallest import smallest
from minigrad.testing.strategies import broadcastable, make_of, perhaps_of
from minigrad.testing.writing import Written, written

__all__ = ["CheckError", "Checks", "check_op"]


class CheckError(AssertionError):
    """What is wrong with an op, on the smallest sample that shows it.

    check: the name of the check.  program: what to save and run to see it.
    """

    def __init__(self, words: str, check: str, program: str) -> None:
        super().__init__(words)
        self.check, self.program = check, program


CheckError.__module__ = "minigrad.testing"  # where a user finds it


@dataclass(frozen=True)
class Property:
    """One of the checks."""

    check: Callable[..., Any]
    smooth: bool = False
    """Whether its samples are of float64, without ties and infinities."""
    reference: bool | None = None
    """Whether it is for ops with a reference, for those without, or for all (None)."""
    starts: bool = False
    """Whether it takes `kind`: what a backward pass starts from."""


PROPERTIES = {
    "runs": Property(checks.check_runs),
    "values": Property(checks.check_values, reference=True),
    "kept": Property(checks.check_kept, reference=False),
    "unchanged": Property(checks.check_unchanged),
    "repeatable": Property(checks.check_repeatable),
    "memory": Property(checks.check_memory),
    "first": Property(checks.check_first, smooth=True, starts=True),
    "kinks": Property(checks.check_kinks, starts=True),
    "gradients": Property(checks.check_gradients, reference=True, starts=True),
    "rules": Property(checks.check_dtype_of_rules),
    "modes": Property(checks.check_modes),
    "second": Property(checks.check_second, smooth=True, starts=True),
    "gpu": Property(check_on_gpu),
}
"""The checks by their names, in the order in which they are made: what fails first says most."""

OPTIONAL = {
    "masked": Property(checks.check_masked, reference=True),
    "orders": Property(checks.check_orders, reference=True),
}
"""What is checked if it is asked for, by `also`: a good op may do otherwise."""


def meaning(check: Any) -> str:
    """What a check is for."""
    return (getattr(check, "func", check).__doc__ or "").partition("\n")[0]


@dataclass(frozen=True)
class Checks:
    """The checks of one op: `run()` makes all of them, `run("first")` one.  A pytest plugin makes each a test."""

    subject: Subject
    op: Any
    make: Make
    reference: Any = None
    examples: int = 50
    without: Sequence[str] = ()
    spelled: Written | None = None
    """How a program calls the op, where that is no function's name."""
    spelled_reference: Written | None = None
    inputs: int | None = None
    """How many of the operands may have another shape; None for all."""
    properties: dict[str, Property] = field(default_factory=lambda: PROPERTIES)
    """All checks that there are."""
    names: tuple[str, ...] = field(init=False)
    """The names of the checks that are made."""
    drawn: dict[bool, list[Sample]] = field(init=False, default_factory=dict, repr=False)
    """The samples, of wild numbers and of smooth ones."""

    def __post_init__(self) -> None:
        names_known(self.without, self.properties)
        has = self.reference is not None
        asked = [name for name, each in self.properties.items() if each.reference in (None, has)]
        asked = [name for name in asked if name not in self.without]
        object.__setattr__(self, "names", tuple(asked))

    def run(self, *names: str) -> None:
        """Make these checks, or all.  CheckError for the first that fails."""
        __tracebackhide__ = True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of overflow, by ops that compute without `quiet`
            error = self.first_error(names or self.names)
        if error is not None:
            raise error

    def first_error(self, names: Sequence[str]) -> CheckError | None:
        """The error of the first of these checks that fails, or else of there being nothing to check."""
        for name in names:
            if (failure := self.failing(name)) is not None:
                return self.error(name, *failure)
        return self.refusing_everything()

    def refusing_everything(self) -> CheckError | None:
        """The error where it refuses every sample of a kind, so that nothing would be checked."""
        for smooth, of in ((False, ""), (True, " of float64, which finite differences need")):
            errors = [self.subject.run(sample).error for sample in self.samples(smooth)]
            seen = not smooth and self.reference is None and "runs" in self.names  # by that check
            if all(errors) and not seen:
                said = checks.said(errors[-1])  # type: ignore[arg-type]
                words = f"{self.subject.name}: it refuses all {len(errors)} samples{of}, the last with {said}"
                return CheckError(f"{words}\nDraw others: `inputs=`", "runs", "")
        return self.without_reference()

    def without_reference(self) -> CheckError | None:
        """The error where the reference refuses every sample, so that nothing would be compared."""
        if self.reference is None:
            return None
        errors = [self.subject.run_reference(sample).error for sample in self.samples(False)]
        if not all(errors):
            return None
        said = checks.said(errors[-1])  # type: ignore[arg-type]
        words = f"{self.subject.by} refuses all {len(errors)} samples, the last with {said}"
        return CheckError(f"{self.subject.name}: {words}\nGive another: `reference=`", "values", "")

    def failing(self, name: str) -> tuple[Sample, Found] | None:
        """The first sample that a check fails on, and what it finds."""
        each = self.properties[name]
        for sample in self.samples(each.smooth):
            if (found := what_is_found(partial(each.check, self.subject), sample)) is not None:
                return sample, found
        return None

    def samples(self, smooth: bool) -> list[Sample]:
        """The samples of one kind: drawn once, and the same each time that a program is run."""
        if smooth not in self.drawn:
            number = max(self.examples // 5, 10) if smooth else self.examples
            samples = drawn(lambda draw: self.make(draw, smooth), number)
            self.drawn[smooth] = [smoothed(sample) for sample in samples] if smooth else samples
        return self.drawn[smooth]

    def error(self, name: str, sample: Sample, found: Found) -> CheckError:
        """The error for the user: what is wrong on the smallest sample, whose fault it may be, a program."""
        each = self.properties[name]
        kind, check = "drawn", partial(each.check, self.subject)
        sample = smallest(sample, lambda other: is_alike(what_is_found(check, other), found), self.inputs)
        if each.starts:
            ones = partial(each.check, self.subject, kind="ones")
            if is_alike(again := what_is_found(ones, sample), found):
                kind, check = "ones", ones
                sample = smallest(sample, lambda other: is_alike(what_is_found(check, other), again), self.inputs)
        first, found = found, what_is_found(check, sample) or found
        found.hint = first.hint or found.hint
        sample = at_ties(sample) if name == "kinks" else sample
        ran = run(self.subject.call, self.subject.engine, sample, True)
        reference = None if self.reference is None else self.spelled_reference or written(self.reference)
        text = program(self.subject, self.spelled or written(self.op), reference, sample, name, kind, found, ran)
        return CheckError("\n".join(self.lines(name, found, ran, text)), name, text)

    def lines(self, name: str, found: Found, ran: Run, text: str) -> list[str]:
        """What the error says."""
        lines = [f"{self.subject.name}: {found.words}"]
        if found.number is not None:
            lines += [f"  {found.number}"]
        if found.hint:
            lines += [f"  {found.hint}"]
        lines += [f"  {line}" for line in self.culprits(name, found, ran)]
        lines += ["", "To see it, save this and run it:", ""]
        lines += [f"    {line}".rstrip() for line in text.splitlines()]
        return [*lines, "", f'This is the check "{name}": {meaning(self.properties[name].check)}']

    def culprits(self, name: str, found: Found, ran: Run) -> list[str]:
        """The rules of the user's that the wrong gradient came through; else the op itself."""
        leaves = []
        if found.number is not None and found.number.leaf is not None:
            leaves = [ran.leaves[min(found.number.leaf, len(ran.leaves) - 1)]]
        elif name in ("rules", "modes") or "backward pass" in found.words:
            leaves = ran.leaves
        rules = [rule for leaf in leaves for rule in blame.rules_between(ran.differentiable, leaf)]
        own = inspect.unwrap(getattr(getattr(self.op, "__self__", None), "forward", self.op))
        of_user = [rule for rule in rules if blame.is_of_user(rule)]
        if not of_user and blame.is_of_user(own):
            return list(blame.shown(own))
        shown = [line for rule in (of_user or rules)[:3] for line in blame.shown(rule)]
        return [f"the rule {shown[0]}", *shown[1:]] if shown else []


def drawn(make: Callable[[Draw], Any], number: int) -> list[Any]:
    """So many samples.  Nothing is left for hypothesis to shrink: `smallest` does that, once a check fails."""
    found = []

    @settings(
        max_examples=number,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def draw(data: st.DataObject) -> None:
        found.append(make(data.draw))

    draw()
    return found


def what_is_found(check: Callable[[Any], Any], sample: Any) -> Found | None:
    """What a check finds on a sample, if anything."""
    try:
        check(sample)
    except Found as found:
        return found
    except Exception as error:
        return Found(f"it raises {checks.said(error)}")
    return None


def is_alike(found: Found | None, other: Found | None) -> bool:
    """Whether two samples show the same: in the same words, but for numbers."""
    if found is None or other is None:
        return False
    alike = (re.sub(r"[\d\[(].*", "", each.words) for each in (found, other))
    return len(set(alike)) == 1 and (found.number is None) == (other.number is None)


# What is given ----------------------------------------------------------------------------------------------


def check_op(op: Any, reference: Any = None, **how: Any) -> None:
    """Check an op of one's own on drawn samples; CheckError for what is wrong, with the smallest program that shows it.

    op: a function of tensors, minigrad's (made by `record`, or of other ops) or PyTorch's, or `MyFunction.apply`.
    reference: a function that gives the right values: PyTorch's or minigrad's (then its gradients are compared, too),
    or NumPy's.  Without one the gradients are compared with finite differences alone.  The other arguments are those
    of `op_checks`, which makes the checks without running them.

    >>> from minigrad.autograd import raw, record
    >>> def double(x):
    ...     return record(raw(x) * 2, (x,), (double_dx,))
    >>> def double_dx(g, _out, _x):
    ...     return g * 2
    >>> check_op(double, examples=10)
    """
    __tracebackhide__ = True
    op_checks(op, reference, **how).run()


def op_checks(
    op: Any,
    reference: Any = None,
    *,
    inputs: Any = None,
    options: dict[str, Any] | None = None,
    constants: Sequence[int] = (),
    dtypes: Sequence[str] = ("float32", "float64"),
    examples: int = 50,
    order: int = 2,
    rtol: float | None = None,
    atol: float | None = None,
    without: Sequence[str] = (),
    also: Sequence[str] = (),
    engine: Any = None,
    name: str | None = None,
) -> Checks:
    """The checks of an op, which `run()` makes; a module's `checks = op_checks(...)` are tests for the pytest plugin.

    inputs: strategies for the operands (`tensors()`, or one for all of them: `broadcastable(2)`); by default tensors
    that broadcast, one for each parameter without a default.  options: for each option its values, or a strategy;
    it is also left out.  constants: which operands do not require grad.  order: how often it can be differentiated.
    rtol, atol: how near to the reference it must be (by default rounding, by the dtype).  without: checks that are
    left out.  also: those that are made, too: "masked" (infinities that arrive stop where the reference does not depend
    on its operand), "orders" (results lie in memory as the reference's).  engine: minigrad or torch, by default what
    the op belongs to.
    """
    function_of_tensors(op)
    names_known(also, OPTIONAL, "also")
    engine = library_of(op) if engine is None else engine
    parameters = names_of_operands(op)
    if inputs is None:
        inputs = broadcastable(max(len(parameters), 1), dtypes=dtypes, unrelated=reference is not None)
    a_list("constants", constants, int, "[1], by position")
    options = values_of_options(options)
    make = make_of(inputs, constants, {option: perhaps_of(values) for option, values in options.items()})
    subject = Subject(
        name or blame.name_of(op),
        lambda _engine, *operands, **given: op(*operands, **given),
        engine,
        names=parameters,
        order=order,
        rounding=partial(rounding, rtol, atol),
        **({} if reference is None else referring(reference)),
    )
    properties = {**PROPERTIES, **{each: OPTIONAL[each] for each in also}}
    return Checks(subject, op, make, reference, examples, without, properties=properties)


def names_of_operands(op: Any) -> tuple[str, ...]:
    """The names of an op's operands: its parameters without a default, but for a Function's ctx."""
    owner = getattr(op, "__self__", None)
    function = getattr(owner, "forward", op) if inspect.isclass(owner) else op
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return ("x",)
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(p.name for p in parameters if p.default is p.empty and p.kind in positional and p.name != "ctx")


def rounding(rtol: float | None, atol: float | None, sample: Sample) -> Tolerance:
    """How near to the reference a result must be."""
    relative, absolute = tolerance(sample, sums=True)
    return relative if rtol is None else rtol, absolute if atol is None else atol


def referring(reference: Any) -> dict[str, Any]:
    """What is known of a reference: its call, its engine, whether it has gradients."""
    function_of_tensors(reference, "reference=")
    engine = library_of(reference)
    by = blame.name_of(reference)
    if engine is np:
        return {"expected": of_arrays(reference), "reference": minigrad, "by": by, "differentiated": False}
    return {
        "expected": lambda _engine, *x, **options: reference(*x, **options),
        "reference": engine,
        "by": by,
        "nan_counts": False,
    }


def of_arrays(function: Any) -> Call:
    """A function of arrays, NumPy's, as one of tensors."""

    def call(_engine: Any, *operands: Any, **options: Any) -> Any:
        arrays = [x.numpy() if isinstance(x, Tensor) else x for x in operands]
        with np.errstate(all="ignore"):
            result = function(*arrays, **options)
        if isinstance(result, (tuple, list)):
            return type(result)(minigrad.from_numpy(np.asarray(y)) for y in result)
        return minigrad.from_numpy(np.asarray(result))

    return call


def library_of(function: Any) -> Any:
    """The library whose tensors a function takes: torch, NumPy or minigrad.

    That of the function, if it is the library's own; else that which its code, its base classes or what it is made of
    names; else minigrad.
    """
    torch = sys.modules.get("torch", minigrad)
    libraries = {"torch": torch, "numpy": np, "minigrad": minigrad}
    for module in modules_named(function):
        head = module.partition(".")[0]
        if head in libraries:
            return libraries[head]
    return minigrad


def modules_named(function: Any) -> list[str]:
    """The modules that a function is from, and those whose names stand in its code."""
    if isinstance(function, np.ufunc):
        return ["numpy"]
    function = getattr(function, "func", function)
    owner = getattr(function, "__self__", None)
    if inspect.isclass(owner):
        return [base.__module__ for base in owner.__mro__ if base.__module__.partition(".")[0] in ("torch", "minigrad")]
    names = [getattr(function, "__module__", None) or getattr(owner, "__name__", None) or type(function).__module__]
    code = getattr(function, "__code__", None)
    if code is not None:
        closure = dict(zip(code.co_freevars, (cell.cell_contents for cell in function.__closure__ or ())))
        values = [{**function.__globals__, **closure}.get(name) for name in (*code.co_names, *code.co_freevars)]
        names += [value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", "") for value in values]
    return [str(name) for name in names]

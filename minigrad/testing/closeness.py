"""`assert_close`: two tensors, numbers, or nested sequences and mappings of them are alike; else PyTorch's words."""

from __future__ import annotations

import cmath
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.arrays import quiet
from minigrad.devices import CPU, moved
from minigrad.engine.graph import wrap
from minigrad.ops.comparison import isclose
from minigrad.ops.creation import as_tensor, tensor
from minigrad.ops.promotion import common_dtype
from minigrad.tensor import Tensor

__all__ = ["assert_allclose", "assert_close"]

TOLERANCES = {dtypes.float16: (0.001, 1e-5), dtypes.float32: (1.3e-6, 1e-5), dtypes.float64: (1e-7, 1e-7)}
"""rtol and atol of each dtype; integers must be equal."""

OLD_TOLERANCES = {dtypes.float16: (1e-3, 1e-3), dtypes.float32: (1e-4, 1e-5), dtypes.float64: (1e-5, 1e-8)}
OF_NUMBERS = {int: (0.0, 0.0), float: (1e-7, 1e-7), complex: (1e-7, 1e-7)}
Message = str | Callable[[str], str] | None


class Mismatch(Exception):
    """What is not alike: the type of the error to raise, its words, and at which item."""

    def __init__(self, kind: type[Exception], words: str, item: tuple[Any, ...]) -> None:
        super().__init__(words)
        self.kind, self.words, self.item = kind, words, item

    def error(self, msg: Message) -> Exception:
        """The error for the user, perhaps in words of their own."""
        words = self.words
        if self.item:
            words += f"\n\nThe failure occurred for item {''.join(str([key]) for key in self.item)}"
        return self.kind(msg if isinstance(msg, str) else msg(words) if callable(msg) else words)


@dataclass
class Comparison:
    """How things are compared."""

    allow_subclasses: bool
    rtol: float | None
    atol: float | None
    equal_nan: bool
    check_device: bool
    check_dtype: bool
    check_stride: bool

    def compare(self, actual: Any, expected: Any, item: tuple[Any, ...] = ()) -> None:
        """Mismatch where two things are not alike; sequences and mappings are compared one by one."""
        if both(actual, expected, Sequence) and not both(actual, expected, str):
            if len(actual) != len(expected):
                words = f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
                raise Mismatch(AssertionError, words, item)
            for index, pair in enumerate(zip(actual, expected)):
                self.compare(*pair, (*item, index))
        elif both(actual, expected, Mapping):
            for key in common_keys(actual, expected, item):
                self.compare(actual[key], expected[key], (*item, key))
        else:
            self.compare_single(actual, expected, item)

    def compare_single(self, actual: Any, expected: Any, item: tuple[Any, ...]) -> None:
        """Two things that are not looked into."""
        if actual is None or expected is None:
            if actual is not expected:
                raise Mismatch(AssertionError, f"None mismatch: {actual} is not {expected}", item)
        elif both(actual, expected, (bool, np.bool_)):
            if bool(actual) is not bool(expected):
                raise Mismatch(AssertionError, f"Booleans mismatch: {bool(actual)} is not {bool(expected)}", item)
        elif both(actual, expected, (int, float, complex, np.number)):
            self.compare_numbers(python_number(actual), python_number(expected), item)
        else:
            self.compare_tensors(*self.as_tensors(actual, expected, item), item)

    def compare_numbers(self, actual: Any, expected: Any, item: tuple[Any, ...]) -> None:
        """Two Python numbers."""
        loosest = [max(pair) for pair in zip(OF_NUMBERS[number_type(actual)], OF_NUMBERS[number_type(expected)])]
        rtol, atol = self.tolerances(loosest, item)
        if self.check_dtype and type(actual) is not type(expected):
            raise Mismatch(AssertionError, f"The (d)types do not match: {type(actual)} != {type(expected)}.", item)
        if actual == expected or (self.equal_nan and cmath.isnan(actual) and cmath.isnan(expected)):
            return
        difference = abs(actual - expected)
        if not (cmath.isfinite(difference) and difference <= atol + rtol * abs(expected)):
            raise Mismatch(AssertionError, words_of_numbers(actual, expected, rtol, atol), item)

    def as_tensors(self, actual: Any, expected: Any, item: tuple[Any, ...]) -> tuple[Tensor, Tensor]:
        """What can be made tensors: both of one type, or of related ones.  TypeError for anything else."""
        related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
        if related and (self.allow_subclasses or type(actual) is type(expected)):
            with suppress(TypeError, ValueError, RuntimeError):
                first, second = (x if isinstance(x, Tensor) else as_tensor(x) for x in (actual, expected))
                return first, second
        words = f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}."
        raise Mismatch(TypeError, words, item)

    def compare_tensors(self, actual: Tensor, expected: Tensor, item: tuple[Any, ...]) -> None:
        """Two tensors: shape, stride, device, dtype, values."""
        default = [max(pair) for pair in zip(*(TOLERANCES.get(x.dtype, (0.0, 0.0)) for x in (actual, expected)))]
        rtol, atol = self.tolerances(default, item)
        attributes = [("shape", actual.shape, expected.shape)]
        if self.check_stride:
            attributes.append(("stride()", actual.stride(), expected.stride()))
        if self.check_device:
            attributes.append(("device", actual.device, expected.device))  # type: ignore[arg-type]
        if self.check_dtype:
            attributes.append(("dtype", actual.dtype, expected.dtype))  # type: ignore[arg-type]
        for name, mine, theirs in attributes:
            if mine != theirs:
                words = f"The values for attribute '{name}' do not match: {mine} != {theirs}."
                raise Mismatch(AssertionError, words, item)
        a, b = (moved(x.array, CPU) for x in (actual, expected))
        common = common_dtype(a.dtype, b.dtype)
        a, b = a.astype(common), b.astype(common)
        matches = isclose(wrap(a), wrap(b), rtol, atol, self.equal_nan).array
        if not matches.all():
            words = words_of_arrays(a, b, matches, rtol, atol)
            raise Mismatch(AssertionError, words, item)

    def tolerances(self, default: list[float], item: tuple[Any, ...]) -> tuple[float, float]:
        """rtol and atol.  ValueError where one of them is given without the other."""
        if (self.rtol is None) != (self.atol is None):
            missing = "rtol" if self.rtol is None else "atol"
            words = f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}."
            raise Mismatch(ValueError, words, item)
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        return default[0], default[1]


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: Message = None,
) -> None:
    """AssertionError unless two tensors, arrays or numbers, or nested ones, actual and expected, are alike.

    Close is |actual - expected| <= atol + rtol * |expected|, with tolerances after the dtype (float32: 1.3e-6 and
    1e-5), or both of one's own.  equal_nan: nan is alike to nan.  Also their shape, device and dtype must be equal, and
    the stride if that is asked for: check_device, check_dtype, check_stride; check_layout is accepted, for there is
    one.  allow_subclasses=False: of one type.  msg: other words for the error, or a function of PyTorch's.  ValueError
    for one tolerance without the other, TypeError for what cannot be compared.
    https://docs.pytorch.org/docs/stable/testing.html#torch.testing.assert_close

    >>> import minigrad as torch
    >>> torch.testing.assert_close(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.5]))
    Traceback (most recent call last):
    AssertionError: Tensor-likes are not close!
    <BLANKLINE>
    Mismatched elements: 1 / 2 (50.0%)
    Greatest absolute difference: 0.5 at index (1,) (up to 1e-05 allowed)
    Greatest relative difference: 0.20000000298023224 at index (1,) (up to 1.3e-06 allowed)
    """
    __tracebackhide__ = True
    _ = check_layout  # there is one
    how = Comparison(allow_subclasses, rtol, atol, equal_nan, check_device, check_dtype, check_stride)
    try:
        how.compare(actual, expected)
    except Mismatch as mismatch:
        error = mismatch.error(msg)
    else:
        return
    raise error


def assert_allclose(
    actual: Any,
    expected: Any,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = True,
    msg: str = "",
) -> None:
    """`assert_close` without a look at dtype and device, by its old name: a FutureWarning."""
    __tracebackhide__ = True
    warnings.warn(
        "`torch.testing.assert_allclose()` is deprecated since 1.12 and will be removed in a future release. Please "
        "use `torch.testing.assert_close()` instead. You can find detailed upgrade instructions in "
        "https://github.com/pytorch/pytorch/issues/61844.",
        FutureWarning,
        stacklevel=2,
    )
    actual = actual if isinstance(actual, Tensor) else tensor(actual)
    expected = expected if isinstance(expected, Tensor) else tensor(expected, dtype=actual.dtype)
    if rtol is None and atol is None:
        rtol, atol = (max(pair) for pair in zip(*(OLD_TOLERANCES.get(x.dtype, (0.0, 0.0)) for x in (actual, expected))))
    assert_close(actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False, msg=msg or None)


def both(actual: Any, expected: Any, kind: Any) -> bool:
    """Whether both are of a kind."""
    return isinstance(actual, kind) and isinstance(expected, kind)


def python_number(x: Any) -> Any:
    """One of NumPy's as Python's."""
    return x.item() if isinstance(x, np.number) else x


def number_type(x: Any) -> type:
    """int, float or complex; a bool beside a number is an int."""
    return int if isinstance(x, bool) else type(x)


def common_keys(actual: Any, expected: Any, item: tuple[Any, ...]) -> list[Any]:
    """The keys of two mappings, which must be the same."""
    mine, theirs = set(actual), set(expected)
    if mine != theirs:
        words = (
            "The keys of the mappings do not match:\n"
            f"Missing keys in the actual mapping: {sorted(theirs - mine)}\n"
            f"Additional keys in the actual mapping: {sorted(mine - theirs)}"
        )
        raise Mismatch(AssertionError, words, item)
    with suppress(TypeError):
        return sorted(mine)
    return list(mine)


# In words -------------------------------------------------------------------------------------------------------


def words_of_arrays(a: Any, b: Any, matches: Any, rtol: float, atol: float) -> str:
    """What differs between two arrays, and where most."""
    if not a.shape:
        return words_of_numbers(a.item(), b.item(), rtol, atol)
    wrong, size = int(matches.size - matches.sum()), matches.size
    kind = a.dtype if a.dtype.kind == "f" else np.dtype(np.int64)
    with quiet():
        absolute = np.where(matches, 0, abs(a.astype(kind) - b.astype(kind)))
        divided = (
            absolute / abs(b.astype(kind)) if kind.kind == "f" else divided_as_floats(absolute, abs(b.astype(kind)))
        )
        relative = np.where(matches, 0, divided)
    extra = f"Mismatched elements: {wrong} / {size} ({wrong / size:.1%})"
    return words("Tensor-likes", extra, largest(absolute), largest(relative), rtol, atol)


def divided_as_floats(a: Any, b: Any) -> Any:
    """The quotient of integers in float32, as PyTorch's."""
    return a.astype(np.float32) / b.astype(np.float32)


def largest(x: Any) -> tuple[Any, tuple[int, ...]]:
    """The first largest element and its index; nan is larger than any number."""
    place = tuple(map(int, np.unravel_index(int(np.argmax(x)), x.shape)))
    return x[place].item(), place


def words_of_numbers(actual: Any, expected: Any, rtol: float, atol: float) -> str:
    """What differs between two numbers."""
    absolute = abs(actual - expected)
    relative = float("inf") if expected == 0 else absolute / abs(expected)
    return words("Scalars", f"Expected {expected} but got {actual}.", (absolute, None), (relative, None), rtol, atol)


def words(what: str, extra: str, absolute: tuple[Any, Any], relative: tuple[Any, Any], rtol: float, atol: float) -> str:
    """PyTorch's message."""
    equality = rtol == 0 and atol == 0
    lines = [f"{what} are not {'equal' if equality else 'close'}!\n", extra]
    for name, (difference, index), allowed in (("absolute", absolute, atol), ("relative", relative, rtol)):
        where = f" at index {index}" if index is not None else ""
        head = f"{name.title()} difference" if index is None else f"Greatest {name} difference"
        lines.append(f"{head}: {difference}{where}" + ("" if equality else f" (up to {allowed} allowed)"))
    return "\n".join(lines)

"""Where minigrad means to differ from PyTorch, with a sample for each that shows it.

test_ops.py leaves these cases out, and checks that each of them is still a difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from samples import Sample


@dataclass(frozen=True)
class Difference:
    """Ops that differ on some samples, and why."""

    ops: tuple[str, ...]
    reason: str
    applies: Callable[[Sample], bool]
    example: Sample


def dtypes(sample: Sample) -> list[str]:
    """The dtypes of a sample's arrays; a Python number counts as "number"."""
    return [x.dtype.name if isinstance(x, np.ndarray) else "number" for x in sample.operands]


def whole(dtype: str) -> bool:
    """Whether a dtype is one of integers or bools."""
    return "int" in dtype or dtype == "bool"


POWERS = ("pow", "Tensor.__pow__", "Tensor.__rpow__", "Tensor.pow_", "Tensor.__ipow__")
NAN = np.array([np.nan, 1], "float32")

DIFFERENCES = [
    Difference(
        POWERS,
        "a negative power of an integer is an error, also where the exponent is a tensor (PyTorch gives 0 there)",
        lambda sample: all(whole(d) or d == "number" for d in dtypes(sample)),
        Sample((np.array([2]), np.array([-1]))),
    ),
    Difference(
        ("sign", "Tensor.sign"),
        "the sign of nan is nan (PyTorch gives 0)",
        lambda sample: bool(np.isnan(sample.operands[0]).any()),
        Sample((NAN,)),
    ),
    Difference(
        ("all", "any"),
        "all and any of uint8 are bool (in PyTorch uint8)",
        lambda sample: dtypes(sample) == ["uint8"],
        Sample((np.array([1], "uint8"),)),
    ),
    Difference(
        ("all", "any"),
        "all and any over dim=() reduce all dimensions, as sum does (in PyTorch none)",
        lambda sample: sample.options.get("dim") == (),
        Sample((np.array([True, False]),), {"dim": ()}),
    ),
    Difference(
        ("Tensor.__setitem__",),
        "x[positions] = value converts a value of one element to x's dtype (PyTorch does so for masks only)",
        lambda sample: np.ndim(sample.operands[2]) == 0,
        Sample((np.array([1.0, 2.0]), np.array([0]), np.array(3))),
    ),
    Difference(
        ("Tensor.__invert__",),
        "~x of floats is a NotImplementedError, as bitwise_not(x) is (in PyTorch a TypeError)",
        lambda sample: not whole(dtypes(sample)[0]),
        Sample((np.array([1.0]),)),
    ),
]


def differs(op: str, sample: Sample) -> bool:
    """Whether an op means to differ from PyTorch on a sample."""
    return any(op in difference.ops and difference.applies(sample) for difference in DIFFERENCES)

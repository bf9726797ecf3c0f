"""The exercises of the lessons: a module for each, of the lesson's name.

Its docstring says what to look at in the lesson and in its picture, and what is to be written.  START is what an answer
begins with.  Each function `check_...(answer, torch)` looks at one thing, in order, and raises NotYet with a hint; the
first line of its docstring says what is right where it passes.  answer: the module of the learner's file.  torch:
PyTorch or minigrad, whichever the answer runs on.
"""

from __future__ import annotations

import ast
import inspect
from typing import Any


class NotYet(Exception):
    """An answer that is not right yet.  Its text is a hint: where to look, not what to write."""


def expect(condition: Any, hint: str) -> None:
    """NotYet, with a hint, unless a condition holds."""
    if not condition:
        raise NotYet(hint)


def expect_tensor(torch: Any, value: Any, shape: tuple[int, ...], what: str) -> None:
    """NotYet unless a value is a tensor of a shape."""
    expect(isinstance(value, torch.Tensor), f"{what} should be a tensor, and is {type(value).__name__}.")
    expect(tuple(value.shape) == shape, f"{what} should have shape {shape}, and has {tuple(value.shape)}.")


def expect_without(answer: Any, *names: str) -> None:
    """NotYet where the answer uses what it should do without: any name with one of these in it."""
    for node in ast.walk(ast.parse(inspect.getsource(answer))):
        used = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        expect(not any(name in used for name in names), f"`{used}` does it: the exercise is to do without.")


def equal(torch: Any, got: Any, wanted: Any, tolerance: float = 1e-4) -> bool:
    """Whether two tensors are the same but for rounding."""
    return bool(torch.allclose(got, wanted, rtol=tolerance, atol=tolerance))


def factor(torch: Any, got: Any, wanted: Any) -> float | None:
    """The number k of got = k * wanted; None where there is none."""
    k = ((got * wanted).sum() / (wanted * wanted).sum()).item()
    return k if equal(torch, got, k * wanted) else None


def expect_derivative(torch: Any, function: Any, inputs: Any, hint: str) -> None:
    """NotYet unless the gradients of a function agree with finite differences.  inputs: in float64."""
    try:
        agrees = torch.autograd.gradcheck(function, inputs, raise_exception=False)
    except (RuntimeError, ValueError) as error:
        raise NotYet(f"Its gradient cannot be checked: {str(error).splitlines()[0]}") from None
    expect(agrees, hint)

"""Padding layers and F.pad, beside PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from engines import ENGINES
from hypothesis import given, settings
from hypothesis import strategies as st
from twins import check_error, check_twins, numbers

KINDS = ("Constant", "Zero", "Reflection", "Replication", "Circular")


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(data=st.data())
def test_layers(kind: str, dims: int, data: Any) -> None:
    smallest = -1 if kind != "Circular" else 0
    sizes = st.integers(smallest, 3)
    around = data.draw(st.one_of(sizes, st.tuples(*[sizes] * (2 * dims))))
    value = (data.draw(st.sampled_from((2.5, -1, 0))),) if kind == "Constant" else ()
    shape = [data.draw(st.integers(3, 5)) for _ in range(dims + data.draw(st.sampled_from((1, 2))))]
    check_twins(lambda nn: getattr(nn, f"{kind}Pad{dims}d")(around, *value), numbers(*shape), names=kind != "Circular")


def test_a_constant_around_any_dimensions() -> None:
    for engine in ENGINES:
        pad = engine.nn.functional.pad
        x = engine.arange(4).reshape(2, 2)
        assert pad(x, (1, 0), value=7).tolist() == [[7, 0, 1], [7, 2, 3]]
        assert pad(x, (1, 0, -1, 1), "constant", 2.75).tolist() == [[2, 2, 3], [2, 2, 2]]
        assert pad(x, ()).tolist() == x.tolist()
        assert pad(x == 1, (0, 1), value=True).tolist() == [[False, True, True], [False, False, True]]
        assert pad(x, (0, 0, 1, 1, 0, 0)[:4]).shape == (4, 2)


def pad(*args: Any, shape: tuple[int, ...] = (1, 3, 4), **options: Any) -> Callable[[Any], Any]:
    """Ones with a padding."""
    return lambda engine: engine.nn.functional.pad(engine.ones(shape), *args, **options)


ERRORS: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "an odd number": (pad((1, 2, 3)), ["Padding length must be divisible by 2"]),
    "too many": (pad((1,) * 8), ["less than or equal to two times the input dimension", "8", "3"]),
    "too much taken away": (pad((-3, -3)), ["negative output size", "Check dimension 2 of your input"]),
    "fractions": (pad((1.5, 1)), ["argument 'pad' must be tuple of ints", "1.5"]),
    "a mode": (pad((1, 1), "mirror"), ["Unrecognised padding mode", "mirror"]),
    "a value of another mode": (pad((1, 1), "reflect", 2.0), ["doesn't take in value argument"]),
    "as much as there is": (pad((4, 0), "reflect"), ["Padding size should be less than", "(4, 0)", "[1, 3, 4]"]),
    "more than a circle": (pad((5, 0), "circular"), ["wrapping around more than once", "(5, 0)"]),
    "nothing left": (pad((-2, -2), "replicate"), ["too small", "(-2, -2)"]),
    "nothing to repeat": (pad((1, 1), "replicate", shape=(1, 3, 0)), ["[1, 3, 0]", "non-zero dimensions"]),
    "too many dimensions": (pad((1,) * 8, "reflect", shape=(1,) * 6), ["Only 2D, 3D, 4D, 5D padding"]),
    "too few": (pad((1,) * 6, "reflect"), ["Only 2D, 3D, 4D, 5D padding"]),
    "no byte": (lambda t: t.nn.functional.pad(t.ones(2).byte(), (1, 1), value=-1), ["without overflow"]),
    "a layer's dimensions": (lambda t: t.nn.CircularPad2d(1)(t.ones(2, 3)), ["expected 3D or 4D input (got 2D input)"]),
}


@pytest.mark.parametrize("case", ERRORS.values(), ids=ERRORS)
def test_errors_are_of_pytorchs_types_and_say_what_is_wrong(case: Any) -> None:
    call, words = case
    check_error(call, *words)

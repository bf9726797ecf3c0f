"""The same layer in both libraries, made from one seed: what must be equal of the two."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from engines import torch
from hypothesis import strategies as st
from same_draws import bits, in_step

import minigrad

Make = Callable[[Any], Any]
"""Makes a layer from a library's `nn`."""


def numbers(*shape: int, dtype: str = "float64") -> Any:
    """Numbers without a pattern of their own."""
    return np.random.default_rng(5).normal(0, 1, shape).astype(dtype)


def sizes(dims: int, *values: int) -> st.SearchStrategy[Any]:
    """One number, or one for each dimension."""
    return st.one_of(st.sampled_from(values), st.tuples(*[st.sampled_from(values)] * dims))


def twins(make: Make) -> tuple[Any, Any]:
    """A layer of each library from the same seed: drawn alike, printed alike, with the same names and types in it."""
    torch.manual_seed(3)
    minigrad.manual_seed(3)
    theirs, mine = make(torch.nn), make(minigrad.nn)
    in_step()
    assert repr(mine) == repr(theirs)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    for name, value in theirs.state_dict().items():
        assert bits(mine.state_dict()[name]) == bits(value)
    return theirs, mine


def check_twins(make: Make, *inputs: Any, names: bool = True, **options: Any) -> None:
    """The two give the same results, gradients and errors, and so do copies of minigrad's.

    names: the nodes of their graphs are printed alike too.
    """
    theirs, mine = twins(make)
    layers = (theirs.double(), mine.double())
    copies = copy.deepcopy(mine), pickle.loads(pickle.dumps(mine))
    expected = outcome(torch, layers[0], inputs, options)
    for layer in (mine, *copies):
        assert_close(outcome(minigrad, layer, inputs, options), expected, names)


def outcome(engine: Any, layer: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What a layer gives, and all gradients; or the type of its error."""
    leaves = [engine.from_numpy(x.copy()) for x in inputs]
    for leaf in leaves:
        leaf.requires_grad_(leaf.is_floating_point())
    layer.zero_grad()
    try:
        result = layer(*leaves, **options)
    except Exception as error:
        return type(error)
    first, *others = result if isinstance(result, tuple) else (result,)
    names = first.grad_fn.name()
    (first * first).sum().backward()
    return [names, first, *others, *(leaf.grad for leaf in leaves), *(p.grad for p in layer.parameters())]


def assert_close(mine: Any, theirs: Any, names: bool) -> None:
    """Two outcomes are equal, tensors to 1e-10."""
    if isinstance(theirs, type):
        assert isinstance(mine, type), f"{mine} where PyTorch raises {theirs}"
        assert issubclass(mine, theirs)
        return
    assert isinstance(mine, list), f"{mine} where PyTorch computes"
    for y, z in zip(mine, theirs, strict=True):
        if isinstance(z, str):
            assert y == z or not names
        elif z is None:
            assert y is None
        else:
            assert str(y.dtype).partition(".")[2] == str(z.dtype).partition(".")[2]
            np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), 1e-10, 1e-10)


def check_error(call: Callable[[Any], Any], *words: str) -> None:
    """Both libraries raise errors of one type, and minigrad's says all of these words."""
    with pytest.raises(Exception) as theirs:  # noqa: PT011 - whatever PyTorch raises
        call(torch)
    with pytest.raises(theirs.type) as mine:
        call(minigrad)
    for word in words:
        assert word in str(mine.value)

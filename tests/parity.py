"""The same call on PyTorch and on minigrad, and what must be equal afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np
from engines import TENSORS

import minigrad
from minigrad.testing.calls import (  # noqa: F401 - the calls that the tests make
    ROUNDING,
    Run,
    Tolerance,
    backward,
    bind,
    copy_of,
    float_arrays,
    name_of,
    results,
    run,
    tensors_of,
    tolerance,
    upstream,
)


def check_equal(mine: Any, theirs: Any, within: Tolerance | None = (0, 0)) -> None:
    """Two results must have the same types, dtypes, shapes, need of grad, and (unless None) values."""
    if isinstance(theirs, TENSORS):
        assert isinstance(mine, minigrad.Tensor), f"{mine} instead of {theirs}"
        assert name_of(mine.dtype) == name_of(theirs.dtype)
        assert tuple(mine.shape) == tuple(theirs.shape)
        assert mine.requires_grad == theirs.requires_grad
        if within is not None:
            np.testing.assert_allclose(mine.detach().numpy(), theirs.detach().numpy(), *within, equal_nan=True)
    elif isinstance(theirs, (tuple, list)):
        assert len(mine) == len(theirs)
        for each_of_mine, each_of_theirs in zip(mine, theirs, strict=True):
            check_equal(each_of_mine, each_of_theirs, within)
    else:
        assert type(mine) is type(theirs)
        assert mine == theirs


def both_succeeded(mine: Run, theirs: Run) -> bool:
    """Whether both calls gave results; AssertionError where one failed and the other should have.

    minigrad's error must be of PyTorch's type.  It may compute where PyTorch has not implemented a dtype, and
    refuse operands of the wrong kind also where they are empty and PyTorch therefore does not look.
    """
    if mine.error is None and theirs.error is None:
        return True
    refused = isinstance(mine.error, mine_of(type(theirs.error))) if theirs.error else all_empty(theirs.result)
    if not refused and not isinstance(theirs.error, NotImplementedError):
        raise AssertionError(f"minigrad: {mine.error!r}\nPyTorch: {theirs.error!r}") from mine.error
    return False


def mine_of(kind: type[Exception]) -> type[Exception]:
    """minigrad's type of an error of PyTorch's."""
    return minigrad.linalg.LinAlgError if kind.__name__ == "_LinAlgError" else kind


def all_empty(result: Any) -> bool:
    """Whether a result has tensors, but no elements."""
    return all(y.numel() == 0 for y in results(result)) and any(True for _ in results(result))

"""Size answers as torch.Size does, apart from the name of the library."""

import copy
import operator
import pickle

import numpy as np
import pytest
from engines import torch
from hypothesis import given
from hypothesis import strategies as st

from minigrad.size import Size

SIZES = st.lists(st.integers(-1, 5), max_size=5)


def same(got, want):
    """Equal as values, of types of the same name, and printed alike."""
    assert got == want
    assert type(got).__name__ == type(want).__name__
    assert repr(got).replace("minigrad.", "torch.") == repr(want)


@pytest.mark.parametrize(
    ("sizes", "text"),
    [
        ([], "minigrad.Size([])"),
        ((3,), "minigrad.Size([3])"),
        ([64, 1, 28, 28], "minigrad.Size([64, 1, 28, 28])"),
    ],
)
def test_printed_form(sizes, text):
    assert repr(Size(sizes)) == str(Size(sizes)) == f"{Size(sizes)}" == text


@given(SIZES, SIZES)
def test_is_a_tuple(sizes, others):
    size = Size(sizes)
    assert isinstance(size, tuple)
    assert list(size) == sizes
    assert (size == tuple(others)) == (sizes == others)
    assert (size < tuple(others)) == (sizes < others)
    assert hash(size) == hash(tuple(sizes))


@given(SIZES)
def test_numel(sizes):
    same(Size(sizes).numel(), torch.Size(sizes).numel())


@given(st.data(), SIZES)
def test_items_and_slices(data, sizes):
    part = data.draw(st.slices(len(sizes)))
    same(Size(sizes)[part], torch.Size(sizes)[part])
    for position in range(-len(sizes), len(sizes)):
        same(Size(sizes)[position], torch.Size(sizes)[position])


@given(SIZES, SIZES, st.integers(-1, 3))
def test_sums_and_repetitions(sizes, others, times):
    size, torch_size = Size(sizes), torch.Size(sizes)
    same(size + Size(others), torch_size + torch.Size(others))
    same(size + tuple(others), torch_size + tuple(others))
    same(tuple(others) + size, tuple(others) + torch_size)
    same(size * times, torch_size * times)
    same(times * size, times * torch_size)


def test_unpacks_into_parts():
    batch, *rest = Size([64, 28, 28])
    assert (batch, rest) == (64, [28, 28])


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles(protocol):
    same(pickle.loads(pickle.dumps(Size([2, 3]), protocol)), torch.Size([2, 3]))


def test_copies():
    same(copy.copy(Size([2, 3])), torch.Size([2, 3]))
    same(copy.deepcopy(Size([2, 3])), torch.Size([2, 3]))


@pytest.mark.parametrize("sizes", [range(3), (n for n in [1, 2]), np.array([4, 5]), [np.int64(3)], [True]])
def test_takes_any_iterable_of_integers(sizes):
    size = Size(sizes)
    assert [type(item) for item in size] == [int] * len(size)


@pytest.mark.parametrize("sizes", [[1.5], [2, "a"], "ab", [1, None], [[1]], [1, 2, float("inf")]])
def test_names_the_item_that_is_not_an_integer(sizes):
    with pytest.raises(TypeError) as theirs:
        torch.Size(sizes)
    with pytest.raises(TypeError) as ours:
        Size(sizes)
    assert str(ours.value).replace("minigrad.", "torch.") == str(theirs.value)


@pytest.mark.parametrize("sizes", [5, None, [np.float32(3)], [np.array([1, 2])], [torch.tensor(1.0)]])
def test_refuses_what_holds_no_integers(sizes):
    for kind in (torch.Size, Size):
        with pytest.raises(TypeError):
            kind(sizes)


@pytest.mark.parametrize("other", [[1], 3, "a", None, ("a",), (1.5,)])
def test_refuses_sums_with_what_is_not_a_size(other):
    for size in (torch.Size([2, 3]), Size([2, 3])):
        with pytest.raises(TypeError):
            operator.add(size, other)
        with pytest.raises(TypeError):
            operator.add(other, size)


def test_refuses_repetition_and_index_by_what_is_not_an_integer():
    for size in (torch.Size([2, 3]), Size([2, 3])):
        with pytest.raises(TypeError):
            operator.mul(size, 1.5)
        with pytest.raises(TypeError):
            operator.getitem(size, "a")
        with pytest.raises(IndexError):
            operator.getitem(size, 2)

"""Layers of two inputs, bags of rows, dropouts that keep the mean, lists and dicts of parameters: beside PyTorch's."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
from engines import ENGINES, error_of, same, torch
from hypothesis import given
from hypothesis import strategies as st
from same_draws import agree, bits
from test_normalization import in_both, numbers

import minigrad

FLAG = st.booleans()


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), FLAG)
def test_bilinear(first: int, second: int, outputs: int, bias: bool) -> None:
    def run(lib: Any) -> Any:
        layer = lib.nn.Bilinear(first, second, outputs, bias)
        drawn = [bits(p) for p in layer.parameters()]
        x, y = numbers(lib, 5, first).requires_grad_(), numbers(lib, 5, second, start=1).requires_grad_()
        output = layer.double()(x, y)
        (output * numbers(lib, 5, outputs)).sum().backward()
        gradients = [p.grad for p in (x, y, *layer.parameters())]
        return repr(layer), list(layer.state_dict()), [str(each) for each in drawn], output, gradients

    in_both(run)


@pytest.mark.parametrize("name", ["CosineSimilarity", "PairwiseDistance"])
def test_distances(name: str) -> None:
    options = {
        "CosineSimilarity": {"dim": st.sampled_from([0, 1, -1]), "eps": st.sampled_from([1e-8, 0.5])},
        "PairwiseDistance": {"p": st.sampled_from([1.0, 2.0]), "eps": st.just(1e-3), "keepdim": FLAG},
    }[name]

    @given(st.data())
    def with_options(data: Any) -> None:
        drawn = {option: data.draw(values) for option, values in options.items() if data.draw(FLAG)}

        def run(lib: Any) -> Any:
            layer = getattr(lib.nn, name)(**drawn)
            x, y = numbers(lib, 3, 4).requires_grad_(), numbers(lib, 3, 4, start=1).requires_grad_()
            output = layer(x, y)
            output.sum().backward()
            return repr(layer), output, x.grad, y.grad

        in_both(run)

    with_options()


BAGS = {
    "mode": st.sampled_from(["sum", "mean", "max"]),
    "max_norm": st.sampled_from([None, 0.5]),
    "norm_type": st.sampled_from([2.0, 1.0]),
    "padding_idx": st.sampled_from([None, 0, -1]),
    "include_last_offset": FLAG,
}


@given(st.data())
def test_embedding_bag(data: Any) -> None:
    drawn = {option: data.draw(values) for option, values in BAGS.items() if data.draw(FLAG)}
    last = [5] if drawn.get("include_last_offset") else []

    def run(lib: Any) -> Any:
        layer = lib.nn.EmbeddingBag(4, 3, **drawn)
        drawn_weight = str(bits(layer.weight))
        layer.double()
        offsets = lib.tensor([0, 2, 2, *last])
        outputs = layer(lib.tensor([3, 1, 0, 0, 2]), offsets), layer(lib.tensor([[1, 2], [0, 3]]))
        sum((y * numbers(lib, *y.shape)).sum() for y in outputs).backward()
        return repr(layer), list(layer.state_dict()), drawn_weight, outputs, layer.weight, layer.weight.grad

    in_both(run)


def test_bags_of_given_vectors() -> None:
    def given_weight(lib: Any) -> Any:
        layer = lib.nn.EmbeddingBag.from_pretrained(numbers(lib, 4, 2), mode="sum", padding_idx=1)
        weights = numbers(lib, 2, 3).requires_grad_()
        output = layer(lib.tensor([[0, 1, 2], [1, 1, 3]]), per_sample_weights=weights)
        output.sum().backward()
        return repr(layer), layer.weight.requires_grad, output, weights.grad

    in_both(given_weight)


ERRORS = {
    "bag, weights": lambda lib: lib.nn.functional.embedding_bag(
        lib.tensor([[0]]), lib.ones(2, 2), per_sample_weights=lib.ones(1)
    ),
    "bag, mode": lambda lib: lib.nn.functional.embedding_bag(lib.tensor([[0]]), lib.ones(2, 2), mode="min"),
    "bag, no offsets": lambda lib: lib.nn.functional.embedding_bag(lib.tensor([0]), lib.ones(2, 2)),
    "bag, three dimensions": lambda lib: lib.nn.functional.embedding_bag(lib.tensor([[[0]]]), lib.ones(2, 2)),
    "bag, first offset": lambda lib: lib.nn.functional.embedding_bag(lib.tensor([0]), lib.ones(2, 2), lib.tensor([1])),
    "bag, last offset": lambda lib: lib.nn.functional.embedding_bag(
        lib.tensor([0]), lib.ones(2, 2), lib.tensor([0, 3])
    ),
    "bag, frequency": lambda lib: lib.nn.functional.embedding_bag(
        lib.tensor([[0]]), lib.ones(2, 2), mode="max", scale_grad_by_freq=True
    ),
    "bag, weights of a mean": lambda lib: lib.nn.functional.embedding_bag(
        lib.tensor([[0]]), lib.ones(2, 2), per_sample_weights=lib.ones(1, 1)
    ),
    "bilinear, first": lambda lib: lib.nn.functional.bilinear(lib.ones(5, 2), lib.ones(5, 4), lib.ones(2, 3, 4)),
    "bilinear, second": lambda lib: lib.nn.functional.bilinear(lib.ones(5, 3), lib.ones(5, 3), lib.ones(2, 3, 4)),
    "bilinear, batch": lambda lib: lib.nn.functional.bilinear(lib.ones(5, 3), lib.ones(4, 4), lib.ones(2, 3, 4)),
    "bilinear, dimensions": lambda lib: lib.nn.functional.bilinear(lib.ones(5, 3), lib.ones(4), lib.ones(2, 3, 4)),
    "bilinear, bias": lambda lib: lib.nn.functional.bilinear(
        lib.ones(5, 3), lib.ones(5, 4), lib.ones(2, 3, 4), lib.ones(3)
    ),
    "bilinear, nothing": lambda lib: lib.nn.Bilinear(0, 2, 3),
    "pdist, dimensions": lambda lib: lib.nn.functional.pdist(lib.ones(3)),
    "pdist, order": lambda lib: lib.nn.functional.pdist(lib.ones(3, 2), -1.0),
    "alpha dropout": lambda lib: lib.nn.AlphaDropout(2),
    "list, index": lambda lib: lib.nn.ParameterList([1])[3],
    "list, tensor": lambda lib: lib.nn.ParameterList(lib.ones(2)),
    "list, called": lambda lib: lib.nn.ParameterList()(1),
    "dict, called": lambda lib: lib.nn.ParameterDict()(1),
    "dict, triples": lambda lib: lib.nn.ParameterDict([(1, 2, 3)]),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors(case: str) -> None:
    theirs, mine = (error_of(ERRORS[case], lib) for lib in ENGINES)
    assert theirs[0] == mine[0]
    assert mine[1].startswith(theirs[1].rstrip(".")[:60])


def test_errors_of_pytorchs_type() -> None:
    for call in (
        lambda lib: lib.nn.functional.cosine_similarity(lib.ones(2, 2).long(), lib.ones(2, 2).long()),
        lambda lib: lib.nn.functional.pdist(lib.ones(3, 2).long()),
        lambda lib: lib.nn.functional.bilinear(lib.ones(5, 3), lib.ones(5, 4).double(), lib.ones(2, 3, 4)),
        lambda lib: lib.nn.ParameterDict({1: lib.ones(2)}),
    ):
        theirs, mine = (error_of(call, lib) for lib in ENGINES)
        assert theirs[0] == mine[0]


# Dropouts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("name", ["AlphaDropout", "FeatureAlphaDropout", "Dropout3d"])
def test_dropouts(name: str, p: float) -> None:
    def run(lib: Any) -> Any:
        layer = getattr(lib.nn, name)(p)
        x = numbers(lib, 3, 4, 2, 3, 2).requires_grad_()
        y, z = layer(x), layer(x.detach().float().permute(4, 0, 1, 2, 3) + 1)
        y.sum().backward()
        return repr(layer), y, z.double(), x.grad, layer.eval()(x)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        in_both(run)


def test_masks_are_those_of_pytorch_to_the_bit() -> None:
    x = np.random.default_rng(0).normal(size=(8, 5, 6)).astype("float32")
    for name in ("alpha_dropout", "feature_alpha_dropout"):
        agree(4, lambda lib, name=name: getattr(lib.nn.functional, name)(lib.from_numpy(x) * 0, 0.4, True))


def test_fewer_dimensions_are_warned_of() -> None:
    for lib in ENGINES:
        with pytest.warns(UserWarning, match="dropout3d: Received a 2-D input to dropout3d, which is deprecated"):
            lib.nn.Dropout3d()(lib.ones(2, 3))


# Parameters -------------------------------------------------------------------------------------------------


def named(module: Any) -> str:
    return repr(module).replace("minigrad.", "torch.")


def test_parameter_list() -> None:
    def used(lib: Any) -> Any:
        held = lib.nn.ParameterList([lib.ones(2), 3, lib.nn.Parameter(lib.zeros(2, 3))])
        held.append(lib.ones(())).extend([lib.ones(1)])
        held += ["text"]
        held[0] = lib.zeros(4)
        words = [named(held), named(held[1:3]), len(held), held[-1], held[1], [type(x).__name__ for x in held]]
        model = lib.nn.Sequential(held)
        return words, [(k, tuple(p.shape)) for k, p in model.named_parameters()], list(model.state_dict()), named(model)

    same(used)


def test_parameter_dict() -> None:
    def used(lib: Any) -> Any:
        held = lib.nn.ParameterDict({"b": lib.ones(2), "a": 3})
        seen = [list(held), repr(held), "a" in held, held.get("c", 5), held.setdefault("c", lib.ones(1)).tolist()]
        held |= {"d": lib.zeros(2)}
        held.update([("e", 1)])
        seen += [held.pop("a"), held.popitem(), list(held.keys()), len(held), list(reversed(held))]
        other = held.copy() | lib.nn.ParameterDict(OrderedDict(z=lib.ones(1), y=2))
        seen += [list(other), [p.tolist() for p in other.parameters()], list(other.state_dict()), repr(other)]
        seen += [list(held.fromkeys(["p", "q"], 1).items())]
        held.clear()
        return [*seen, len(held), repr(held)]

    same(used)


def test_lists_and_dicts_are_copied_and_saved() -> None:
    for held in (minigrad.nn.ParameterList([minigrad.ones(2), 3]), minigrad.nn.ParameterDict({"a": minigrad.ones(2)})):
        for again in (copy.deepcopy(held), pickle.loads(pickle.dumps(held))):
            assert repr(again) == repr(held)
            assert len(again) == len(held)
    theirs = torch.nn.ParameterList([torch.ones(2), torch.zeros(3)])
    mine = minigrad.nn.ParameterList([minigrad.zeros(2), minigrad.ones(3)])
    mine.load_state_dict({k: minigrad.from_numpy(x.numpy()) for k, x in theirs.state_dict().items()})
    assert [p.tolist() for p in mine] == [[1, 1], [0, 0, 0]]


def test_a_factor_without_dimensions_has_all_digits_of_its_gradient_in_both_modes() -> None:
    number = minigrad.tensor(0.69116838, dtype=minigrad.float64, requires_grad=True)
    for create_graph in (False, True):
        losses = minigrad.xlogy(number, number) - number * minigrad.ones(2, dtype=minigrad.float64)
        (g,) = minigrad.autograd.grad(losses.sum() / 3, number, create_graph=create_graph)
        np.testing.assert_allclose(g.item(), 2 * np.log(0.69116838) / 3, rtol=1e-15)


def test_tensors_of_unlike_dimensions_are_not_joined() -> None:
    for engine in ENGINES:
        for join in (engine.cat, engine.hstack):
            with pytest.raises(RuntimeError, match="Tensors must have same number of dimensions: got 2 and 1"):
                join([engine.ones(2, 3), engine.ones(3)])

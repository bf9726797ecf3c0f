"""utils.checkpoint beside PyTorch's: values, gradients and random numbers, and the memory that it saves."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from engines import ENGINES, error_of, same

import minigrad
from minigrad.utils import checkpoint as checkpoints


def checkpointing(engine):
    if engine.__name__ == "torch":
        pass
    return engine.utils.checkpoint


def model_of(engine):
    nn = engine.nn
    engine.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))


def rounded(*tensors):
    return [np.round(t.detach().numpy(), 5).tolist() for t in tensors]


@pytest.mark.parametrize("reentrant", [True, False])
def test_gradients_are_those_without(reentrant):
    def scenario(engine, wrapped):
        model, x = model_of(engine), engine.ones(4, 3, requires_grad=True)
        y = checkpointing(engine).checkpoint(model, x, use_reentrant=reentrant) if wrapped else model(x)
        after = engine.rand(1).item()
        (y * y).sum().backward()
        return rounded(y, x.grad, *(p.grad for p in model.parameters())), after, engine.rand(1).item()

    results = [scenario(engine, wrapped) for engine in ENGINES for wrapped in (True, False)]
    assert results[1:] == results[:-1]


@pytest.mark.parametrize("reentrant", [True, False])
def test_a_sequence_in_segments(reentrant):
    def scenario(engine):
        model, x = model_of(engine), engine.ones(4, 3, requires_grad=True)
        y = checkpointing(engine).checkpoint_sequential(model, 3, x, use_reentrant=reentrant)
        y.sum().backward()
        return rounded(y, x.grad, *(p.grad for p in model.parameters()))

    same(scenario)


def test_several_inputs_and_outputs_keywords_and_grad():
    def scenario(engine):
        def f(x, times=1, other=None):
            h = (x * times).sin()
            return h, {"b": h * other}

        x, w = engine.tensor([1.0, 2.0], requires_grad=True), engine.tensor([3.0, 4.0], requires_grad=True)
        a, named = checkpointing(engine).checkpoint(f, x, times=3, other=w, use_reentrant=False)
        gradients = engine.autograd.grad((a + named["b"]).sum(), (x, w), retain_graph=True)
        (a * named["b"]).sum().backward()
        return rounded(a, named["b"], *gradients, x.grad, w.grad)

    same(scenario)


def test_second_derivatives():
    def scenario(engine):
        x = engine.tensor([1.0, 2.0], dtype=engine.float64, requires_grad=True)
        y = checkpointing(engine).checkpoint(lambda x: (x**3).sin(), x, use_reentrant=False)
        (g,) = engine.autograd.grad(y.sum(), x, create_graph=True)
        (h,) = engine.autograd.grad((g * g).sum(), x)
        return rounded(g, h)

    same(scenario)


def test_reentrant_refuses_and_warns():
    def scenario(engine):
        checkpoint = checkpointing(engine).checkpoint
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            y = checkpoint(lambda x: x * 2, engine.ones(2, requires_grad=True))
            checkpoint(lambda x: x * 2, engine.ones(2), use_reentrant=True)
        y.sum().backward()
        wrong = [
            error_of(checkpoint, abs, engine.ones(1), use_reentrant=True, other=3),
            error_of(checkpoint, abs, engine.ones(1), use_reentrant=True, debug=True),
        ]
        return [str(w.message) for w in caught], wrong

    same(scenario)


def test_nothing_is_kept_until_the_pass_comes():
    calls = []

    def f(x):
        calls.append(1)
        return (x.exp() * x).tanh()

    x = minigrad.ones(3, requires_grad=True)
    y = checkpoints.checkpoint(f, x, use_reentrant=False)
    nodes = [y.grad_fn, y.grad_fn.next_functions[0][0]]
    assert [(node.inputs, node.out) for node in nodes] == [((), None), ((), None)]
    y.sum().backward()
    assert len(calls) == 2
    plain = minigrad.ones(3, requires_grad=True)
    f(plain).sum().backward()
    assert x.grad.equal(plain.grad)


def test_another_result_the_second_time_is_refused():
    calls = []

    def f(x):
        calls.append(1)
        return x.exp() if len(calls) == 1 else x.exp() * 2

    y = checkpoints.checkpoint(f, minigrad.ones(3, requires_grad=True), use_reentrant=False)
    with pytest.raises(checkpoints.CheckpointError, match="A different number of tensors was saved"):
        y.sum().backward()


def test_an_input_that_was_changed_is_refused():
    x = minigrad.ones(3, requires_grad=True)
    between = x * 1
    y = checkpoints.checkpoint(lambda x: x.exp(), between, use_reentrant=False)
    between.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_changes_in_place_within():
    def scenario(engine):
        def f(x):
            h = x * 2
            h.add_(1)
            return h.sigmoid_() * h

        x = engine.ones(3, requires_grad=True)
        checkpointing(engine).checkpoint(f, x, use_reentrant=False).sum().backward()
        return rounded(x.grad)

    same(scenario)

"""The adaptive softmax: beside PyTorch's."""

from __future__ import annotations

from typing import Any

import pytest
from engines import ENGINES, error_of
from hypothesis import given, settings
from hypothesis import strategies as st
from same_draws import bits
from test_normalization import in_both, numbers

CUTOFFS = st.sampled_from([[2], [1, 4], [3, 5, 8]])


@settings(max_examples=15)
@given(CUTOFFS, st.sampled_from([4.0, 2.0]), st.booleans(), st.integers(1, 6))
def test_outputs_losses_and_gradients(cutoffs: list[int], div_value: float, head_bias: bool, number: int) -> None:
    def run(lib: Any) -> Any:
        layer = lib.nn.AdaptiveLogSoftmaxWithLoss(64, 10, cutoffs, div_value, head_bias)
        drawn = [str(bits(p)) for p in layer.parameters()]
        x = numbers(lib, number, 64).requires_grad_()
        target = lib.tensor([(7 * i + 3) % 10 for i in range(number)])
        result = layer.double()(x, target)
        result.loss.backward()
        words = repr(layer), list(layer.state_dict()), drawn
        one = layer(x[0], target[0])
        gradients = [x.grad, *(p.grad for p in layer.parameters() if p.grad is not None)]
        return words, result.output, result.loss, gradients, layer.log_prob(x), layer.predict(x), one.output, one.loss

    in_both(run)


def test_probabilities_add_up_to_1() -> None:
    for lib in ENGINES:
        layer = lib.nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3, 6], 2.0)
        assert layer.log_prob(lib.randn(5, 8)).exp().sum(1).tolist() == pytest.approx([1] * 5, abs=1e-5)


def layer(lib: Any) -> Any:
    return lib.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [2, 5], 2.0)


ERRORS = {
    "no cutoffs": lambda lib: lib.nn.AdaptiveLogSoftmaxWithLoss(8, 10, []),
    "cutoffs that fall": lambda lib: lib.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [5, 2]),
    "cutoffs too large": lambda lib: lib.nn.AdaptiveLogSoftmaxWithLoss(8, 10, [2, 10]),
    "rows": lambda lib: layer(lib)(lib.ones(3, 8), lib.tensor([1, 2])),
    "dimensions": lambda lib: layer(lib)(lib.ones(2, 3, 8), lib.tensor([1, 2])),
    "dimensions of one": lambda lib: layer(lib)(lib.ones(2, 8), lib.tensor(1)),
    "targets": lambda lib: layer(lib)(lib.ones(2, 8), lib.tensor([[1, 2]])),
    "classes": lambda lib: layer(lib)(lib.ones(2, 8), lib.tensor([1, 10])),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors(case: str) -> None:
    theirs, mine = (error_of(ERRORS[case], lib) for lib in ENGINES)
    assert theirs == mine

"""The losses of minigrad.nn.further, each beside PyTorch's: with drawn options, as modules, and their errors."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from engines import ENGINES, error_of, same, torch
from hypothesis import given, settings
from parity import check_equal
from registry import OPS, Op
from samples import Sample
from test_ops import check_gradients, check_values

import minigrad

pytestmark = pytest.mark.filterwarnings("ignore")

FUNCTION_OF = {
    "SmoothL1Loss": "smooth_l1_loss",
    "HuberLoss": "huber_loss",
    "KLDivLoss": "kl_div",
    "PoissonNLLLoss": "poisson_nll_loss",
    "GaussianNLLLoss": "gaussian_nll_loss",
    "SoftMarginLoss": "soft_margin_loss",
    "MarginRankingLoss": "margin_ranking_loss",
    "HingeEmbeddingLoss": "hinge_embedding_loss",
    "CosineEmbeddingLoss": "cosine_embedding_loss",
    "TripletMarginLoss": "triplet_margin_loss",
    "TripletMarginWithDistanceLoss": "triplet_margin_with_distance_loss",
    "MultiLabelSoftMarginLoss": "multilabel_soft_margin_loss",
    "MultiMarginLoss": "multi_margin_loss",
    "MultiLabelMarginLoss": "multilabel_margin_loss",
    "NLLLoss2d": "nll_loss",
    "CTCLoss": "ctc_loss",
}


@pytest.mark.parametrize("name", FUNCTION_OF)
def test_a_module_gives_what_pytorchs_gives(name: str) -> None:
    def called(lib: Any, *operands: Any, **options: Any) -> Any:
        return getattr(lib.nn, name)(**options)(*operands)

    function = OPS[f"nn.functional.{FUNCTION_OF[name]}"]
    layer = Op(function.name, {name: called}, function.make, sums=True)

    @settings(max_examples=30)
    @given(layer.samples())
    def on_sample(spelling_and_sample: tuple[str, Sample]) -> None:
        check_values(layer, *spelling_and_sample)
        check_gradients(layer, *spelling_and_sample)

    on_sample()


@pytest.mark.parametrize("name", FUNCTION_OF)
def test_a_module_is_printed_copied_and_saved(name: str) -> None:
    def scenario(lib: Any) -> Any:
        weighted = name in ("MultiMarginLoss", "MultiLabelSoftMarginLoss", "NLLLoss2d")
        loss = getattr(lib.nn, name)(reduction="sum", **({"weight": lib.ones(3)} if weighted else {}))
        copies = [loss, copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))]
        return [(repr(each), list(each.state_dict()), each.reduction, each.training) for each in copies]

    same(scenario)


NUMBERS = np.array([[0.5, -1.5, 3.0], [0.25, 2.0, -0.75]], "float32")
OLD = [
    *("smooth_l1_loss", "kl_div", "poisson_nll_loss", "soft_margin_loss", "hinge_embedding_loss"),
    *("multilabel_soft_margin_loss", "margin_ranking_loss", "triplet_margin_loss"),
]


@pytest.mark.parametrize("name", OLD)
@pytest.mark.parametrize("given", [{"size_average": False}, {"reduce": False}, {"size_average": True}])
def test_old_arguments_for_the_reduction(name: str, given: dict[str, Any]) -> None:
    losses, warned = [], []
    for lib in ENGINES:
        x, y = lib.from_numpy(NUMBERS), lib.ones(2, 3)
        operands = (x, x.flip(0), y) if name in ("margin_ranking_loss", "triplet_margin_loss") else (x, y)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            losses.append(getattr(lib.nn.functional, name)(*operands, **given))
        warned.append([str(each.message) for each in caught])
    check_equal(losses[1], losses[0], (1e-6, 1e-6))
    assert warned[1] == warned[0] != []


def losses_of(call: Any) -> None:
    """A loss, and the gradient of its input, are PyTorch's."""
    given = []
    for lib in ENGINES:
        x = lib.from_numpy(NUMBERS.copy()).requires_grad_()
        loss = call(lib, lib.nn.functional, x)
        loss.sum().backward()
        given.append((loss, x.grad))
    check_equal(given[1], given[0], (1e-5, 1e-6))


def test_smooth_l1_loss_without_a_smooth_part_is_l1_loss() -> None:
    losses_of(lambda lib, functional, x: functional.smooth_l1_loss(x, lib.ones(2, 3), beta=0))


def test_one_variance_for_all() -> None:
    losses_of(lambda lib, functional, x: functional.gaussian_nll_loss(x, lib.ones(2, 3), 0.5, full=True))


def test_variances_that_are_too_small_get_the_gradient_of_the_formula() -> None:
    def scenario(lib: Any) -> Any:
        variance = lib.tensor([1e-9, 0.5], dtype=lib.float64, requires_grad=True)
        zeros = lib.zeros(2, dtype=lib.float64)
        lib.nn.functional.gaussian_nll_loss(zeros + 0.001, zeros, variance, eps=1e-4).backward()
        return [round(g, 6) for g in variance.grad.tolist()]

    assert same(scenario)[0] != 0


def test_a_distance_of_ones_own() -> None:
    losses_of(
        lambda lib, functional, x: functional.triplet_margin_with_distance_loss(
            x, x.flip(0), x * 2, distance_function=lambda a, b: (a - b).abs().sum(-1), margin=2, swap=True
        )
    )
    losses_of(
        lambda lib, _, x: lib.nn.TripletMarginWithDistanceLoss(distance_function=lambda a, b: (a - b).amax(-1))(
            x, x.flip(0), x * 2
        )
    )


@pytest.mark.parametrize("name", ["smooth_l1_loss", "huber_loss", "soft_margin_loss"])
def test_the_mean_of_many_halves_does_not_overflow(name: str) -> None:
    given = []
    for lib in ENGINES:
        x = lib.full((70000,), 2.5).half().requires_grad_()
        loss = getattr(lib.nn.functional, name)(x, lib.ones(70000).half())
        loss.backward()
        given.append((loss.item(), x.grad[0].item()))
    np.testing.assert_allclose(given[1], given[0], rtol=3e-3)


@pytest.mark.parametrize("name", ["smooth_l1_loss", "huber_loss"])
def test_another_shape_of_target_is_warned_of(name: str) -> None:
    with pytest.warns(UserWarning, match=r"Using a target size .*\[3, 1\].*input size .*\[3\]"):
        getattr(minigrad.nn.functional, name)(minigrad.ones(3), minigrad.ones(3, 1))


def test_the_mean_of_a_divergence_is_warned_of() -> None:
    def scenario(lib: Any) -> Any:
        with pytest.warns(UserWarning, match="reduction: 'mean' divides the total loss by both the batch size and"):
            return lib.nn.functional.kl_div(lib.zeros(2), lib.ones(2)).item()

    same(scenario)


def test_the_old_name_of_nll_loss_is_warned_of() -> None:
    with pytest.warns(FutureWarning, match="`NLLLoss2d` has been deprecated. Please use `NLLLoss` instead"):
        minigrad.nn.NLLLoss2d()


ERRORS = {
    "beta": lambda lib, f, x: f.smooth_l1_loss(x, x, beta=-1),
    "delta": lambda lib, f, x: f.huber_loss(x, x, delta=0),
    "weight of huber": lambda lib, f, x: f.huber_loss(x, x, weight=lib.ones(3)),
    "reduction of weighted huber": lambda lib, f, x: f.huber_loss(x, x, "no", weight=lib.ones(2, 3)),
    "no tensor": lambda lib, f, x: f.huber_loss(x, 1.0),
    "integers": lambda lib, f, x: f.huber_loss(x.long(), x.long()),
    "reduction": lambda lib, f, x: f.kl_div(x, x, reduction="average"),
    "variance below 0": lambda lib, f, x: f.gaussian_nll_loss(x, x, -1.0),
    "size of variances": lambda lib, f, x: f.gaussian_nll_loss(x, x, lib.ones(3)),
    "variances no tensor": lambda lib, f, x: f.gaussian_nll_loss(x, x, 1),
    "dimensions of scores": lambda lib, f, x: f.margin_ranking_loss(x, x, lib.ones(3)),
    "multi-target": lambda lib, f, x: f.cosine_embedding_loss(x, x, x),
    "1-d target": lambda lib, f, x: f.cosine_embedding_loss(x[0], x[0], x[0]),
    "0-d target": lambda lib, f, x: f.cosine_embedding_loss(x, x, lib.tensor(1)),
    "margin": lambda lib, f, x: f.triplet_margin_loss(x, x, x, margin=0),
    "triplets": lambda lib, f, x: f.triplet_margin_loss(x, x, x[0]),
    "constant target": lambda lib, f, x: f.soft_margin_loss(x, x.clone().requires_grad_()),
    "target of another size": lambda lib, f, x: f.soft_margin_loss(x[0], x),
    "power": lambda lib, f, x: f.multi_margin_loss(x, lib.tensor([0, 1]), p=3),
    "number of classes": lambda lib, f, x: f.multi_margin_loss(x, lib.tensor([0, 1]), weight=lib.ones(2)),
    "form of weight": lambda lib, f, x: f.multi_margin_loss(x, lib.tensor([0, 1]), weight=lib.ones(3, 1)),
    "dtype of weight": lambda lib, f, x: f.multi_margin_loss(x, lib.tensor([0, 1]), weight=lib.ones(3).double()),
    "no class": lambda lib, f, x: f.multi_margin_loss(x, lib.tensor([0, 3])),
    "number of targets": lambda lib, f, x: f.multi_margin_loss(x, lib.tensor([0])),
    "int32 targets": lambda lib, f, x: f.multi_margin_loss(x, lib.tensor([0, 1]).int()),
    "no scores": lambda lib, f, x: f.multi_margin_loss(x[None], lib.tensor([0, 1])),
    "no several classes": lambda lib, f, x: f.multilabel_margin_loss(x[0], lib.tensor([0, -2, 1])),
    "shape of targets": lambda lib, f, x: f.multilabel_margin_loss(x, lib.tensor([0, 1, 2])),
    "no classes": lambda lib, f, x: f.multilabel_soft_margin_loss(x[0, 0], x[0, 0]),
    "reduction of several classes": lambda lib, f, x: f.multilabel_soft_margin_loss(x, x, reduction="no"),
    "linear input": lambda lib, f, x: f.linear_cross_entropy(x[None], x, lib.tensor([0, 1])),
    "linear weight": lambda lib, f, x: f.linear_cross_entropy(x, x[0], lib.tensor([0, 1])),
    "linear features": lambda lib, f, x: f.linear_cross_entropy(x, x[:, :2], lib.tensor([0, 1])),
    "linear bias": lambda lib, f, x: f.linear_cross_entropy(x, x, lib.tensor([0, 1]), linear_bias=x[0]),
    "linear, unbatched": lambda lib, f, x: f.linear_cross_entropy(x[0], x[None], lib.tensor([0, 1])),
    "linear, ignored": lambda lib, f, x: f.linear_cross_entropy(x, x, x[:, :2], ignore_index=1),
    "layer's margin": lambda lib, f, x: lib.nn.TripletMarginLoss(margin=0),
    "layer's own margin": lambda lib, f, x: lib.nn.TripletMarginWithDistanceLoss(margin=-1),
    "layer's delta": lambda lib, f, x: lib.nn.HuberLoss(delta="1"),
    "layer's power": lambda lib, f, x: lib.nn.MultiMarginLoss(p=3),
    "layer's weight": lambda lib, f, x: lib.nn.MultiMarginLoss(weight=lib.ones(3, 1)),
}


@pytest.mark.parametrize("call", ERRORS.values(), ids=ERRORS)
def test_errors_are_of_pytorchs_type(call: Any) -> None:
    (kind, words), (expected, _) = (
        error_of(call, lib, lib.nn.functional, lib.from_numpy(NUMBERS)) for lib in (minigrad, torch)
    )
    assert kind == expected
    assert words


@pytest.mark.parametrize("options", [{}, {"bias": True}, {"out_features": (2,), "bias": True}, {"ignore_index": 1}])
def test_a_linear_layer_with_its_loss_starts_and_learns_as_pytorchs(options: dict[str, Any]) -> None:
    def scenario(lib: Any) -> Any:
        lib.manual_seed(5)
        loss = lib.nn.LinearCrossEntropyLoss(3, 4, **options)
        first = [(name, p.detach().numpy().tobytes()) for name, p in loss.named_parameters()]
        steps, losses = lib.optim.SGD(loss.parameters(), lr=0.5), []
        x, target = lib.from_numpy(NUMBERS), lib.tensor([1, 2])
        target = lib.stack([target, target.flip(0)], 1) if "out_features" in options else target
        for _ in range(4):
            steps.zero_grad()
            value = loss(x, target)
            value.backward()
            steps.step()
            losses.append(round(value.item(), 5))
        assert losses[-1] < losses[0]
        return first, losses, repr(loss), list(loss.state_dict())

    same(scenario)


def test_a_step_of_embeddings_on_both_engines() -> None:
    """A small Siamese model, trained: its losses are PyTorch's at each step."""

    def scenario(lib: Any) -> Any:
        lib.manual_seed(0)
        model = lib.nn.Linear(3, 2).double()
        steps, losses = lib.optim.SGD(model.parameters(), lr=0.1), []
        x = lib.from_numpy(NUMBERS).double()
        for _ in range(5):
            steps.zero_grad()
            anchors, others = model(x), model(x.flip(0))
            loss = lib.nn.TripletMarginLoss(margin=2.0)(anchors, anchors + 0.1, others)
            loss = loss + lib.nn.CosineEmbeddingLoss(margin=0.1)(anchors, others, lib.tensor([1, -1]))
            loss.backward()
            steps.step()
            losses.append(round(loss.item(), 9))
        return losses

    losses = same(scenario)
    assert losses[-1] < losses[0]

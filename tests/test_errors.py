"""Bad input to the engine: PyTorch's type of exception, a message in the user's terms, and nothing half-changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from engines import torch

import minigrad

Call = Callable[[Any], Any]

SHAPES: dict[str, tuple[Call, list[str]]] = {
    "a sum": (lambda t: t.ones(2, 3) + t.ones(4), ["add", "(3)", "(4)", "[2, 3]", "[4]", "dimension 1"]),
    "a difference in place": (lambda t: t.ones(2).sub_(t.ones(3)), ["sub", "(2)", "(3)"]),
    "an in-place sum that would grow": (lambda t: t.ones(3).add_(t.ones(2, 3)), ["[3]", "[2, 3]"]),
    "maximum": (lambda t: t.maximum(t.ones(2), t.ones(3)), ["maximum", "(2)", "(3)"]),
    "a comparison": (lambda t: t.ones(2) < t.ones(3), ["lt", "(2)", "(3)"]),
    "where": (lambda t: t.where(t.ones(2) > 0, t.ones(3), t.ones(3)), ["where", "(2)", "(3)"]),
    "clamp": (lambda t: t.clamp(t.ones(2), min=t.ones(3)), ["clamp", "(2)", "(3)"]),
    "isclose": (lambda t: t.isclose(t.ones(2), t.ones(3)), ["isclose", "(2)", "(3)"]),
    "a matrix product": (lambda t: t.ones(2, 3) @ t.ones(2, 3), ["matmul", "2x3 and 2x3"]),
    "a product of vectors": (lambda t: t.ones(2) @ t.ones(3), ["matmul", "2 and 3"]),
    "a product with a number": (lambda t: t.ones(2) @ t.tensor(2.0), ["matmul", "1D", "0D"]),
    "a product of batches": (lambda t: t.ones(2, 3, 4) @ t.ones(3, 4, 5), ["matmul", "[2, 3, 4]", "[3, 4, 5]"]),
    "linear": (lambda t: t.nn.functional.linear(t.ones(2, 3), t.ones(4, 5)), ["linear", "2x3 and 5x4"]),
    "the bias of linear": (
        lambda t: t.nn.functional.linear(t.ones(2, 3), t.ones(4, 3), t.ones(5)),
        ["linear", "bias [5]"],
    ),
    "a product of many matrices": (lambda t: t.linalg.multi_dot([t.ones(2, 3), t.ones(3, 3, 1)]), ["multi_dot", "3D"]),
    "an integral over too few places": (lambda t: t.trapezoid(t.ones(3), t.ones(2)), ["trapezoid", "has 2, y 3"]),
    "an integral over two distances": (lambda t: t.trapezoid(t.ones(3), t.ones(3), dx=2), ["trapezoid", "dx"]),
    "an integral over a distance of each": (
        lambda t: t.cumulative_trapezoid(t.ones(3), t.ones(3), dx=t.ones(2)),
        ["cumulative_trapezoid", "dx"],
    ),
    "a spread by two words": (lambda t: t.std(t.ones(3), unbiased=True, correction=0), ["std", "unbiased"]),
    "a threshold below uint8": (
        lambda t: t.nn.functional.threshold(t.ones(3, dtype=t.uint8), -1.5, 2),
        ["threshold", "-1.5", "uint8"],
    ),
    "a variance by two words": (lambda t: t.ones(3).var(0, False, correction=2), ["var", "correction"]),
    "weights below 0": (lambda t: t.cov(t.ones(2), aweights=t.tensor([-1.0, 1.0])), ["cov", "aweights", "negative"]),
    "a side that right contradicts": (
        lambda t: t.searchsorted(t.ones(2), t.ones(2), side="left", right=True),
        ["searchsorted", "opposites"],
    ),
    "a side that is none": (lambda t: t.searchsorted(t.ones(2), t.ones(2), side="up"), ["searchsorted", "up"]),
    "another sum of repeats": (lambda t: t.repeat_interleave(t.ones(2), 2, output_size=5), ["output_size", "5"]),
    "a triangle of fewer than no rows": (lambda t: t.tril_indices(-1, 2), ["row", "-1"]),
    "linspace from several numbers": (lambda t: t.linspace(t.ones(2), 1, 3), ["linspace", "0-dimensional", "[2]"]),
    "narrow from several places": (lambda t: t.ones(3).narrow(0, t.tensor([0, 1]), 1), ["narrow", "[2]"]),
    "pooling to no size": (lambda t: t.nn.functional.adaptive_avg_pool2d(t.ones(1, 4, 4), ()), ["output_size", "()"]),
    "reshape": (lambda t: t.ones(2, 3).reshape(4), ["[4]", "size 6"]),
    "reshape with an unknown size": (lambda t: t.ones(2, 3).reshape(-1, 4), ["[-1, 4]", "size 6"]),
    "a view of a transpose": (lambda t: t.ones(2, 3).T.view(6), ["view", ".reshape"]),
    "expand": (lambda t: t.ones(2, 3).expand(2, 4), ["expand", "[2, 4]", "[2, 3]"]),
    "cat": (lambda t: t.cat([t.ones(2, 3), t.ones(2, 4)]), ["cat", "[2, 3]", "[2, 4]", "dimension 0"]),
    "stack": (lambda t: t.stack([t.ones(2), t.ones(3)]), ["stack", "[2]", "[3]"]),
    "cat of nothing": (lambda t: t.cat([]), ["cat", "non-empty"]),
    "cat of numbers": (lambda t: t.cat([t.tensor(1.0), t.tensor(2.0)]), ["zero-dimensional", "position 0", "stack()"]),
    "stack of nothing": (lambda t: t.stack([]), ["stack", "non-empty"]),
    "t of three dimensions": (lambda t: t.ones(1, 2, 3).t(), ["t()", "3D"]),
    "flatten backwards": (lambda t: t.ones(2, 3).flatten(1, 0), ["flatten", "start_dim"]),
    "split": (lambda t: t.ones(3).split([1, 1]), ["split", "[1, 1]", "3"]),
    "permute of too few": (lambda t: t.ones(2, 3).permute(0), ["permute", "2", "1"]),
    "permute of one twice": (lambda t: t.ones(2, 3).permute(0, 0), ["permute", "[0, 0]"]),
    "one dimension summed twice": (lambda t: t.ones(2, 3).sum((0, 0)), ["dim 0", "multiple times"]),
    "an item of many": (lambda t: t.ones(2).item(), ["2 elements"]),
    "the truth of many": (lambda t: bool(t.ones(2)), ["more than one value"]),
    "the truth of none": (lambda t: bool(t.ones(0)), ["no values"]),
    "the length of a number": (lambda t: len(t.tensor(1.0)), ["0-d"]),
    "iteration over a number": (lambda t: list(t.tensor(1.0)), ["0-d"]),
    "a batch of targets": (
        lambda t: t.nn.functional.cross_entropy(t.ones(2, 3), t.zeros(4, dtype=t.int64)),
        ["cross_entropy", "batch_size (2)", "batch_size (4)"],
    ),
    "targets of too many dimensions": (
        lambda t: t.nn.functional.cross_entropy(t.ones(2, 3), t.zeros(2, 1, dtype=t.int64)),
        ["cross_entropy", "[2, 3]", "[2, 1]"],
    ),
    "a weight for each class": (
        lambda t: t.nn.functional.cross_entropy(t.ones(2, 3), t.zeros(2, dtype=t.int64), weight=t.ones(4)),
        ["3 classes", "[4]"],
    ),
    "targets of logits": (
        lambda t: t.nn.functional.binary_cross_entropy_with_logits(t.ones(2, 1), t.ones(2)),
        ["binary_cross_entropy_with_logits", "[2, 1]", "[2]", "squeeze"],
    ),
    "targets of probabilities": (
        lambda t: t.nn.functional.binary_cross_entropy(t.ones(2, 1), t.ones(2)),
        ["binary_cross_entropy", "[2, 1]", "[2]"],
    ),
    "a weight of logits": (
        lambda t: t.nn.functional.binary_cross_entropy_with_logits(t.ones(2), t.ones(2), weight=t.ones(3)),
        ["weight", "[3]", "[2]"],
    ),
    "mse_loss": (lambda t: t.nn.functional.mse_loss(t.ones(2), t.ones(3)), ["mse_loss", "(2)", "(3)"]),
    "the largest of nothing": (lambda t: t.ones(0).max(), ["max", "[0]"]),
    "the largest along an empty dimension": (lambda t: t.ones(2, 0).max(dim=1), ["max", "dim 1", "[2, 0]"]),
    "the place of the largest of nothing": (lambda t: t.ones(0).argmax(), ["argmax", "[0]"]),
}
DTYPES: dict[str, tuple[Call, list[str]]] = {
    "a bool subtracted": (lambda t: t.tensor([1.0]) - t.tensor([True]), ["sub", "~"]),
    "a bool negated": (lambda t: -t.tensor([True]), ["neg", "~"]),
    "the mean of integers": (lambda t: t.ones(2, dtype=t.int64).mean(), ["mean", "Long", ".float()"]),
    "the variance of integers": (lambda t: t.ones(2, dtype=t.int64).var(), ["var", "floating"]),
    "a product of two dtypes": (lambda t: t.ones(2, 2) @ t.ones(2, 2).double(), ["matmul", "float32", "float64"]),
    "linear of two dtypes": (
        lambda t: t.nn.functional.linear(t.ones(2, 2).double(), t.ones(2, 2)),
        ["linear", "float32", "float64"],
    ),
    "a sum of floats in integers": (lambda t: t.ones(2, dtype=t.int64).add_(0.5), ["float32", "int64"]),
    "a quotient in integers": (lambda t: t.ones(2, dtype=t.int64).div_(2), ["float32", "int64"]),
    "grads of integers": (lambda t: t.ones(2, dtype=t.int64).requires_grad_(), ["floating point", "int64"]),
    "bits of floats": (lambda t: t.ones(2) & t.ones(2), ["bitwise_and", "float32"]),
    "a condition of numbers": (lambda t: t.where(t.ones(2), t.ones(2), t.ones(2)), ["where", "float32"]),
    "isclose of two dtypes": (lambda t: t.isclose(t.ones(2), t.ones(2).double()), ["isclose", "float32", "float64"]),
    "targets of floats": (
        lambda t: t.nn.functional.cross_entropy(t.ones(2, 3), t.ones(2)),
        ["cross_entropy", "float32", ".long()"],
    ),
    "targets of small integers": (
        lambda t: t.nn.functional.nll_loss(t.ones(2, 3), t.ones(2, dtype=t.int32)),
        ["nll_loss", "int32", ".long()"],
    ),
    "logits of integers": (
        lambda t: t.nn.functional.cross_entropy(t.ones(2, 3, dtype=t.int64), t.zeros(2, dtype=t.int64)),
        ["cross_entropy", "int64", ".float()"],
    ),
    "targets of bools": (
        lambda t: t.nn.functional.binary_cross_entropy(t.ones(2), t.tensor([True, False])),
        ["binary_cross_entropy", "bool", ".float()"],
    ),
    "softmax of integers": (lambda t: t.ones(2, dtype=t.int64).softmax(0), ["softmax", "int64", ".float()"]),
    "a weight of another dtype": (
        lambda t: t.nn.functional.cross_entropy(t.ones(2, 3), t.zeros(2, dtype=t.int64), weight=t.ones(3).double()),
        ["weight", "float32", "float64"],
    ),
    "an integer divided by 0": (lambda t: t.tensor([1]) // 0, ["0"]),
    "a negative power of integers": (lambda t: t.tensor([2]) ** -1, ["pow", "negative", ".float()"]),
    "a number out of range": (lambda t: t.zeros(2, dtype=t.uint8).fill_(300), ["300", "uint8"]),
}
POSITIONS: dict[str, tuple[Call, list[str]]] = {
    "an index": (lambda t: t.ones(2, 3)[2], ["index 2", "dimension 0", "size 2"]),
    "an index from the end": (lambda t: t.ones(2, 3)[0, -4], ["index -4", "dimension 1", "size 3"]),
    "an index in a tensor": (lambda t: t.ones(2, 3)[t.tensor([0, 5])], ["index 5", "dimension 0", "size 2"]),
    "too many": (lambda t: t.ones(2)[0, 0], ["too many", "dimension 1"]),
    "an index of a number": (lambda t: t.tensor(1.0)[0], ["0"]),
    "a mask": (lambda t: t.ones(2, 3)[t.tensor([True, False, True])], ["mask", "[3]", "[2, 3]"]),
    "floats": (lambda t: t.ones(3)[t.tensor([0.0])], ["indices", "float32"]),
    "a negative step": (lambda t: t.ones(3)[::-1], ["step"]),
    "a value of another dtype": (
        lambda t: t.ones(2).__setitem__(t.tensor([True, True]), t.ones(2).double()),
        ["float32", "float64"],
    ),
    "a change of an expanded tensor": (lambda t: t.ones(1).expand(3).add_(1), ["expand()", "clone()"]),
    "two arrays": (lambda t: t.ones(3, 3)[t.tensor([0, 1]), t.tensor([0, 1, 2])], ["(2,)", "(3,)"]),
    "a dimension": (lambda t: t.ones(2, 3).sum(2), ["[-2, 1]", "2"]),
    "a dimension of softmax": (lambda t: t.ones(2).softmax(1), ["[-1, 0]", "1"]),
    "a dimension of cat": (lambda t: t.cat([t.ones(2), t.ones(2)], 1), ["[-1, 0]", "1"]),
    "a dimension of stack": (lambda t: t.stack([t.ones(2), t.ones(2)], 2), ["[-2, 1]", "2"]),
    "a dimension of transpose": (lambda t: t.ones(2, 3).transpose(0, 2), ["[-2, 1]", "2"]),
    "a dimension of unsqueeze": (lambda t: t.ones(2).unsqueeze(2), ["[-2, 1]", "2"]),
    "a class": (
        lambda t: t.nn.functional.cross_entropy(t.ones(2, 3), t.tensor([0, 3])),
        ["3", "out of bounds"],
    ),
    "a class below 0": (
        lambda t: t.nn.functional.nll_loss(t.ones(2, 3), t.tensor([0, -1])),
        ["-1", "out of bounds"],
    ),
    "a position in a number": (lambda t: t.tensor(5)[0], ["0-dim", "item()"]),
    "a value at an index": (lambda t: t.ones(2).__setitem__(5, 1.0), ["index 5", "size 2"]),
    "a value of another shape": (lambda t: t.ones(2, 3).__setitem__(0, t.ones(2)), ["[2]", "[3]"]),
}
VALUES: dict[str, tuple[Call, list[str]]] = {
    "labels that are nan": (
        lambda t: t.nn.functional.binary_cross_entropy(t.tensor([0.5]), t.tensor([float("nan")])),
        ["binary_cross_entropy", "target", "0 and 1"],
    ),
    "probabilities above 1": (
        lambda t: t.nn.functional.binary_cross_entropy(t.tensor([1.5]), t.tensor([1.0])),
        ["binary_cross_entropy", "input", "0 and 1"],
    ),
    "an unknown reduction": (
        lambda t: t.nn.functional.mse_loss(t.ones(2), t.ones(2), reduction="average"),
        ["average", "'mean'"],
    ),
    "too much label smoothing": (
        lambda t: t.nn.functional.cross_entropy(t.ones(2, 3), t.zeros(2, dtype=t.int64), label_smoothing=2.0),
        ["label_smoothing", "2.0"],
    ),
    "an unknown rounding_mode": (lambda t: t.div(t.ones(2), 2, rounding_mode="up"), ["'up'", "'floor'"]),
    "clamp without bounds": (lambda t: t.ones(2).clamp(), ["clamp", "min", "max"]),
    "the difference of two bools": (lambda t: t.tensor([True]) - t.tensor([False]), ["sub", "`^`"]),
    "a weight that requires grad": (
        lambda t: t.nn.functional.binary_cross_entropy_with_logits(
            t.ones(2, requires_grad=True), t.ones(2), weight=t.ones(2, requires_grad=True)
        ),
        ["weight", "not differentiable"],
    ),
}
TYPES: dict[str, tuple[Call, list[str]]] = {
    "the type of a number": (lambda t: t.ones(2).type_as(0), ["type_as", "Tensor", "int"]),
    "a list for a tensor": (lambda t: t.exp([1.0]), ["exp", "list"]),
    "text for a tensor": (lambda t: t.sum("text"), ["sum", "str"]),
    "None for a tensor": (lambda t: t.relu(None), ["relu", "NoneType"]),
    "a number for a tensor": (lambda t: t.matmul(t.ones(2), 2), ["matmul", "other", "int"]),
    "a number for another tensor": (lambda t: t.maximum(t.ones(2), 2), ["maximum", "other", "int"]),
    "text for a dimension": (lambda t: t.ones(2).sum("0"), ["sum", "'dim'", "str"]),
    "two dimensions of argmax": (lambda t: t.ones(2, 3).argmax((0, 1)), ["argmax", "'dim'", "tuple"]),
    "one dimension of argmin, in a tuple": (lambda t: t.ones(2, 3).argmin((0,)), ["argmin", "'dim'", "tuple"]),
    "a fractional size": (lambda t: t.zeros(2.0), ["zeros", "2.0", "float"]),
    "a fractional size of a view": (lambda t: t.ones(4).view(2.0, 2), ["view", "2.0", "float"]),
    "text for a size": (lambda t: t.ones(4).reshape("a"), ["reshape", "'a'", "str"]),
    "a list for a layer's input": (lambda t: t.nn.Linear(3, 4)([1.0, 2.0, 3.0]), ["linear", "input", "list"]),
    "an array for a layer's input": (
        lambda t: t.nn.Linear(3, 4)(t.ones(3).numpy()),
        ["linear", "input", "ndarray"],
    ),
    "a list for a condition": (lambda t: t.where([True], 1, 2), ["where", "condition", "list"]),
    "text to fill with": (lambda t: t.ones(2).fill_("a"), ["fill_", "str"]),
    "a list to copy": (lambda t: t.ones(2).copy_([1.0, 2.0]), ["copy_", "list"]),
    "a number for the data": (lambda t: setattr(t.ones(2), "data", 1), ["data", "int"]),
    "a number for a gradient": (lambda t: t.ones(2, requires_grad=True).exp().backward(1.0), ["float"]),
    "a hook that returns text": (
        lambda t: [y := t.ones(2, requires_grad=True).exp(), y.register_hook(lambda g: "text"), y.sum().backward()],
        ["hook", "str"],
    ),
    "arange of nothing": (lambda t: t.arange(), ["arange", "end"]),
    "a tensor for a sequence": (lambda t: t.cat(t.ones(2)), ["cat", "Tensor"]),
    "a number in a sequence": (lambda t: t.cat([t.ones(2), 1]), ["int"]),
    "a list for a target": (lambda t: t.nn.functional.cross_entropy(t.ones(2, 3), [0, 1]), ["target", "list"]),
    "text for a gradient": (lambda t: setattr(t.ones(2), "grad", "text"), ["grad", "str"]),
}
ALL = {"shapes": SHAPES, "dtypes": DTYPES, "positions": POSITIONS, "values": VALUES, "types": TYPES}
CASES = [
    pytest.param(call, words, id=f"{kind}: {name}")
    for kind, cases in ALL.items()
    for name, (call, words) in cases.items()
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("call", "words"), CASES)
def test_the_exception_is_of_pytorchs_type_and_names_what_is_wrong(call: Call, words: list[str]) -> None:
    with pytest.raises((RuntimeError, TypeError, ValueError, IndexError)) as theirs:
        call(torch)
    with pytest.raises(theirs.type) as mine:
        call(minigrad)
    assert all(word in str(mine.value) for word in words), f"{mine.value} lacks one of {words}"


# Backward ---------------------------------------------------------------------------------------------------


def leaf(t: Any, *values: float) -> Any:
    return t.tensor(values or [1.0, 2.0], requires_grad=True)


def twice(t: Any) -> None:
    loss = (leaf(t) ** 2).sum()
    loss.backward()
    loss.backward()


def changed_in_place(t: Any) -> None:
    x = leaf(t)
    y = x.exp()
    z = (y * y).sum()
    y.add_(1)
    z.backward()


def changed_condition(t: Any) -> None:
    x, condition = leaf(t), t.tensor([True, False])
    y = t.where(condition, x, 2 * x).sum()
    condition[1] = True
    y.backward()


def changed_weight(t: Any) -> None:
    x, weight = leaf(t), t.ones(2)
    y = t.nn.functional.binary_cross_entropy_with_logits(x, t.ones(2), weight=weight)
    weight.mul_(2)
    y.backward()


def changed_target(t: Any) -> None:
    x, target = leaf(t), t.ones(2)
    y = t.nn.functional.mse_loss(x, target)
    target.zero_()
    y.backward()


BACKWARD: dict[str, tuple[Call, list[str]]] = {
    "not a scalar": (lambda t: (leaf(t) * 2).backward(), ["scalar", "[2]", ".mean()"]),
    "without grad": (lambda t: t.ones(2).sum().backward(), ["does not require grad", "requires_grad=True"]),
    "twice": (twice, ["second time", "retain_graph=True"]),
    "from a gradient of another shape": (lambda t: leaf(t).exp().backward(t.ones(3)), ["[3]", "[2]"]),
    "after a change in place": (changed_in_place, ["modified by an inplace operation", "clone()", "y.add_(1)"]),
    "after a change of a condition": (changed_condition, ["inplace", "condition[1] = True"]),
    "after a change of a weight": (changed_weight, ["inplace", "weight.mul_(2)"]),
    "after a change of a target": (changed_target, ["inplace", "target.zero_()"]),
    "of a leaf changed in place": (lambda t: leaf(t).add_(1), ["leaf", "no_grad"]),
    "of an element of a leaf changed in place": (lambda t: leaf(t).__setitem__(0, 1.0), ["leaf"]),
    "without a use": (lambda t: t.autograd.grad(leaf(t).sum(), leaf(t)), ["allow_unused=True"]),
    "into numpy": (lambda t: leaf(t).numpy(), ["numpy()", "detach()"]),
    "no longer, but of a result": (lambda t: leaf(t).exp().requires_grad_(False), ["leaf", "detach()"]),
    "of another shape assigned": (lambda t: setattr(leaf(t), "grad", t.ones(3)), ["[3]", "[2]"]),
}


@pytest.mark.parametrize(("call", "words"), BACKWARD.values(), ids=BACKWARD)
def test_errors_of_the_backward_pass(call: Call, words: list[str]) -> None:
    with pytest.raises(RuntimeError):
        call(torch)
    with pytest.raises(RuntimeError) as mine:
        call(minigrad)
    assert all(word in str(mine.value) for word in words), f"{mine.value} lacks one of {words}"


def test_a_failed_pass_leaves_every_grad_as_it_was() -> None:
    a, b = leaf(minigrad), leaf(minigrad)
    y = a.exp()
    loss = (b * 3).sum() + (y * y).sum()
    y.mul_(2)
    b.grad = minigrad.ones(2)
    with pytest.raises(RuntimeError, match="inplace"):
        loss.backward()
    assert a.grad is None
    assert b.grad.tolist() == [1, 1]


def test_a_key_is_kept_as_it_was() -> None:
    x, key = leaf(minigrad, 1.0, 2.0, 3.0), minigrad.tensor([0, 1])
    y = x[key].sum()
    key.fill_(2)
    y.backward()
    assert x.grad.tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.add_(minigrad.ones(3)),
        lambda x: x.mul_("text"),
        lambda x: x.copy_(minigrad.ones(3)),
        lambda x: x.fill_(minigrad.ones(3)),
        lambda x: x.__setitem__(0, minigrad.ones(3)),
        lambda x: x.__setitem__(7, 1.0),
        lambda x: x.clamp_(),
    ],
)
@pytest.mark.parametrize("requires_grad", [False, True])
def test_a_refused_change_in_place_changes_nothing(change: Call, requires_grad: bool) -> None:
    leaf_of_x = minigrad.ones(2, requires_grad=requires_grad)
    x = leaf_of_x * 2
    node, version = x.grad_fn, x._version
    with pytest.raises((RuntimeError, TypeError, IndexError)):
        change(x)
    assert x.tolist() == [2, 2]
    assert x.grad_fn is node
    assert x._version == version

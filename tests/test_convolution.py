"""Convolution and pooling beyond the registry of ops: layers, training, edges, errors, and memory."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from engines import torch
from same_draws import bits, in_step
from twins import numbers

import minigrad

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'")

Make = Callable[[Any], Any]

CONVOLUTIONS: dict[str, Make] = {
    "plain": lambda nn: nn.Conv2d(1, 32, 3),
    "by position": lambda nn: nn.Conv2d(3, 4, 3, 2, 1),
    "all options": lambda nn: nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2),
    "without bias": lambda nn: nn.Conv2d(2, 3, 3, bias=False),
    "same": lambda nn: nn.Conv2d(2, 3, (3, 2), padding="same", dilation=2),
    "valid": lambda nn: nn.Conv2d(2, 3, 3, padding="valid"),
    "a kernel for each channel": lambda nn: nn.Conv2d(3, 6, 3, groups=3, padding=1),
    "one element": lambda nn: nn.Conv2d(2, 3, 1),
    "reflect": lambda nn: nn.Conv2d(2, 3, 3, padding=2, padding_mode="reflect"),
    "replicate": lambda nn: nn.Conv2d(2, 3, 3, stride=2, padding=(3, 1), padding_mode="replicate"),
    "circular": lambda nn: nn.Conv2d(2, 3, 3, padding="same", dilation=(1, 3), padding_mode="circular"),
    "circular, valid": lambda nn: nn.Conv2d(2, 3, 3, padding="valid", padding_mode="circular"),
}
POOLINGS: dict[str, Make] = {
    "max": lambda nn: nn.MaxPool2d(2),
    "max, all options": lambda nn: nn.MaxPool2d((3, 2), (2, 1), (1, 0), 1, ceil_mode=True),
    "max, dilated": lambda nn: nn.MaxPool2d(2, stride=1, dilation=(2, 3)),
    "max, with indices": lambda nn: nn.MaxPool2d(3, 2, 1, return_indices=True),
    "mean": lambda nn: nn.AvgPool2d(2),
    "mean, all options": lambda nn: nn.AvgPool2d((3, 2), (2, 1), (1, 0), True, False, None),
    "mean, divided by another number": lambda nn: nn.AvgPool2d(3, stride=(2, 2), padding=1, divisor_override=5),
}


def each(cases: dict[str, Any]) -> pytest.MarkDecorator:
    """A test for each case, under its name."""
    return pytest.mark.parametrize("case", cases.values(), ids=cases)


def both(make: Make) -> tuple[Any, Any]:
    """A module made by PyTorch and by minigrad, from the same seed."""
    torch.manual_seed(3)
    minigrad.manual_seed(3)
    return make(torch.nn), make(minigrad.nn)


@each(CONVOLUTIONS)
def test_weights_come_from_the_seed(case: Make) -> None:
    theirs, mine = both(case)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    for name, value in theirs.state_dict().items():
        assert bits(mine.state_dict()[name]) == bits(value)
    in_step()


@each(CONVOLUTIONS | POOLINGS)
def test_layers_are_printed_as_in_pytorch(case: Make) -> None:
    theirs, mine = both(case)
    assert repr(mine) == repr(theirs)


@each(CONVOLUTIONS)
def test_convolution_layers_compute_as_in_pytorch(case: Make) -> None:
    theirs, mine = (module.double() for module in both(case))
    check_layer(theirs, mine, numbers(2, theirs.in_channels, 7, 6))
    check_layer(theirs, mine, numbers(theirs.in_channels, 5, 8))


@each(POOLINGS)
def test_pooling_layers_compute_as_in_pytorch(case: Make) -> None:
    theirs, mine = both(case)
    check_layer(theirs, mine, numbers(2, 3, 7, 6))
    check_layer(theirs, mine, numbers(3, 8, 5))


def check_layer(theirs: Any, mine: Any, x: Any) -> None:
    """Two layers give the same values, and gradients of their parameters and the input."""
    gradients = []
    for engine, module in ((torch, theirs), (minigrad, mine)):
        leaf = engine.from_numpy(x.copy()).requires_grad_()
        out = module(leaf)
        out, *indices = out if isinstance(out, tuple) else (out,)
        module.zero_grad()
        (out * out).sum().backward()
        gradients.append([out, leaf.grad, *(p.grad for p in module.parameters()), *indices])
    for g, h in zip(*gradients, strict=True):
        assert str(g.dtype).partition(".")[2] == str(h.dtype).partition(".")[2]
        np.testing.assert_allclose(h.detach().numpy(), g.detach().numpy(), 1e-12, 1e-12)


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_three_steps_of_training_are_those_of_pytorch(name: str) -> None:
    x, classes = numbers(8, 2, 9, 9), np.random.default_rng(2).integers(0, 3, 8)
    states = []
    for engine in (torch, minigrad):
        engine.manual_seed(1)
        nn = engine.nn
        net = nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 6, 3, stride=2, padding="valid", groups=2),
            nn.Tanh(),
            nn.AvgPool2d(2, stride=1, padding=1, count_include_pad=False),
            nn.Flatten(),
            nn.Linear(24, 3),
        ).double()
        step = {"SGD": {"lr": 0.1, "momentum": 0.9}, "Adam": {"lr": 0.01}}[name]
        optimizer = getattr(engine.optim, name)(net.parameters(), **step)
        losses = []
        for _ in range(3):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(engine.from_numpy(x)), engine.from_numpy(classes))
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        states.append((losses, net.state_dict()))
    (their_losses, theirs), (my_losses, mine) = states
    np.testing.assert_allclose(my_losses, their_losses, 1e-12)
    assert list(mine) == list(theirs)
    for key, value in theirs.items():
        np.testing.assert_allclose(mine[key].numpy(), value.numpy(), 1e-12, 1e-12, err_msg=key)


def test_state_dicts_fit_into_either_library() -> None:
    torch.manual_seed(1)
    minigrad.manual_seed(2)
    theirs, mine = torch.nn.Conv2d(2, 4, 3), minigrad.nn.Conv2d(2, 4, 3)
    mine.load_state_dict({name: minigrad.from_numpy(x.numpy()) for name, x in theirs.state_dict().items()})
    assert bits(mine.weight) == bits(theirs.weight)
    mine.reset_parameters()
    assert bits(mine.weight) != bits(theirs.weight)
    theirs.load_state_dict({name: torch.from_numpy(x.numpy()) for name, x in mine.state_dict().items()})
    assert bits(mine.bias) == bits(theirs.bias)


def test_the_official_mnist_network_in_float32() -> None:
    """The example's shapes: a product of 288 numbers for each element, by OpenBLAS and by oneDNN."""
    x, images = numbers(2, 32, 26, 26, dtype="float32"), []
    theirs, mine = both(lambda nn: nn.Conv2d(32, 64, 3, 1))
    for engine, conv in ((torch, theirs), (minigrad, mine)):
        out = engine.nn.functional.max_pool2d(engine.nn.functional.relu(conv(engine.from_numpy(x))), 2)
        out.sum().backward()
        assert engine.flatten(out, 1).shape == (2, 9216)
        images.append((out.detach().numpy(), conv.weight.grad.numpy(), conv.bias.grad.numpy()))
    for g, h in zip(*images, strict=True):
        np.testing.assert_allclose(h, g, 1e-4, 1e-4 * abs(g).max())


def test_the_result_can_be_viewed_in_another_shape() -> None:
    x = minigrad.from_numpy(numbers(2, 2, 5, 5))
    for result in (minigrad.nn.Conv2d(2, 3, 3).double()(x), minigrad.nn.MaxPool2d(2)(x), minigrad.nn.AvgPool2d(2)(x)):
        assert result.is_contiguous()
        assert result.view(2, -1).shape[0] == 2


# The largest of a window -------------------------------------------------------------------------------------

ROWS: dict[str, tuple[list[float], dict[str, Any], list[float], list[int]]] = {
    "the first of equal ones": ([2, 2, 1, 1], {}, [2, 1], [0, 2]),
    "a nan": ([math.nan, 2, 1, math.nan], {}, [math.nan, math.nan], [0, 3]),
    "the last of two nans": ([math.nan, math.nan, 0, 0], {}, [math.nan, 0], [1, 2]),
    "minus infinity, not the padding": ([-math.inf, -math.inf], {"padding": (0, 1)}, [-math.inf, -math.inf], [0, 1]),
    "negative numbers, not the padding": ([-3, -2], {"padding": (0, 1)}, [-3, -2], [0, 1]),
    "a window that reaches beyond": ([1, 2, 3], {"ceil_mode": True}, [2, 3], [1, 2]),
    "none that would begin beyond": ([1, 2, 3], {"stride": (1, 4), "ceil_mode": True}, [2], [1]),
}


@each(ROWS)
def test_which_element_is_the_largest(case: Any) -> None:
    row, options, values, indices = case
    for engine in (torch, minigrad):
        x = engine.tensor([[row]], dtype=engine.float32, requires_grad=True)
        out, where = engine.nn.functional.max_pool2d(x, (1, 2), **options, return_indices=True)
        np.testing.assert_array_equal(out.detach().numpy(), [[values]])
        np.testing.assert_array_equal(where.numpy(), [[indices]])
        assert not where.requires_grad
        out.sum().backward()
        counts = np.bincount(indices, minlength=len(row))
        np.testing.assert_array_equal(x.grad.numpy(), [[counts]])


def test_an_infinite_gradient_reaches_the_largest_alone() -> None:
    x = minigrad.tensor([[[1.0, 2.0], [3.0, 4.0]]], requires_grad=True)
    minigrad.nn.functional.max_pool2d(x, 2).backward(minigrad.tensor([[[math.inf]]]))
    assert x.grad.tolist() == [[[0, 0], [0, math.inf]]]


def test_windows_of_many_elements() -> None:
    x = numbers(1, 2, 20, 20)
    for engine in (torch, minigrad):
        out, where = engine.nn.functional.max_pool2d(engine.from_numpy(x), 20, return_indices=True)
        np.testing.assert_array_equal(out.numpy().ravel(), x.reshape(2, -1).max(1))
        np.testing.assert_array_equal(where.numpy().ravel(), x.reshape(2, -1).argmax(1))


# Errors -----------------------------------------------------------------------------------------------------


def conv2d(engine: Any, x: tuple[int, ...] = (1, 2, 5, 5), w: tuple[int, ...] = (4, 2, 3, 3), **options: Any) -> Any:
    """A convolution of ones."""
    return engine.nn.functional.conv2d(engine.ones(x), engine.ones(w), **options)


def pool(engine: Any, name: str, *args: Any, shape: tuple[int, ...] = (1, 2, 5, 5), **options: Any) -> Any:
    """A pooling of ones."""
    return getattr(engine.nn.functional, f"{name}_pool2d")(engine.ones(shape), *args, **options)


ERRORS: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "channels": (lambda t: conv2d(t, w=(4, 1, 3, 3)), ["conv2d", "[1, 2, 5, 5]", "[4, 1, 3, 3]", "1 channels"]),
    "groups that do not divide": (lambda t: conv2d(t, w=(3, 1, 3, 3), groups=2), ["conv2d", "divisible by 2"]),
    "more groups than kernels": (lambda t: conv2d(t, w=(0, 2, 3, 3)), ["conv2d", "at least 1", "[0, 2, 3, 3]"]),
    "no groups": (lambda t: conv2d(t, groups=0), ["conv2d", "groups=0"]),
    "a kernel larger than the image": (lambda t: conv2d(t, w=(4, 2, 6, 3)), ["conv2d", "(5 x 5)", "(6 x 3)"]),
    "an empty kernel": (lambda t: conv2d(t, w=(4, 2, 0, 3)), ["conv2d", "[4, 2, 0, 3]"]),
    "an empty image": (lambda t: conv2d(t, x=(1, 2, 0, 5), padding=2), ["conv2d", "[1, 2, 0, 5]"]),
    "an input of two dimensions": (lambda t: conv2d(t, x=(2, 5)), ["conv2d", "[2, 5]", "4D"]),
    "a weight of three dimensions": (lambda t: conv2d(t, w=(4, 2, 3)), ["conv2d", "[4, 2, 3]"]),
    "a bias of another size": (lambda t: conv2d(t, bias=t.ones(2)), ["conv2d", "4 elements", "[2]"]),
    "two dtypes": (lambda t: conv2d(t, bias=t.ones(4).double()), ["conv2d", "(float)", "(double)", ".double()"]),
    "a list": (lambda t: t.nn.functional.conv2d([1.0], t.ones(1, 1, 1, 1)), ["conv2d", "input", "list"]),
    "a stride of 0": (lambda t: conv2d(t, stride=0), ["conv2d", "stride=[0, 0]"]),
    "a fractional stride": (lambda t: conv2d(t, stride=1.5), ["conv2d", "stride", "1.5"]),
    "three strides": (lambda t: conv2d(t, stride=(1, 2, 3)), ["conv2d", "stride", "(1, 2, 3)"]),
    "a negative padding": (lambda t: conv2d(t, padding=-1), ["conv2d", "padding=-1"]),
    "an unknown padding": (lambda t: conv2d(t, padding="full"), ["conv2d", "'full'", "'same'"]),
    "same with a stride": (lambda t: conv2d(t, padding="same", stride=2), ["conv2d", "'same'", "strided"]),
    "a dilation of 0": (lambda t: conv2d(t, dilation=0), ["conv2d", "dilation", "0"]),
    "groups of a layer": (lambda t: t.nn.Conv2d(3, 4, 1, groups=2), ["in_channels", "3", "2"]),
    "groups of a layer's results": (lambda t: t.nn.Conv2d(4, 3, 1, groups=2), ["out_channels", "3", "2"]),
    "no groups of a layer": (lambda t: t.nn.Conv2d(4, 3, 1, groups=0), ["groups", "0"]),
    "a layer's unknown padding": (lambda t: t.nn.Conv2d(1, 1, 3, padding="full"), ["'full'", "same"]),
    "a layer's same with a stride": (lambda t: t.nn.Conv2d(1, 1, 3, 2, "same"), ["'same'", "strided"]),
    "an unknown padding_mode": (lambda t: t.nn.Conv2d(1, 1, 3, padding_mode="mirror"), ["mirror", "reflect"]),
    "more to reflect than there is": (
        lambda t: t.nn.Conv2d(1, 1, 3, padding=3, padding_mode="reflect")(t.ones(1, 3, 3)),
        ["pad()", "3", "reflect"],
    ),
    "more than one circle": (
        lambda t: t.nn.Conv2d(1, 1, 3, padding=4, padding_mode="circular")(t.ones(1, 3, 3)),
        ["pad()", "4", "circular"],
    ),
    "a pooling of two dimensions": (lambda t: pool(t, "max", 2, shape=(5, 5)), ["max_pool2d", "[5, 5]"]),
    "a pooling without channels": (lambda t: pool(t, "avg", 2, shape=(1, 0, 5, 5)), ["avg_pool2d", "[1, 0, 5, 5]"]),
    "a pooling of no tensor": (lambda t: t.nn.functional.max_pool2d([1.0], 2), ["max_pool2d", "list"]),
    "a window larger than the image": (lambda t: pool(t, "max", 6), ["max_pool2d", "2x5x5", "2x0x0"]),
    "too much padding": (lambda t: pool(t, "avg", 2, padding=2), ["avg_pool2d", "[2, 2]", "half"]),
    "a negative padding of a pooling": (lambda t: pool(t, "max", 2, padding=-1), ["max_pool2d", "[-1, -1]"]),
    "no window": (lambda t: pool(t, "max", 0), ["max_pool2d", "kernel_size", "[0, 0]"]),
    "a window of three dimensions": (lambda t: pool(t, "max", (2, 2, 2)), ["max_pool2d", "(2, 2, 2)"]),
    "a fractional window": (lambda t: pool(t, "max", 2.0), ["max_pool2d", "kernel_size", "2.0"]),
    "a pooling stride of 0": (lambda t: pool(t, "avg", 2, stride=0), ["avg_pool2d", "stride", "[0, 0]"]),
    "a pooling dilation of 0": (lambda t: pool(t, "max", 2, dilation=0), ["max_pool2d", "dilation", "[0, 0]"]),
    "a divisor of 0": (lambda t: pool(t, "avg", 2, divisor_override=0), ["avg_pool2d", "divisor"]),
    "a fractional divisor": (lambda t: pool(t, "avg", 2, divisor_override=2.5), ["divisor_override", "float"]),
}


@each(ERRORS)
def test_errors_are_of_pytorchs_types_and_say_what_is_wrong(case: Any) -> None:
    call, words = case
    with pytest.raises(Exception) as theirs:  # noqa: PT011 - whatever PyTorch raises
        call(torch)
    with pytest.raises(theirs.type) as mine:
        call(minigrad)
    for word in words:
        assert word in str(mine.value)


def test_a_window_in_the_padding_alone_is_refused() -> None:
    """In PyTorch its index points outside of the image, and the gradient is written there."""
    with pytest.raises(RuntimeError, match=r"max_pool2d\(\): with padding 1 and dilation 2"):
        minigrad.nn.functional.max_pool2d(minigrad.ones(1, 1, 1), 2, padding=1, dilation=2)


# Memory -----------------------------------------------------------------------------------------------------


def test_memory_is_a_few_times_the_matrix_of_windows() -> None:
    x = minigrad.from_numpy(numbers(8, 16, 26, 26, dtype="float32")).requires_grad_()
    conv = minigrad.nn.Conv2d(16, 16, 3)
    matrix = 16 * 9 * 8 * 24 * 24 * 4  # bytes
    forward, after = peak(lambda: conv(x))
    assert forward < 1.5 * matrix
    assert after < 0.2 * matrix  # the matrix itself is not kept
    loss = conv(x).sum()
    backward, _ = peak(loss.backward)
    assert backward < 2.5 * matrix


def peak(call: Callable[[], Any]) -> tuple[int, int]:
    """How many bytes a call takes at most, and how many its result keeps."""
    tracemalloc.start()
    try:
        result = call()
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    del result
    return most, kept

"""The training step derived by hand in NumPy, and no array made twice: what NumPy can do at best.

All parameters lie in one flat array, and so do gradients and averages; each product and each function writes into
an array that was made before the first step.  Sums over a batch are products with ones, which BLAS does faster.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import Any

import numpy as np

from benchmarks.workloads import Array, Perceptron, Step


def training(workload: Perceptron) -> Step:
    start = [array for layer in workload.parameters() for array in layer]
    values = np.concatenate([array.reshape(-1) for array in start])
    gradients = np.empty_like(values)
    layers = [Layer(*arrays) for arrays in zip(*pairs(values, start), *pairs(gradients, start))]
    outs = [np.empty((workload.batch, size), np.float32) for size in workload.sizes[1:]]
    ones = np.ones(workload.batch, np.float32)
    masks = [np.empty(out.shape, bool) for out in outs]
    inner = [np.empty_like(out) for out in outs]  # gradients of the outputs
    loss_and_gradient = {"mse": mse, "bce": bce, "cross entropy": cross_entropy}[workload.loss](outs[-1], inner[-1])
    update = {"SGD": sgd, "Adam": adam}[workload.optimizer](values, gradients, workload.lr)
    batches = cycle(workload.batches_of_data())
    last = len(layers) - 1

    def step() -> Any:
        x, y = next(batches)
        given = x
        for number, (layer, out) in enumerate(zip(layers, outs)):
            np.matmul(given, layer.weight.T, out=out)
            out += layer.bias
            if workload.relu and number < last:
                np.maximum(out, 0, out=out)
            given = out
        loss = loss_and_gradient(y)
        for number in range(last, -1, -1):
            layer, g = layers[number], inner[number]
            np.matmul(ones, g, out=layer.dbias)
            np.matmul(g.T, outs[number - 1] if number else x, out=layer.dweight)
            if number:
                below = np.matmul(g, layer.weight, out=inner[number - 1])
                if workload.relu:
                    below *= np.greater(outs[number - 1], 0, out=masks[number - 1])
        update()
        return loss

    return step


class Layer:
    """Weight and bias of a linear layer, and where their gradients are written."""

    def __init__(self, weight: Array, bias: Array, dweight: Array, dbias: Array) -> None:
        self.weight, self.bias, self.dweight, self.dbias = weight, bias, dweight, dbias


def pairs(flat: Array, like: list[Array]) -> tuple[list[Array], list[Array]]:
    """The pieces of a flat array in the shapes of weights and biases."""
    stops = np.cumsum([array.size for array in like])
    pieces = [flat[stop - array.size : stop].reshape(array.shape) for stop, array in zip(stops, like)]
    return pieces[::2], pieces[1::2]


# Losses: each is given its logits and where to write their gradient, once ------------------------------------

Loss = Callable[[Array], Any]


def mse(out: Array, g: Array) -> Loss:
    flat, scale = g.reshape(-1), 2 / out.size

    def loss(y: Array) -> Any:
        np.subtract(out, y, out=g)
        value = flat @ flat / flat.size
        np.multiply(g, scale, out=g)
        return value

    return loss


def bce(out: Array, g: Array) -> Loss:
    losses, scale = np.empty_like(out), np.float32(1 / out.size)

    def loss(y: Array) -> Any:
        np.abs(out, out=losses)
        np.negative(losses, out=losses)
        np.exp(losses, out=losses)
        np.log1p(losses, out=losses)
        np.maximum(out, 0, out=g)
        np.add(losses, g, out=losses)
        np.multiply(out, y, out=g)
        np.subtract(losses, g, out=losses)
        np.negative(out, out=g)
        np.exp(g, out=g)
        np.add(g, 1, out=g)
        np.reciprocal(g, out=g)
        np.subtract(g, y, out=g)
        np.multiply(g, scale, out=g)
        return losses.sum() * scale

    return loss


def cross_entropy(out: Array, g: Array) -> Loss:
    number, classes = out.shape
    starts, scale = np.arange(0, out.size, classes), np.float32(1 / number)
    most, total = np.empty((number, 1), np.float32), np.empty((number, 1), np.float32)
    flat_out, flat_g, ones = out.reshape(-1), g.reshape(-1), np.ones((classes, 1), np.float32)

    def loss(y: Array) -> Any:
        places = starts + y
        np.max(out, 1, keepdims=True, out=most)
        np.subtract(out, most, out=out)
        np.exp(out, out=g)
        np.matmul(g, ones, out=total)
        of_target = flat_out[places]
        np.divide(g, total, out=g)
        np.log(total, out=total)
        flat_g[places] -= 1
        np.multiply(g, scale, out=g)
        return (total.sum() - of_target.sum()) * scale

    return loss


# Updates of the flat arrays ---------------------------------------------------------------------------------


def sgd(values: Array, gradients: Array, lr: float) -> Callable[[], None]:
    def update() -> None:
        np.multiply(gradients, lr, out=gradients)
        np.subtract(values, gradients, out=values)

    return update


def adam(
    values: Array, gradients: Array, lr: float, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
) -> Callable[[], None]:
    m, v, scratch = np.zeros_like(values), np.zeros_like(values), np.empty_like(values)
    t = 0

    def update() -> None:
        nonlocal t
        t += 1
        np.multiply(m, beta1, out=m)
        np.multiply(gradients, 1 - beta1, out=scratch)
        np.add(m, scratch, out=m)
        np.multiply(scratch, gradients, out=scratch)
        np.multiply(scratch, (1 - beta2) / (1 - beta1), out=scratch)
        np.multiply(v, beta2, out=v)
        np.add(v, scratch, out=v)
        np.sqrt(v, out=scratch)
        np.multiply(scratch, (1 - beta2**t) ** -0.5, out=scratch)
        np.add(scratch, eps, out=scratch)
        np.divide(m, scratch, out=scratch)
        np.multiply(scratch, lr / (1 - beta1**t), out=scratch)
        np.subtract(values, scratch, out=values)

    return update

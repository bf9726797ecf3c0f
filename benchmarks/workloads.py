"""What is timed: training steps of perceptrons, described once, so that every contestant starts from the same numbers.

Data and starting weights are NumPy's, from a seed of their own: a contestant is timed in a process of its own, and
none of them may need another's library to begin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Step = Callable[[], Any]
"""One turn of a training loop: forward, loss, backward, update.  It gives the loss, which `value` reads."""
Data = Callable[["Perceptron", np.random.Generator], tuple[Array, Array]]


def value(loss: Any) -> float:
    """A contestant's loss as a number."""
    return float(loss.detach() if hasattr(loss, "detach") else loss)


@dataclass(frozen=True)
class Perceptron:
    """A perceptron and how it is trained.

    sizes: of the input and of each linear layer's output.  loss: "mse", "bce" (with logits) or "cross entropy".
    optimizer: "SGD" or "Adam".  batch: samples in a step; batches: how many such batches take turns.  steps: in a
    round of timing.
    """

    title: str
    sizes: tuple[int, ...]
    loss: str
    optimizer: str
    lr: float
    data: Data
    batch: int
    batches: int = 1
    relu: bool = True
    steps: int = 100

    def batches_of_data(self) -> list[tuple[Array, Array]]:
        """The batches (x, y): float32 (batch, features), and targets as the loss wants them."""
        random = np.random.default_rng(0)
        return [self.data(self, random) for _ in range(self.batches)]

    def parameters(self) -> list[tuple[Array, Array]]:
        """Weight (outputs, inputs) and bias (outputs,) of each layer, drawn as PyTorch draws a Linear's."""
        random = np.random.default_rng(1)
        layers = []
        for inputs, outputs in zip(self.sizes, self.sizes[1:]):
            bound = inputs**-0.5
            weight = random.uniform(-bound, bound, (outputs, inputs)).astype(np.float32)
            layers.append((weight, random.uniform(-bound, bound, outputs).astype(np.float32)))
        return layers


# Data: with errors in it, so that no loss falls to where gradients become denormal numbers, which no lesson meets


def line(workload: Perceptron, random: np.random.Generator) -> tuple[Array, Array]:
    """Points near a line."""
    x = np.linspace(0, 1, workload.batch, dtype=np.float32)[:, None]
    return x, (0.7 * x + 0.3 + 0.05 * random.standard_normal(x.shape)).astype(np.float32)


def circles(workload: Perceptron, random: np.random.Generator) -> tuple[Array, Array]:
    """Whether a point lies within a circle, wrong for one in twenty."""
    x = random.standard_normal((workload.batch, 2)).astype(np.float32)
    inside = (x * x).sum(1) < 1
    wrong = random.random(workload.batch) < 0.05
    return x, (inside != wrong).astype(np.float32)[:, None]


def blobs(workload: Perceptron, random: np.random.Generator) -> tuple[Array, Array]:
    """In which quarter of the plane a point lies, wrong for one in twenty."""
    x = random.standard_normal((workload.batch, 2)).astype(np.float32)
    quarter = (x[:, 0] > 0) + 2 * (x[:, 1] > 0)
    wrong = random.random(workload.batch) < 0.05
    return x, np.where(wrong, 3 - quarter, quarter).astype(np.int64)


def images(workload: Perceptron, random: np.random.Generator) -> tuple[Array, Array]:
    """As dark as MNIST's (four pixels of five are 0), of random classes."""
    x = random.random((workload.batch, workload.sizes[0]), np.float32)
    x *= random.random(x.shape) < 0.2
    return x, random.integers(0, workload.sizes[-1], workload.batch)


def vectors(workload: Perceptron, random: np.random.Generator) -> tuple[Array, Array]:
    """Normal numbers in, normal numbers out."""
    shapes = (workload.batch, workload.sizes[0]), (workload.batch, workload.sizes[-1])
    x, y = (random.standard_normal(shape, np.float32) for shape in shapes)
    return x, y


# The workloads ----------------------------------------------------------------------------------------------


def wide(width: int, batch: int, steps: int = 100) -> Perceptron:
    """Two square layers of a width."""
    title = f"{width}-{width}-{width}, batch {batch}, Adam"
    return Perceptron(title, (width,) * 3, "mse", "Adam", 1e-4, vectors, batch, steps=steps)


PERCEPTRONS: dict[str, Perceptron] = {
    "linear-regression": Perceptron("35 points, 1-1, MSE, SGD", (1, 1), "mse", "SGD", 0.01, line, 35),
    "circles": Perceptron("800 points, 2-8-1, BCE, Adam", (2, 8, 1), "bce", "Adam", 0.01, circles, 800, relu=False),
    "circles-relu": Perceptron("800 points, 2-8-1 ReLU, BCE, Adam", (2, 8, 1), "bce", "Adam", 0.01, circles, 800),
    "blobs": Perceptron(
        "800 points, 2-16-4, cross-entropy, Adam", (2, 16, 4), "cross entropy", "Adam", 0.01, blobs, 800
    ),
    "mnist-sgd": Perceptron(
        "batch 64, 784-512-512-10, cross-entropy, SGD",
        (784, 512, 512, 10), "cross entropy", "SGD", 0.001, images, 64, batches=20, steps=40,
    ),
    "mnist-adam": Perceptron(
        "batch 64, 784-128-10, cross-entropy, Adam",
        (784, 128, 10), "cross entropy", "Adam", 0.001, images, 64, batches=20, steps=60,
    ),
    "width-2048": wide(2048, 1024, steps=3),
}  # fmt: skip

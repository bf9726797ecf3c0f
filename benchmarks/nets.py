"""What is timed beside perceptrons: a convolutional net, a transformer, an MLP with batch normalization, an LSTM.

They are written in PyTorch's names: `torch` is PyTorch or minigrad, which draw the same weights from a seed.  Dropout
is left out, and all losses are cross-entropies of rows of logits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.workloads import Array

BATCHES = 4
LETTERS = 27


@dataclass(frozen=True)
class Net:
    """A net and how it is trained.

    model: from the engine to a module that gives logits (rows, classes).  inputs, targets: a batch from a random
    generator.  optimizer: its name in torch.optim, and options.  steps: in a round of timing.
    """

    title: str
    model: Callable[[Any], Any]
    inputs: Callable[[np.random.Generator], Array]
    targets: Callable[[np.random.Generator], Array]
    optimizer: str
    options: dict[str, Any]
    steps: int
    loss: str = "cross entropy"

    def batches_of_data(self) -> list[tuple[Array, Array]]:
        """The batches, which take turns."""
        random = np.random.default_rng(0)
        return [(self.inputs(random), self.targets(random)) for _ in range(BATCHES)]

    def starting_model(self, torch: Any) -> Any:
        """The model with the weights that both engines draw from one seed."""
        torch.manual_seed(0)
        return self.model(torch)


def images(*shape: int) -> Callable[[np.random.Generator], Array]:
    """Images of random pixels."""
    return lambda random: random.random(shape, np.float32)


def integers(classes: int, *shape: int) -> Callable[[np.random.Generator], Array]:
    """Random classes, or characters by their numbers."""
    return lambda random: random.integers(0, classes, shape)


def convolutional(torch: Any) -> Any:
    """The net of the lesson mnist_cnn."""
    nn = torch.nn
    layers = [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(9216, 128), nn.ReLU(), nn.Linear(128, 10))


def makemore(torch: Any) -> Any:
    """Which letter follows three others: five layers with batch normalization and tanh (Karpathy, makemore part 3)."""
    nn = torch.nn
    layers = [nn.Embedding(LETTERS, 10), nn.Flatten()]
    for inputs in (30, 100, 100, 100, 100):
        layers += [nn.Linear(inputs, 100, bias=False), nn.BatchNorm1d(100), nn.Tanh()]
    return nn.Sequential(*layers, nn.Linear(100, LETTERS))


def lstm(torch: Any) -> Any:
    """Which letter follows, for each letter of a text, by an LSTM."""

    class Letters(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.embedding = torch.nn.Embedding(LETTERS, 32)
            self.lstm = torch.nn.LSTM(32, 128, batch_first=True)
            self.logits = torch.nn.Linear(128, LETTERS)

        def forward(self, x: Any) -> Any:
            hidden, _ = self.lstm(self.embedding(x))
            return self.logits(hidden).flatten(0, 1)

    return Letters()


WIDTH, HEADS, LENGTH, CHARACTERS = 128, 4, 64, 65


def transformer(torch: Any) -> Any:
    """Which character follows, for each character of a text, by two layers of causal self-attention."""
    nn = torch.nn

    class Attention(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.query_key_value = nn.Linear(WIDTH, 3 * WIDTH)
            self.output = nn.Linear(WIDTH, WIDTH)
            self.register_buffer("later", torch.ones(LENGTH, LENGTH).triu(1) == 1)

        def forward(self, x: Any) -> Any:
            split = self.query_key_value(x).view(*x.shape[:2], 3, HEADS, WIDTH // HEADS)
            q, k, v = split.permute(2, 0, 3, 1, 4)
            scores = (q @ k.transpose(-2, -1)) * (WIDTH // HEADS) ** -0.5
            weights = scores.masked_fill(self.later, -float("inf")).softmax(-1)
            return self.output((weights @ v).transpose(1, 2).reshape(x.shape))

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.attention, self.norm2 = nn.LayerNorm(WIDTH), Attention(), nn.LayerNorm(WIDTH)
            self.network = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

        def forward(self, x: Any) -> Any:
            x = x + self.attention(self.norm1(x))
            return x + self.network(self.norm2(x))

    class Transformer(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.character, self.place = nn.Embedding(CHARACTERS, WIDTH), nn.Embedding(LENGTH, WIDTH)
            self.blocks = nn.Sequential(Block(), Block(), nn.LayerNorm(WIDTH), nn.Linear(WIDTH, CHARACTERS))

        def forward(self, x: Any) -> Any:
            return self.blocks(self.character(x) + self.place(torch.arange(LENGTH))).flatten(0, 1)

    return Transformer()


NETS: dict[str, Net] = {
    "makemore": Net(
        "batch 32, 27-10x3, 5 x (100, BatchNorm, tanh), SGD",
        makemore, integers(LETTERS, 32, 3), integers(LETTERS, 32), "SGD", {"lr": 0.1}, steps=40,
    ),
    "lstm": Net(
        "batch 16, 32 letters, LSTM 32-128, Adam",
        lstm, integers(LETTERS, 16, 32), integers(LETTERS, 16 * 32), "Adam", {"lr": 0.001}, steps=10,
    ),
    "transformer": Net(
        "batch 32, 64 characters, 2 layers of width 128, AdamW",
        transformer, integers(CHARACTERS, 32, LENGTH), integers(CHARACTERS, 32 * LENGTH), "AdamW", {"lr": 0.001},
        steps=4,
    ),
    "mnist-cnn": Net(
        "batch 64, two 3x3 convolutions of 32 and 64, 9216-128-10, Adadelta",
        convolutional, images(64, 1, 28, 28), integers(10, 64), "Adadelta", {"lr": 0.1}, steps=4,
    ),
}  # fmt: skip

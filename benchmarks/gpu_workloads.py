"""What is timed on a GPU: the lessons' training steps, and a network of any width for the sweep.

Like benchmarks/workloads.py: each is built with an engine (called `torch` here) and a device, and gives a step.
Dropout is left out: its masks differ between the engines on a GPU, and losses must agree before a time counts.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.contestants import by_torch
from benchmarks.nets import convolutional
from benchmarks.workloads import PERCEPTRONS, Step

WIDTHS = (128, 256, 512, 1024, 2048, 4096, 8192)
BATCHES = (64, 1024, 8192)
LAYERS = 3


def template(torch: Any, device: str) -> Step:
    """A batch of 32 digits of 8 x 8, 64-64-10 with BatchNorm and ReLU, cross-entropy, Adam."""
    nn = torch.nn
    model = nn.Sequential(nn.Linear(64, 64, bias=False), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10))
    return classifier(torch, model, torch.optim.Adam, 0.001, (32, 64), device)


def mnist_sgd(torch: Any, device: str) -> Step:
    """A batch of 64 images, 784-512-512-10 with ReLU, cross-entropy, SGD."""
    nn = torch.nn
    layers = [nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)]
    return classifier(torch, nn.Sequential(*layers), torch.optim.SGD, 0.001, (64, 1, 28, 28), device)


def mnist_adam(torch: Any, device: str) -> Step:
    """A batch of 64 images, 784-128-10 with ReLU, cross-entropy, Adam."""
    nn = torch.nn
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    return classifier(torch, model, torch.optim.Adam, 0.001, (64, 1, 28, 28), device)


def mnist_cnn(torch: Any, device: str) -> Step:
    """A batch of 64 images, two convolutions, a pooling and two linear layers, cross-entropy, Adadelta."""
    return classifier(torch, convolutional(torch), torch.optim.Adadelta, 0.1, (64, 1, 28, 28), device)


def classifier(torch: Any, model: Any, optimizer: Any, rate: float, shape: tuple[int, ...], device: str) -> Step:
    """A step of a classifier of ten classes."""
    x, y = torch.randn(shape), torch.randint(0, 10, shape[:1])
    model = model.to(device)
    loss_function = torch.nn.CrossEntropyLoss()
    return training_step(model, loss_function, optimizer(model.parameters(), lr=rate), x.to(device), y.to(device))


def training_step(model: Any, loss_function: Any, optimizer: Any, x: Any, y: Any) -> Step:
    """One turn of a training loop on one batch: a CUDA graph cannot take the next one by itself."""

    def step() -> Any:
        loss = loss_function(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def small_lesson(name: str, torch: Any, device: str) -> Step:
    """A lesson whose data is one batch, as it is timed on the CPU."""
    return by_torch.training_on(torch, PERCEPTRONS[name], device)


def perceptron(torch: Any, device: str, width: int, batch: int) -> Step:
    """Square linear layers of one width with ReLU between them, MSE, SGD."""
    nn = torch.nn
    layers = [layer for _ in range(LAYERS) for layer in (nn.Linear(width, width), nn.ReLU())][:-1]
    model = nn.Sequential(*layers).to(device)
    x, y = torch.randn(batch, width).to(device), torch.randn(batch, width).to(device)
    return training_step(model, nn.MSELoss(), torch.optim.SGD(model.parameters(), lr=0.01), x, y)


def sweep_name(width: int, batch: int) -> str:
    return f"width {width}, batch {batch}"


LESSONS: dict[str, Any] = {
    **{name: partial(small_lesson, name) for name in ("linear-regression", "circles", "circles-relu", "blobs")},
    "template": template,
    "mnist-sgd": mnist_sgd,
    "mnist-adam": mnist_adam,
    "mnist-cnn": mnist_cnn,
}


def build(name: str, torch: Any, device: str) -> Step:
    """The step of a lesson, or of the sweep by a name that `sweep_name` gave."""
    if name in LESSONS:
        step: Step = LESSONS[name](torch, device)
        return step
    width, batch = (int(part.split()[1]) for part in name.split(", "))
    return perceptron(torch, device, width, batch)


# What a step of the sweep asks of the card ------------------------------------------------------------------


def operations(width: int, batch: int) -> int:
    """Multiplications and additions of the matrix products of a step.

    Each layer has three products (forward, and backward to its weight and its input), the first layer two.
    """
    return 2 * batch * width * width * (3 * LAYERS - 1)


def bytes_moved(width: int, batch: int) -> int:
    """The least bytes that a step reads and writes, each array once an op, in float32.

    Weights: read forward and backward (but the first layer's is not read backward), gradient written and read,
    parameter read and written by SGD.  Activations: each product, ReLU and loss reads and writes its own.
    """
    weights = LAYERS * width * width * 6 - width * width
    products = LAYERS * batch * width * 2 + (3 * LAYERS - 1 - LAYERS) * batch * width * 2
    relus = (LAYERS - 1) * batch * width * 5
    loss = batch * width * 5
    return 4 * (weights + products + relus + loss)

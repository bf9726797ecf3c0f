"""What minigrad and PyTorch are timed by beside training steps: one op, an epoch of MNIST's batches, the import."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.workloads import Step

CHAIN = 100
"""Ops in a chain: a step of `op` is this many ops, forward and backward."""

DATA = Path("data")
"""Where MNIST is, or is downloaded to: the folder of the lessons."""


def op(engine: str, function: Callable[[Any, Any], Any]) -> Step:
    """A chain of ops on 8 floats; `function` makes the next value from the last one and a parameter."""
    torch: Any = importlib.import_module(engine)
    x = torch.full((8,), 0.9, requires_grad=True)
    w = torch.full((8,), 1.0001, requires_grad=True)
    gradient = torch.ones(8)

    def step() -> Any:
        x.grad = w.grad = None
        y = x
        for _ in range(CHAIN):
            y = function(y, w)
        y.backward(gradient)
        return y.detach()[0]

    return step


def epoch(engine: str) -> Step:
    """The batches of an epoch: 60,000 images, to [0, 1], normalized, shuffled, 64 at a time.  Gives a mean pixel."""
    torch: Any = importlib.import_module(engine)
    loader = torch.utils.data.DataLoader(mnist(engine, torch), batch_size=64, shuffle=True)

    def step() -> Any:
        return sum(float(images[0].mean()) for images, _ in loader)

    torch.manual_seed(0)
    return step


def mnist(engine: str, torch: Any) -> Any:
    """MNIST of the lesson on minigrad; for PyTorch a dataset that does the same for each image, in PyTorch alone."""
    from minigrad import vision

    transform = vision.transforms.Compose(
        [vision.transforms.ToTensor(), vision.transforms.Normalize((0.1307,), (0.3081,))]
    )
    images = vision.datasets.MNIST(DATA, train=True, download=True, transform=transform)
    if engine == "minigrad":
        return images

    class Images(torch.utils.data.Dataset):  # type: ignore[misc, name-defined]
        """As torchvision's, less its way through PIL, which would cost PyTorch more."""

        def __init__(self) -> None:
            self.data, self.targets = (torch.from_numpy(x.numpy()) for x in (images.data, images.targets))

        def __len__(self) -> int:
            return len(self.data)

        def __getitem__(self, index: int) -> tuple[Any, int]:
            image = self.data[index].unsqueeze(0).to(torch.float32).div(255)
            return image.sub(0.1307).div(0.3081), int(self.targets[index])

    return Images()


IMPORT = """
import time
start = time.perf_counter()
import {}
print(time.perf_counter() - start)
"""


def seconds_to_import(engine: str) -> Step:
    """In a new process of Python; the step gives the seconds themselves.

    Both are imported from compiled bytecode, as from the second time on: pip compiles what it installs.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def step() -> Any:
        command = [sys.executable, "-c", IMPORT.format(engine)]
        return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)

    step()

    return step

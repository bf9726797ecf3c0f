"""torchvision itself, for the tests that compare with it: they are skipped where it is not installed."""

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from engines import torch

import minigrad
from minigrad.comparison.worker import let_torchvision_be_imported


def torchvision() -> Any:
    """torchvision; where it or PyTorch is not installed, the test that asks for it is skipped."""
    torch.Tensor  # noqa: B018 - where it is not installed, that skips the test
    if find_spec("torchvision") is None:
        pytest.skip("they compare with torchvision, which is not installed")
    let_torchvision_be_imported(torch)
    import torchvision
    import torchvision.transforms.functional

    return torchvision


def both(array: Any) -> tuple[Any, Any]:
    """An array as a Tensor of minigrad and of PyTorch."""
    return minigrad.tensor(array), torch.tensor(array)


def seeded(seed: int) -> None:
    """Let all generators of both libraries start from a seed."""
    import random

    minigrad.manual_seed(seed)
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)

"""What to write instead: the last sentence of an op's error messages, and a warning."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import causes
from minigrad.engine.graph import is_recording
from minigrad.engine.places import warn_once

METHODS = {"float32": ".float()", "float64": ".double()", "int64": ".long()"}


ASK_FOR_SIZE = (
    *("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"),
    *("binary_cross_entropy", "binary_cross_entropy_with_logits"),
)
"""The losses that in PyTorch call .size() of their operands before they do anything else."""


def no_tensor(op: str, name: str, x: Any) -> Exception:
    """The error for an argument that is no tensor."""
    kind = type(x).__name__
    message = f"{op}(): argument '{name}' must be Tensor, not {kind}{tensor_from(x)}"
    if op in ASK_FOR_SIZE and not hasattr(x, "size"):
        return AttributeError(f"'{kind}' object has no attribute 'size'. {message}")
    return TypeError(message)


def tensor_from(x: Any) -> str:
    """What to write for something that was given in a tensor's place; empty where that is not known."""
    if x is None:
        return causes.of_none()
    if isinstance(x, np.ndarray):
        return ". Write torch.from_numpy(x).float(): NumPy makes float64, layers are float32"
    if isinstance(x, (list, tuple)):
        return ". Write torch.tensor(x, dtype=torch.float32)"
    if hasattr(x, "to_numpy"):
        return ". Write torch.tensor(x.to_numpy(), dtype=torch.float32)"
    if hasattr(x, "getbands"):
        return ". Make tensors of images: give the dataset transform=transforms.ToTensor()"
    if causes.is_module(x):
        return f". A {type(x).__name__} is a layer: call it with its input, and pass what that gives"
    return ". Is it to be called, with ()?" if callable(x) else ""


def warn_of_number(x: Any) -> None:
    """Warn, once, that a number is taken from a tensor that requires grad: `float` does not say so, as `item` does."""
    if x.requires_grad and is_recording():
        warn_once(
            "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
            "Consider using tensor.detach() first. No gradient goes through a number."
        )


def converted(name: str, x: Any, wanted: np.dtype[Any]) -> str:
    """What to write for an array of another dtype than wanted."""
    advice = f"Convert {name} with {METHODS.get(wanted.name, f'.to(torch.{wanted.name})')}"
    return f"{advice} (NumPy makes float64: torch.from_numpy(array).float())" if x.dtype == np.float64 else advice


def one_dtype(x: Any, y: Any) -> str:
    """What to write for two arrays of different dtypes: the integers become floats, float64 becomes float32."""
    both = (("the first", x), ("the second", y))
    (_, stays), (name, changes) = sorted(both, key=lambda each: (each[1].dtype.kind != "f", each[1].dtype.itemsize))
    return converted(f"{name} operand", changes, stays.dtype)

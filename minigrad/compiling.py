"""`torch.compile`: nothing is compiled, a function or module stays itself."""

from __future__ import annotations

from typing import Any

__all__ = ["compile"]


def compile(
    model: Any = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: Any = "inductor",
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    disable: bool = False,
    **more: Any,
) -> Any:
    """A function or module itself; as a decorator, with or without options, too.

    So results, names in a state dict and printed modules are those of the model, without PyTorch's `_orig_mod`.
    RuntimeError where both mode and options are given, TypeError for what cannot be called, as in PyTorch.
    https://docs.pytorch.org/docs/stable/generated/torch.compile.html

    >>> import minigrad as torch
    >>> @torch.compile(mode="reduce-overhead")
    ... def double(x):
    ...     return x * 2
    >>> double(torch.ones(2))
    tensor([2., 2.])
    """
    _ = fullgraph, dynamic, backend, disable, more
    if mode is not None and options is not None:
        raise RuntimeError("Either mode or options can be specified, but both can't be specified at the same time.")
    if model is None:
        return compile
    if not callable(model):
        raise TypeError(f"torch.compile: expected a function or module, got {type(model).__name__}")
    return model

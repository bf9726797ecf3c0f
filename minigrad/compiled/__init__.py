"""`torch.compile`: a training step becomes a program of NumPy's calls, which can be read.

    step = torch.compile(step)      # forward, backward, optimizer.step()
    print(step.program)             # after a few calls

library.py is an array library whose arrays have each call noted; tape.py is what they are noted on, recording.py who
tells it; memory.py says whose memory an array is, texts.py writes arguments; optimizers.py and numbers.py note an
optimizer's formula; reads.py sees what the step reads and writes in Python; program.py is the text, saved.py a file of
it; step.py decides at each call whether a program fits.
"""

from __future__ import annotations

from typing import Any

from minigrad.nn.module import Module

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
    check_every: int | None = None,
    **more: Any,
) -> Any:
    """A function of tensors as one that repeats its calls of NumPy; a module itself.

    The first call runs as it is, the second is recorded, the third is compared with the function; from then on the
    program runs: it has the same numbers to the bit.  It is made anew for arguments of other shapes or dtypes, and when
    what the function reads is no longer as it was: parameters, modes, options, globals.  `.program` is its text.  A
    function of which no program can be made (it reads values as numbers, it changes something outside of tensors) runs
    as it is, with one warning that says why and where; with fullgraph=True that is an error.  check_every: every so
    many calls the function runs beside its program, and RuntimeError tells of a difference.  disable=True: the function
    itself.  dynamic, backend, mode, options and more, what PyTorch may add, change nothing.  Modules stay themselves,
    so names in a state dict are those of the model, without PyTorch's `_orig_mod`.

    RuntimeError where both mode and options are given, TypeError for a model that cannot be called, as in PyTorch.
    https://docs.pytorch.org/docs/stable/generated/torch.compile.html

    >>> import minigrad as torch
    >>> @torch.compile(mode="reduce-overhead")
    ... def double(x):
    ...     return x * 2
    >>> [double(torch.tensor([i])).tolist() for i in range(5)]
    [[0], [2], [4], [6], [8]]
    >>> print(double.program)
    def step():
        # Forward ------------------------------------------------------------------
        # <doctest minigrad.compiled.compile[1]>:3: return x * 2
        # mul
        np.multiply(x, 2, out=product)
    <BLANKLINE>
    """
    _ = dynamic, backend, more
    if mode is not None and options is not None:
        raise RuntimeError("Either mode or options can be specified, but both can't be specified at the same time.")
    if model is None:
        return lambda function: compile(function, fullgraph=fullgraph, disable=disable, check_every=check_every)
    if not callable(model):
        raise TypeError(f"torch.compile: expected a function or module, got {type(model).__name__}")
    if disable or isinstance(model, (Module, type)):
        return model
    from minigrad.compiled.step import Compiled

    return Compiled(model, fullgraph, check_every)

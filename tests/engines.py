"""Both engines in one test: what a scenario gives with PyTorch, it must give with minigrad."""

from typing import Any, NoReturn

import pytest

import minigrad


class NotInstalled:
    """In PyTorch's place where it is not installed: the test that asks it for anything is skipped there."""

    __name__ = "torch"

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):  # Python and pytest look for these in whatever a module contains
            raise AttributeError(name)
        raise pytest.skip.Exception("they compare with PyTorch, which is not installed", allow_module_level=True)


torch: Any
try:
    import torch
except ModuleNotFoundError:
    torch = NotInstalled()
    TENSORS: tuple[type, ...] = (minigrad.Tensor,)
else:
    torch.set_num_threads(1)
    TENSORS = (torch.Tensor, minigrad.Tensor)

ENGINES = (torch, minigrad)
INSTALLED = tuple(engine for engine in ENGINES if not isinstance(engine, NotInstalled))


def needs_torch() -> None:
    """For a test that asks PyTorch in a process of its own."""
    torch.Tensor  # noqa: B018 - where it is not installed, that skips the test


def same(scenario, *args):
    """A scenario gives the same with both engines; what it gave with minigrad."""
    results = [scenario(engine, *args) for engine in ENGINES]
    assert results[1] == results[0]
    return results[1]


def error_of(call, *args, **kwargs):
    """The type and the words of the error that a call raises, with both engines called torch."""
    with pytest.raises(Exception) as info:  # noqa: PT011 - the caller compares type and words
        call(*args, **kwargs)
    return type(info.value).__name__, str(info.value).replace("minigrad.", "torch.")

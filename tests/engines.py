"""Both engines in one test: what a scenario gives with PyTorch, it must give with minigrad."""

import pytest
import torch

import minigrad

ENGINES = (torch, minigrad)


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

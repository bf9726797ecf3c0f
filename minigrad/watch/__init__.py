"""Seeing a training step at work: `with minigrad.watch() as step:`, then `print(step.explain())`.

Imported when it is first used.  The module itself may be called, `minigrad.watch()`: Python puts it in the place of the
function of that name.
"""

from __future__ import annotations

import sys
from types import ModuleType

from minigrad.seeing import check, draw, explain, replay, watch
from minigrad.watch.step import Step

__all__ = ["Step", "check", "draw", "explain", "replay", "watch"]


class CallableModule(ModuleType):
    """A module that is called as its function `watch`."""

    __call__ = staticmethod(watch)


sys.modules[__name__].__class__ = CallableModule

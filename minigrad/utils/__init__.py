"""What helps with training: `data` (datasets and loaders)."""

from typing import Any as _Any

from minigrad import on_use as _on_use
from minigrad.utils import data

__all__ = ["data"]

_LATER = {"": "benchmark checkpoint"}
__all__ += _on_use.names_in(_LATER)


def __getattr__(name: str) -> _Any:
    """What is imported when it is first used."""
    return _on_use.found(__name__, _LATER, name)

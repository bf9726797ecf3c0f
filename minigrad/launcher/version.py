"""`torch.version` under the launcher: which PyTorch minigrad is like, in `__version__`."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["TorchVersion", "cuda", "debug", "git_version", "hip", "rocm", "xpu"]


class TorchVersion(str):
    """A version that compares by its numbers, with texts and with tuples, as PyTorch's does.

    >>> TorchVersion("2.13.0+minigrad") > "2.9", TorchVersion("2.13.0+minigrad") >= (2, 13)
    (True, True)
    """

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (str, tuple, list)) and order(self) == order(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: Any) -> bool:
        return order(self) < order(other)

    def __le__(self, other: Any) -> bool:
        return order(self) <= order(other)

    def __gt__(self, other: Any) -> bool:
        return order(self) > order(other)

    def __ge__(self, other: Any) -> bool:
        return order(self) >= order(other)


def order(version: Any) -> tuple[tuple[int, ...], int, str]:
    """What a version is sorted by: its numbers; then a preview (2.13.0rc1), the version itself, what is built on it."""
    text = version if isinstance(version, str) else ".".join(map(str, version))
    numbers = re.match(r"v?((\d+\.)*\d+)?", text)[0]  # type: ignore[index]
    rest = text[len(numbers) :]
    position = 0 if not rest else 1 if rest.startswith(("+", ".post")) else -1
    return (
        tuple(int(number) for number in re.sub(r"(\.0)*$", "", numbers.lstrip("v") or "0").split(".")),
        position,
        rest,
    )


__version__ = TorchVersion("2.13.0+minigrad")
debug = False
git_version = "unknown"
cuda = hip = rocm = xpu = None

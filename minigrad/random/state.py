"""A generator's state as PyTorch writes it: 5056 bytes, so that states can be exchanged with it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from minigrad.random.engine import WORDS

BYTES = 5056
LAYOUT = np.dtype(
    {
        "names": ["seed", "left", "is_seeded", "next", "words", "spare_normal", "has_spare_normal"],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", WORDS), "<f8", "<i4"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040],
        "itemsize": BYTES,
    }
)
"""The bytes that mean something on the CPU; the others are 0.

`next` is the index of the next word to hand out, and when `left` falls to 0 new words are made.  A state that
was just seeded makes them before it hands out its first word: it has left = 1 and next = 0.
"""


class State(NamedTuple):
    """All that a generator is: the engine's words and place in them, the seed, the spare normal number."""

    seed: int
    words: NDArray[np.uint32]
    position: int
    is_fresh: bool
    spare_normal: float | None

    def to_bytes(self) -> NDArray[np.uint8]:
        """As 5056 bytes."""
        record = np.zeros((), LAYOUT)
        record["seed"] = self.seed
        record["left"] = 1 if self.is_fresh else WORDS + 1 - self.position
        record["is_seeded"] = 1
        record["next"] = 0 if self.is_fresh else self.position
        record["words"] = self.words
        record["spare_normal"] = self.spare_normal or 0.0
        record["has_spare_normal"] = self.spare_normal is not None
        return record.reshape(1).view(np.uint8)

    @classmethod
    def from_bytes(cls, array: NDArray[np.uint8]) -> State:
        """From 5056 bytes; RuntimeError when they are not that many or cannot be a state."""
        if array.size != BYTES:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {BYTES} but found the input RNG state size to be "
                f"{array.size}"
            )
        record = np.ascontiguousarray(array).reshape(BYTES).view(LAYOUT)[0]
        left, position = int(record["left"]), int(record["next"])
        if not record["is_seeded"] or not 0 < left <= WORDS or position > WORDS:
            raise RuntimeError("Invalid mt19937 state")
        return cls(
            seed=int(record["seed"]),
            words=record["words"].astype(np.uint32),
            position=WORDS if left == 1 else position,
            is_fresh=left == 1 and position == 0,
            spare_normal=float(record["spare_normal"]) if record["has_spare_normal"] else None,
        )

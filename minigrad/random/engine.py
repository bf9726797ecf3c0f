"""The Mersenne Twister: the source of every random number here, as in PyTorch on the CPU.

MT19937 keeps 624 words of 32 bits, hands them out one after the other, each well mixed, and makes 624 new
ones of them when they are used up.  NumPy has the same engine, so the raw words come from there.  Where the
libraries differ is how words become numbers; this package does that in PyTorch's way.

Source: M. Matsumoto and T. Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform
pseudo-random number generator", ACM TOMACS 8 (1998).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORDS = 624
"""The number of words in the engine's state."""


class MersenneTwister:
    """The engine: a seed, of which only the low 32 bits act, goes in; raw words and uniform floats come out."""

    def __init__(self, seed: int) -> None:
        self.low_seed = seed & 0xFFFFFFFF
        self.is_fresh = True

    @cached_property
    def source(self) -> np.random.RandomState:
        """NumPy's engine, made on first use: a tenth of the time of `import minigrad` is NumPy's random numbers.

        NumPy promises never to change what a RandomState draws; its newer Generator has no such promise.
        """
        np.random.bit_generator.ISeedSequence.register(Unseeded)
        unseeded: Any = Unseeded()
        source = np.random.RandomState(np.random.MT19937(unseeded))
        source.seed(self.low_seed)
        return source

    def words(self, count: int) -> NDArray[np.uint32]:
        """The next `count` words of 32 bits."""
        if count:
            self.is_fresh = False
        return self.source.randint(0, 1 << 32, count, dtype=np.uint32)

    def double_words(self, count: int) -> NDArray[np.uint64]:
        """The next `count` numbers of 64 bits: two words each, the first is the upper half."""
        words = self.words(2 * count)
        numbers = words[::2].astype(np.uint64)
        numbers <<= np.uint64(32)
        numbers |= words[1::2]
        return numbers

    def double_word(self) -> int:
        """The next number of 64 bits as an int: one of `double_words` without the arrays."""
        self.is_fresh = False
        word = self.source.randint
        upper = int(word(1 << 32, dtype=np.uint32))
        return upper << 32 | int(word(1 << 32, dtype=np.uint32))

    def unit_double(self) -> float:
        """The next uniform number in [0, 1): one of `unit_doubles` without the arrays."""
        return (self.double_word() & (1 << 53) - 1) * 2.0**-53

    def unit_floats(self, count: int) -> NDArray[np.float32]:
        """Uniform float32 in [0, 1): the low 24 bits of a word, as a float32 holds 24, over 2^24."""
        words = self.words(count)
        words &= np.uint32((1 << 24) - 1)
        floats = words.astype(np.float32)
        floats *= np.float32(2.0**-24)
        return floats

    def unit_doubles(self, count: int) -> NDArray[np.float64]:
        """Uniform float64 in [0, 1): the low 53 bits of two words, as a float64 holds 53, over 2^53."""
        words = self.double_words(count)
        words &= np.uint64((1 << 53) - 1)
        doubles = words.astype(np.float64)
        doubles *= 2.0**-53
        return doubles

    def state(self) -> tuple[NDArray[np.uint32], int]:
        """The 624 words, and how many of them have been handed out."""
        state: Any = self.source.get_state(legacy=False)["state"]
        return state["key"], state["pos"]

    def set_state(self, words: NDArray[Any], position: int, is_fresh: bool) -> None:
        """Go on from `words`, of which the first `position` have been handed out."""
        state = {"key": words.astype(np.uint32), "pos": position}
        self.source.set_state({"bit_generator": "MT19937", "state": state})
        self.is_fresh = is_fresh


class Unseeded:
    """In place of a seed, for an engine that gets its own later: it takes a third of the time of a random one."""

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> NDArray[Any]:
        """No words worth having."""
        return np.zeros(n_words, dtype)

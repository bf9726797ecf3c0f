"""Random permutations: the Fisher-Yates shuffle, with PyTorch's draws.

For each place i from the first to the last but one, draw a place from i to the end and swap the two contents:

    target[i] = i + word % (n - i)

Each of the n! orders then comes out in exactly one way.
Source: R. Durstenfeld, "Algorithm 235: Random permutation", Communications of the ACM 7 (1964).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from minigrad.random.engine import MersenneTwister

Integers = NDArray[np.int64]

LARGEST = (1 << 32) // 20 - 1
"""From the next length on, PyTorch draws 64 bits per place and builds the order in another way."""
LOOP_IS_FASTER_BELOW = 500


def permutation(engine: MersenneTwister, length: int) -> Integers:
    """The numbers 0 to length - 1 in random order; takes length - 1 words."""
    if length > LARGEST:
        raise NotImplementedError(f"randperm: n must be at most {LARGEST}, but got n={length}")
    if length < 2:
        return np.arange(length)
    targets = engine.words(length - 1)
    targets %= np.arange(length, 1, -1, dtype=np.uint32)
    targets += np.arange(length - 1, dtype=np.uint32)
    return swap_in_turn(targets) if length < LOOP_IS_FASTER_BELOW else swap_at_once(targets)


def swap_in_turn(targets: NDArray[np.uint32]) -> Integers:
    """Start with 0, 1, 2, ... and swap the contents of places i and targets[i], for each i in turn."""
    order = list(range(len(targets) + 1))
    for place, target in enumerate(targets.tolist()):
        order[place], order[target] = order[target], order[place]
    return np.array(order, np.int64)


def swap_at_once(targets: NDArray[np.uint32]) -> Integers:
    """What `swap_in_turn` gives, without a loop over the places.

    Step i puts into place i, for good, what place targets[i] holds just then.  In exchange targets[i] gets
    what place i held just before: call that held(i).  So a place holds its own number until a step targets
    it, and held(m) after step m did.  Hence, "earlier" meaning at an earlier step:

    * order[i] = held(the last earlier step with the same target), or targets[i] where there is none;
    * held(i) = held(the last earlier step with target i), or i where there is none.

    The second line makes chains i -> step -> step ... that end at a place whose number is the answer.  All
    chains are followed at once, each round doubling the length of the jumps.
    """
    length = len(targets) + 1
    steps = np.arange(length)
    target = np.append(targets.astype(np.int64), length - 1)  # the last place stays: it swaps with itself
    shift = length.bit_length()
    keys = (target << shift) | steps
    keys.sort()  # by target, then by step
    step, its_target = keys & ((1 << shift) - 1), keys >> shift

    is_same = its_target[1:] == its_target[:-1]
    earlier = np.full(length, -1)
    earlier[step[1:][is_same]] = step[:-1][is_same]

    is_last = np.append(~is_same, True)
    last_step, place = step[is_last], its_target[is_last]
    # A step that targets its own place is not earlier than itself.
    last_step = np.where(last_step == place, earlier[last_step], last_step)
    was_hit = last_step >= 0
    held = steps.copy()
    held[place[was_hit]] = last_step[was_hit]
    while not np.array_equal(jumped := held[held], held):
        held = jumped
    return np.where(earlier >= 0, held[earlier], target)

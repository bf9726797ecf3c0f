"""Connectionist temporal classification: the loss of a sequence of labels whose places in time are not known.

At each time a network gives a probability to each label and to a blank.  A path has a label or a blank for each time.
It stands for the sequence that is left once repeated labels are made one and blanks are taken out.  The loss is -log
of the probability of all paths that stand for the target.  They go through its labels with a blank before, between and
behind them: these are the states of the sums below, in the first dimension.
A. Graves et al. (2006), https://doi.org/10.1145/1143844.1143891
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arrays import array_module, quiet
from minigrad.devices import CPU, device_of, moved
from minigrad.engine.graph import TensorBase, raw, record
from minigrad.ops.cumulative import shifted
from minigrad.ops.elementwise import exp
from minigrad.ops.further.losses import reduction_of
from minigrad.ops.indexing import index, scatter
from minigrad.ops.promotion import array_of, check_tensors
from minigrad.ops.reductions import mean
from minigrad.ops.reductions import sum as sum_of
from minigrad.ops.selection import only_where, where
from minigrad.ops.shaping import squeeze, stacked, unsqueeze

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["ctc_loss"]


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """-log of the probability of the target sequences, reduced; the mean is that of losses divided by target lengths.

    log_probs: logarithms of probabilities, (T, N, C) or (T, C), as log_softmax gives them.  targets: labels, (N, S), or
    those of all sequences one after the other.  input_lengths, target_lengths: (N,), a tensor or a sequence of ints.
    blank: the class of the blank.  reduction is that of `minigrad.ops.losses`.  zero_infinity: 0 for targets that are
    too long for their input, instead of infinity.

    As in PyTorch the gradient is that of logits in front of log_softmax: it is exact behind that, and nowhere else.
    RuntimeError for other sizes, lengths, dtypes and (on the CPU) labels; ValueError for another reduction.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.CTCLoss.html
    """
    check_tensors("ctc_loss", log_probs=log_probs, targets=targets)
    reduction = reduction_of(None, None, reduction)
    batch = unsqueeze(log_probs, 1) if log_probs.ndim == 2 else log_probs
    paths = Paths(array_of(batch), raw(targets), input_lengths, target_lengths, blank)
    losses = surprise_of_paths(batch, paths, zero_infinity)
    if zero_infinity:
        losses = where(losses == math.inf, 0, losses)
    if reduction == "mean":
        return mean(losses / paths.divisors)
    if reduction == "sum":
        return sum_of(losses)
    return squeeze(losses, 0) if batch is not log_probs else losses


def surprise_of_paths(log_probs: Tensor, paths: Paths, zero_infinity: bool) -> Tensor:
    """The loss of each sequence."""
    with quiet():
        so_far = forward(paths.emitted(array_of(log_probs)), paths)
        value = paths.ended(array_module(so_far[0]).stack(so_far))
    return record(value, (log_probs,), (ctc_loss_dlog_probs,), zero_infinity, saved=(paths,))


def ctc_loss_dlog_probs(g: Tensor, out: Tensor, log_probs: Tensor, zero_infinity: bool, paths: Paths) -> Tensor:
    emitted = paths.emitted(log_probs)
    possible = raw(out < math.inf)
    surprise = where(possible, out, 0.0)
    both = zip(forward(emitted, paths), backward(emitted, paths))
    shares = stacked([exp(before + after + surprise) for before, after in both])
    slope = (exp(log_probs) - scatter(shares, paths.key, raw(log_probs).shape)) * unsqueeze(g, -1)
    return only_where(paths.within, where(possible[:, None], slope, 0.0 if zero_infinity else math.nan))


def forward(emitted: Tensor, paths: Paths) -> list[Tensor]:
    """For each time and state, the logarithm of the probability of all beginnings of paths that end there and then."""
    so_far = where(paths.first, emitted[0], -math.inf)
    steps = [so_far]
    for t in range(1, paths.times):
        before = shifted(so_far, 1, -math.inf)
        skipped = where(paths.may_skip, shifted(before, 1, -math.inf), -math.inf)
        so_far = log_add(log_add(so_far, before), skipped) + emitted[t]
        steps.append(so_far)
    return steps


def backward(emitted: Tensor, paths: Paths) -> list[Tensor]:
    """For each time and state, the logarithm of the probability of all that may come after it."""
    to_come = where(paths.ends[-1], paths.last, -math.inf)
    steps = [to_come]
    for t in reversed(range(1, paths.times)):
        following = emitted[t] + to_come
        skipped = shifted(shifted(where(paths.may_skip, following, -math.inf), -1, -math.inf), -1, -math.inf)
        to_come = log_add(log_add(following, shifted(following, -1, -math.inf)), skipped)
        to_come = where(paths.ends[t - 1], paths.last, to_come)
        steps.append(to_come)
    return steps[::-1]


def log_add(a: Tensor, b: Tensor) -> Tensor:
    """log(e ** a + e ** b), also for -inf."""
    x = raw(a)
    return record(array_module(x).logaddexp(x, raw(b)), (a, b), (log_add_da, log_add_db))


def log_add_da(g: Tensor, out: Tensor, a: Tensor, _b: Tensor) -> Tensor:
    return g * exp(where(raw(out > -math.inf), a - out, -math.inf))


def log_add_db(g: Tensor, out: Tensor, _a: Tensor, b: Tensor) -> Tensor:
    return g * exp(where(raw(out > -math.inf), b - out, -math.inf))


class Paths:
    """The states that paths for a batch of targets go through, and between which of them."""

    def __init__(self, x: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int) -> None:
        check_sizes(x, blank)
        self.times, number, labels = x.shape
        inputs = lengths("input_lengths", input_lengths, number, self.times)
        outputs = lengths("target_lengths", target_lengths, number, None)
        xp, place = array_module(x), device_of(x)
        within = np.arange(outputs.max()) < outputs[:, None]
        states = xp.full((2 * within.shape[1] + 1, number), blank, np.int64)
        states[1::2] = in_rows(targets, outputs, moved(within, place), blank, labels).T
        self.key = xp.arange(self.times)[:, None, None], xp.arange(number)[None, None, :], states[None]
        self.may_skip = xp.zeros(states.shape, bool)
        self.may_skip[2:] = states[2:] != states[:-2]
        state, time = np.arange(len(states))[:, None], np.arange(self.times)[:, None]
        self.first = moved((state < 2) & (state <= 2 * outputs), place)
        are_last = (state == 2 * outputs) | (state == 2 * outputs - 1)
        self.last = moved(np.where(are_last, 0, -math.inf).astype(x.dtype), place)
        self.within = moved((time < inputs)[:, :, None], place)
        self.ends = moved(time == inputs - 1, place)
        self.nothing = moved(np.where(outputs == 0, 0, math.inf).astype(x.dtype), place)
        self.divisors = moved(np.maximum(outputs, 1).astype(x.dtype), place)

    def emitted(self, log_probs: Tensor) -> Tensor:
        """For each time, state and sequence, the logarithm of the probability of the state's label."""
        return index(log_probs, self.key)

    def ended(self, so_far: Any) -> Any:
        """The loss of each sequence from the raw results of `forward`."""
        xp = array_module(so_far)
        of_last = xp.where(self.ends[:, None], so_far + self.last, -math.inf)
        most = xp.maximum(of_last.max((0, 1)), xp.finfo(so_far.dtype).min)
        losses = -(xp.log(xp.exp(of_last - most).sum((0, 1))) + most)
        return xp.where(self.within[0, :, 0], losses, self.nothing)


def check_sizes(x: Any, blank: int) -> None:
    """RuntimeError for log-probabilities of another form, NotImplementedError for another dtype."""
    if x.ndim != 3:
        raise RuntimeError(
            f"Expected 3-dimensional tensor, but got {x.ndim}-dimensional tensor for log_probs: ctc_loss()"
        )
    if x.dtype.kind != "f":
        raise NotImplementedError(f"ctc_loss(): not implemented for {x.dtype}: use log_probs.float()")
    if not x.size:
        raise RuntimeError(f"log_probs tensor must not be empty: ctc_loss() got the shape {list(x.shape)}")
    if not 0 <= blank < x.shape[2]:
        raise RuntimeError(f"blank must be in label range: ctc_loss() got {blank} for {x.shape[2]} labels")


def lengths(name: str, given: Any, number: int, most: int | None) -> Any:
    """The lengths of sequences, on the CPU.  RuntimeError unless there is one for each, from 0 to the most."""
    if not isinstance(given, (TensorBase, Sequence)):
        raise TypeError(f"ctc_loss(): {name} must be a tensor or a sequence of ints, not {type(given).__name__}")
    x = moved(raw(given), CPU) if isinstance(given, TensorBase) else np.asarray(given, None if given else np.int64)
    if x.dtype.kind not in "iu":
        raise RuntimeError(f"{name} must be integral: ctc_loss() got {x.dtype}")
    if x.size != number:
        raise RuntimeError(f"{name} must be of size batch_size: ctc_loss() got {x.size} for a batch of {number}")
    x = x.reshape(-1).astype(np.int64)
    if x.min() < 0:
        raise RuntimeError(f"Expected {name} to have value at least 0, but got value {x.min()} in ctc_loss()")
    if most is not None and x.max() > most:
        raise RuntimeError(f"Expected {name} to have value at most {most}, but got value {x.max()} in ctc_loss()")
    return x


def in_rows(targets: Any, outputs: Any, within: Any, blank: int, labels: int) -> Any:
    """The labels of each sequence in a row, and blanks.  RuntimeError unless they are as many as the lengths say."""
    xp = array_module(targets)
    number, longest = within.shape
    if targets.ndim == 1:
        if targets.size != outputs.sum():
            raise RuntimeError(
                f"Expected tensor to have size {outputs.sum()} at dimension 0, but got size {targets.size} for argument"
                " #2 'targets' in ctc_loss(): the sum of target_lengths"
            )
        rows = xp.full(within.shape, blank, np.int64)
        rows[within] = targets
    else:
        if targets.ndim != 2 or targets.shape[0] != number or targets.shape[1] < longest:
            raise RuntimeError(
                f"Expected tensor to have size {number} at dimension 0 and size at least {longest} at dimension 1, but "
                f"got {list(targets.shape)} for argument #2 'targets' in ctc_loss()"
            )
        rows = xp.where(within, targets[:, :longest].astype(np.int64), blank)
    if isinstance(rows, np.ndarray) and rows.size and not 0 <= rows.min() <= rows.max() < labels:
        raise RuntimeError(f"ctc_loss(): a target is out of range: the {labels} labels are 0 to {labels - 1}")
    return rows

"""Rates that go up and down, and momentum that goes the other way, set after every batch."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, floor, pi
from typing import Any

from minigrad.optim.lr_scheduler.base import (
    LRScheduler,
    attributes_of,
    checked_optimizer,
    one_for_each_group,
    put,
    put_attributes,
)
from minigrad.optim.optimizer import Group, Optimizer


class CyclicLR(LRScheduler):
    """Up from base_lr to max_lr in step_size_up batches, and down again in step_size_down (as many, if not given).

    At the share x of the way from base_lr to max_lr (0 to 1, and back to 0), with scale_fn(number of the cycle)::

        lr = base_lr + (max_lr - base_lr) * x * scale

    mode: "triangular" with scale 1; "triangular2", 1 / 2 ** (cycle - 1); "exp_range", gamma ** (number of the batch).
    scale_fn is a scale of one's own, of the cycle's number, or the batch's with scale_mode="iterations".
    With cycle_momentum, momentum (or the first beta) goes down from max_momentum while the rate goes up:
    max_momentum - (max_momentum - base_momentum) * x * scale.  base_lr, max_lr, base_momentum and max_momentum may be
    lists, with one value for each group.  ValueError for lists of another length, an unknown mode, or an optimizer
    without momentum (Smith, 2015, https://arxiv.org/abs/1506.01186).
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CyclicLR.html

    >>> import minigrad as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
    >>> scheduler = torch.optim.lr_scheduler.CyclicLR(optimizer, base_lr=0.0, max_lr=1.0, step_size_up=2)
    >>> for batch in range(5):
    ...     optimizer.step()
    ...     print(batch, scheduler.get_last_lr(), round(optimizer.param_groups[0]["momentum"], 2))
    ...     scheduler.step()
    0 [0.0] 0.9
    1 [0.5] 0.85
    2 [1.0] 0.8
    3 [0.5] 0.85
    4 [0.0] 0.9
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = checked_optimizer(optimizer)
        base_lrs = one_for_each_group("base_lr", optimizer, base_lr)
        self.max_lrs = one_for_each_group("max_lr", optimizer, max_lr)
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = has_betas(optimizer)
            self.base_momentums = one_for_each_group("base_momentum", optimizer, base_momentum)
            self.max_momentums = one_for_each_group("max_momentum", optimizer, max_momentum)
        if last_epoch == -1:
            for rate, group in zip(base_lrs, optimizer.param_groups, strict=True):
                put(group, "lr", rate)
            if cycle_momentum:
                begin_momentum(optimizer, self.base_momentums, self.max_momentums, self.use_beta1)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """How large the cycle is: x is its number, or that of the batch."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "exp_range":
            return float(self.gamma**x)
        return 1.0 if self.mode == "triangular" else 1 / (2.0 ** (x - 1))

    def get_lr(self) -> list[Any]:
        """The rates for the batch `last_epoch`.  Sets the momentum too."""
        self.warn_outside_step()
        cycle = floor(1 + self.last_epoch / self.total_size)
        place = 1.0 + self.last_epoch / self.total_size - cycle
        is_rising = place <= self.step_ratio
        share = place / self.step_ratio if is_rising else (place - 1) / (self.step_ratio - 1)
        number = cycle if self.scale_mode == "cycle" else self.last_epoch
        if self.cycle_momentum:
            momenta = zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True)
            for group, low, high in momenta:
                set_momentum(group, high - (high - low) * share * self.scale_fn(number), self.use_beta1)
        return [
            low + (high - low) * share * self.scale_fn(number)
            for low, high in zip(self.base_lrs, self.max_lrs, strict=True)
        ]

    def state_dict(self) -> dict[str, Any]:
        """All that the scheduler remembers, but for the optimizer; of scale_fn its attributes, if it has any."""
        return {**super().state_dict(), "_scale_fn_custom": attributes_of(self._scale_fn_custom)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "_scale_fn_custom"})
        put_attributes(self._scale_fn_custom, state_dict["_scale_fn_custom"])


class OneCycleLR(LRScheduler):
    """One cycle for the whole training: up to max_lr in the first share pct_start of the batches, and then down.

    It begins at max_lr / div_factor and ends at max_lr / div_factor / final_div_factor, along half a cosine each way,
    or a line with anneal_strategy="linear".  With three_phase it goes down to where it began as fast as it went up,
    and from there to the end.  With cycle_momentum, momentum (or the first beta) goes from max_momentum down to
    base_momentum while the rate goes up, and back.  max_lr, base_momentum and max_momentum may be lists, with one
    value for each group.  The batches are total_steps, or epochs * steps_per_epoch: ValueError without either, for
    other options out of range, for an optimizer without momentum, and from `step` for one batch too many
    (Smith and Topin, 2017, https://arxiv.org/abs/1708.07120).
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html

    >>> import minigrad as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
    >>> scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=5, pct_start=0.6)
    >>> for batch in range(5):
    ...     optimizer.step()
    ...     print(batch, round(scheduler.get_last_lr()[0], 4), round(optimizer.param_groups[0]["momentum"], 2))
    ...     if batch < 4:
    ...         scheduler.step()
    0 0.04 0.95
    1 0.52 0.9
    2 1.0 0.85
    3 0.5 0.9
    4 0.0 0.95
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = checked_optimizer(optimizer)
        self.total_steps = batches(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        self._schedule_phases = phases(self.total_steps, pct_start, three_phase)
        check_anneal_strategy(anneal_strategy)
        self._anneal_func_type = anneal_strategy
        max_lrs = one_for_each_group("max_lr", optimizer, max_lr)
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = has_betas(optimizer)
            max_momenta = one_for_each_group("max_momentum", optimizer, max_momentum)
            base_momenta = one_for_each_group("base_momentum", optimizer, base_momentum)
        if last_epoch == -1:
            for highest, group in zip(max_lrs, optimizer.param_groups, strict=True):
                group["initial_lr"] = highest / div_factor
                group["max_lr"] = highest
                group["min_lr"] = group["initial_lr"] / final_div_factor
            if cycle_momentum:
                begin_momentum(optimizer, base_momenta, max_momenta, self.use_beta1)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates for the batch `last_epoch`.  Sets the momentum too."""
        self.warn_outside_step()
        if self.last_epoch > self.total_steps:
            raise ValueError(
                f"Tried to step {self.last_epoch} times. The specified number of total steps is {self.total_steps}"
            )
        phase, share = self.place()
        if self.cycle_momentum:
            for group in self.optimizer.param_groups:
                momentum = self.between(group[phase["start_momentum"]], group[phase["end_momentum"]], share)
                set_momentum(group, momentum, self.use_beta1)
        return [
            self.between(group[phase["start_lr"]], group[phase["end_lr"]], share)
            for group in self.optimizer.param_groups
        ]

    def place(self) -> tuple[dict[str, Any], float]:
        """The phase that the batch `last_epoch` belongs to, and which share of it has passed."""
        begin = 0.0
        *earlier, last = self._schedule_phases
        for phase in earlier:
            if self.last_epoch <= phase["end_step"]:
                return phase, (self.last_epoch - begin) / (phase["end_step"] - begin)
            begin = phase["end_step"]
        return last, (self.last_epoch - begin) / (last["end_step"] - begin)

    def between(self, start: Any, end: Any, share: float) -> Any:
        """What is at a share of the way from start to end."""
        if self._anneal_func_type == "linear":
            return (end - start) * share + start
        return end + (start - end) / 2.0 * (cos(pi * share) + 1)


def batches(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    """How many batches a cycle has; ValueError if that is not said, or not by positive integers."""
    if total_steps is not None:
        return positive("total_steps", total_steps)
    if epochs is None or steps_per_epoch is None:
        raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
    return positive("epochs", epochs) * positive("steps_per_epoch", steps_per_epoch)


def positive(name: str, value: int) -> int:
    """A positive integer; ValueError for anything else."""
    if not isinstance(value, int) or value <= 0:
        raise ValueError(f"Expected positive integer {name}, but got {value}")
    return value


def phases(total_steps: int, pct_start: float, three_phase: bool) -> list[dict[str, Any]]:
    """The phases of one cycle: where each ends, and the options of a group that its rate and momentum go between."""
    top = float(pct_start * total_steps) - 1
    up = phase(top, "initial_lr", "max_lr", "max_momentum", "base_momentum")
    end = total_steps - 1
    if not three_phase:
        return [up, phase(end, "max_lr", "min_lr", "base_momentum", "max_momentum")]
    back = float(2 * pct_start * total_steps) - 2
    return [
        up,
        phase(back, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
        phase(end, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
    ]


def phase(end_step: float, start_lr: str, end_lr: str, start_momentum: str, end_momentum: str) -> dict[str, Any]:
    """One phase, as it is saved."""
    return {
        "end_step": end_step,
        "start_lr": start_lr,
        "end_lr": end_lr,
        "start_momentum": start_momentum,
        "end_momentum": end_momentum,
    }


def check_anneal_strategy(strategy: str) -> None:
    """ValueError for an unknown one."""
    if strategy not in ("cos", "linear"):
        raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {strategy}")


def has_betas(optimizer: Optimizer) -> bool:
    """Whether the momentum to cycle is the first of the betas; ValueError for an optimizer without any."""
    if not {"momentum", "betas"} & optimizer.defaults.keys():
        raise ValueError(
            "optimizer must support momentum or beta1 with `cycle_momentum` option enabled: for "
            f"{type(optimizer).__name__}, give cycle_momentum=False"
        )
    return "betas" in optimizer.defaults


def begin_momentum(optimizer: Optimizer, lowest: list[Any], highest: list[Any], is_beta: bool) -> None:
    """Set the momentum of each group to its highest, and note in the group what it goes between."""
    for low, high, group in zip(lowest, highest, optimizer.param_groups, strict=True):
        set_momentum(group, high, is_beta)
        group["max_momentum"] = high
        group["base_momentum"] = low


def set_momentum(group: Group, momentum: Any, is_beta: bool) -> None:
    """Set a group's momentum, or the first of its betas."""
    if is_beta:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum

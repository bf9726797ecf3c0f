"""What all schedulers share: counting epochs, setting the rates, saving, and warnings about the order of calls."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import FunctionType
from typing import Any

from minigrad.optim.optimizer import Group, Optimizer
from minigrad.tensor import Tensor

HOW_TO = "https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"

OVERRIDDEN = (
    "Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization. "
    f"Please, make sure to call `optimizer.step()` before `lr_scheduler.step()`. See more details at {HOW_TO}"
)

WRONG_ORDER = (
    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0 and later, you should call "
    "them in the opposite order: `optimizer.step()` before `lr_scheduler.step()`.  Failure to do this will result in "
    f"PyTorch skipping the first value of the learning rate schedule. See more details at {HOW_TO}"
)

EPOCH_IS_DEPRECATED = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use "
    "`scheduler.step()` to step the scheduler. During the deprecation, if epoch is different from None, the closed "
    "form is used instead of the new chainable form, where available. Please open an issue if you are unable to "
    "replicate your use case: https://github.com/pytorch/pytorch/issues/new/choose."
)


class LRScheduler:
    """Base of the schedulers: a subclass says which rate follows the current one, in `get_lr`.

    optimizer: its groups' "lr" are set, by the constructor for epoch 0 and then by each `step`.
    last_epoch: -1 to begin; when training is resumed, the epoch that the saved "lr" belong to.
    As each rate follows from the current one, several schedulers may act on one optimizer together.
    TypeError without an Optimizer; KeyError to resume where the groups lack their "initial_lr".
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LRScheduler.html
    """

    # Instances have the attributes that PyTorch's have, under the same names: state dicts can be exchanged.

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = checked_optimizer(optimizer)
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{number}] when resuming scheduler with "
                    "last_epoch >= 0: load the optimizer's state first, or begin anew with last_epoch=-1"
                )
        self.base_lrs = [copied(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        optimizer.watch_steps()
        self.begin()

    def begin(self) -> None:
        """Set the rates for the first epoch."""
        self._step_count = 0
        self._is_initial = True
        self.step()
        self._is_initial = False

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch: call it after the optimizer's steps of this one.

        epoch: goes to this one instead, by the closed form of the schedule (deprecated).
        """
        if self._step_count == 1:
            self.warn_of_wrong_order()
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_IS_DEPRECATED, UserWarning, stacklevel=2)
        self.go_to(epoch)

    def warn_of_wrong_order(self) -> None:
        """Warn, once, if the optimizer has made no step before the scheduler's."""
        if not hasattr(self.optimizer.step, "notes_steps"):
            warnings.warn(OVERRIDDEN, UserWarning, stacklevel=3)
        elif not self.optimizer.has_stepped:
            warnings.warn(WRONG_ORDER, UserWarning, stacklevel=3)

    def go_to(self, epoch: int | None) -> None:
        """Set the rates for the next epoch, or for a given one."""
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self.set_rates(self.get_lr if epoch is None else self.closed_form)

    def set_rates(self, rule: Callable[[], list[Any]]) -> None:
        """Set the rates that `get_lr` or `closed_form` gives for `last_epoch`."""
        self._get_lr_called_within_step = True
        try:
            rates = rule()
        finally:
            self._get_lr_called_within_step = False
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            put(group, "lr", rate)
        self._last_lr = self.current()

    def get_lr(self) -> list[Any]:
        """The rates for `last_epoch`, from those of the epoch before.  For the last rates, see `get_last_lr`."""
        raise NotImplementedError

    def closed_form(self) -> list[Any]:
        """The rates for `last_epoch`, from the initial ones."""
        return self.get_lr()

    def get_last_lr(self) -> list[Any]:
        """The rates that this scheduler has set last, one for each of the optimizer's groups."""
        return self._last_lr

    def current(self) -> list[Any]:
        """The groups' rates at present, whoever has set them."""
        return [copied(group["lr"]) for group in self.optimizer.param_groups]

    def scaled(self, factor: float) -> list[Any]:
        """The groups' present rates times a factor."""
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    def warn_outside_step(self) -> None:
        """Warn who calls `get_lr` and may expect the last rates."""
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )

    def state_dict(self) -> dict[str, Any]:
        """All that the scheduler remembers, but for the optimizer, which is saved for itself."""
        return {name: value for name, value in self.__dict__.items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave.  The optimizer's rates are loaded with the optimizer."""
        self.__dict__.update(state_dict)


def copied(value: Any) -> Any:
    """An option of a group; of a tensor, which may be changed in place, a copy."""
    return value.clone() if isinstance(value, Tensor) else value


def attributes_of(function: Any) -> dict[str, Any] | None:
    """What is saved of a function that a scheduler was given: the attributes of an object, nothing of a function."""
    return None if function is None or isinstance(function, FunctionType) else function.__dict__.copy()


def put_attributes(function: Any, saved: dict[str, Any] | None) -> None:
    """Take over what `attributes_of` gave."""
    if saved is not None:
        function.__dict__.update(saved)


def put(group: Group, name: str, value: Any) -> None:
    """Set an option of a group.  A tensor stays the same one: others may hold it."""
    if isinstance(group.get(name), Tensor):
        group[name].fill_(float(value))
    else:
        group[name] = value


def one_for_each_group(name: str, optimizer: Optimizer, values: Any) -> list[Any]:
    """An option in a list with one value for each group; ValueError for a list of another length."""
    groups = len(optimizer.param_groups)
    if not isinstance(values, (list, tuple)):
        values = [values] * groups
    if len(values) != groups:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(values)} values, "
            f"param_groups has {groups}."
        )
    return [copied(value) for value in values]


def checked_optimizer(optimizer: Any) -> Optimizer:
    """The optimizer; TypeError for anything else."""
    if not isinstance(optimizer, Optimizer):
        advice = ". Make it first: optimizer = optim.SGD(...)" if isinstance(optimizer, type) else ""
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer{advice}")
    return optimizer

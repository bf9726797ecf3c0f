"""GradScaler: a loss is multiplied by a large number, and the gradients divided by it again.

So small gradients of float16 do not become 0.  Where a gradient overflows, the step is left out and the number halved;
after many steps without, it is doubled.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable
from enum import Enum
from typing import Any

from minigrad import cuda, dtypes
from minigrad.autograd.grad_mode import no_grad
from minigrad.ops.creation import full
from minigrad.tensor import Tensor

__all__ = ["GradScaler", "OptState"]


class OptState(Enum):
    """What was done with an optimizer's gradients since the last update."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


class State:
    """What is known of one optimizer: its stage, and whether a gradient was not finite."""

    stage = OptState.READY
    found_inf: Tensor | None = None


class GradScaler:
    """Scales a loss, unscales gradients before an optimizer's step, and leaves out steps that would break the model.

    device: "cuda" (off, with a warning, where there is no GPU) or "cpu".  init_scale: the number at first.
    growth_factor, growth_interval: by what it grows, after so many steps without overflow; backoff_factor: by what it
    shrinks.  enabled=False: every method hands on what it is given.
    https://docs.pytorch.org/docs/stable/amp.html#gradient-scaling
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._device, self._enabled = device, enabled
        if enabled and device == "cuda" and not cuda.is_available():
            warnings.warn("torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.", stacklevel=2)
            self._enabled = False
        if self._enabled:
            if growth_factor <= 1.0:
                raise AssertionError("The growth factor must be > 1.0.")
            if backoff_factor >= 1.0:
                raise AssertionError("The backoff factor must be < 1.0.")
            self._init_scale, self._growth_factor, self._backoff_factor = init_scale, growth_factor, backoff_factor
            self._growth_interval, self._tracker = growth_interval, 0
            self._scale: Tensor | None = None
            self._states: dict[int, State] = defaultdict(State)

    def scale(self, outputs: Any) -> Any:
        """outputs, a tensor or an iterable of them, times the scale.  ValueError for anything else."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            if self._scale is None:
                self._scale = full((), self._init_scale, dtype=dtypes.float32, device=outputs.device)
            return outputs * self._scale.to(outputs.device)
        if isinstance(outputs, Iterable):
            scaled = map(self.scale, outputs)
            return type(outputs)(scaled) if isinstance(outputs, (list, tuple)) else scaled
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def unscale_(self, optimizer: Any) -> None:
        """Divide an optimizer's gradients by the scale, in place: to look at them, or to clip them, before `step`.

        RuntimeError the second time since `update`, and after `step`; ValueError for gradients of float16.
        """
        if not self._enabled:
            return
        scale, state = self.known_scale("unscale_"), self._states[id(optimizer)]
        if state.stage is OptState.UNSCALED:
            raise RuntimeError("unscale_() has already been called on this optimizer since the last update().")
        if state.stage is OptState.STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        grads = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if any(grad.dtype is dtypes.float16 for grad in grads):
            raise ValueError("Attempting to unscale FP16 gradients.")
        with no_grad():
            inverse = scale.double().reciprocal().float()
            finite = [grad.isfinite().all().to(scale.device) for grad in grads]
            state.found_inf = (
                sum((~each for each in finite), start=full((), 0.0, device=scale.device)) if grads else None
            )
            for grad in grads:
                grad.mul_(inverse.to(grad.device))
        state.stage = OptState.UNSCALED

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """Unscale the gradients, if that was not done, and call optimizer.step(...) unless one was not finite."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self.known_scale("step")
        state = self._states[id(optimizer)]
        if state.stage is OptState.STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if state.stage is OptState.READY:
            self.unscale_(optimizer)
        if state.found_inf is None:
            raise AssertionError("No inf checks were recorded for this optimizer.")
        returned = None if state.found_inf.item() else optimizer.step(*args, **kwargs)
        state.stage = OptState.STEPPED
        return returned

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Shrink the scale if a step was left out, let it grow after many that were not; or set it to new_scale.

        AssertionError where nothing was scaled yet, and for a new_scale that is no single number.
        """
        if not self._enabled:
            return
        scale = self.known_scale("update")
        if isinstance(new_scale, Tensor):
            if new_scale.device.type != self._device or new_scale.numel() != 1 or new_scale.requires_grad:
                raise AssertionError(
                    "new_scale should be a float or a 1-element torch.cuda.FloatTensor or torch.FloatTensor with "
                    "requires_grad=False."
                )
            scale.copy_(new_scale)
        elif new_scale is not None:
            scale.fill_(new_scale)
        else:
            found = [state.found_inf for state in self._states.values() if state.found_inf is not None]
            if not found:
                raise AssertionError("No inf checks were recorded prior to update.")
            self.grow(scale, any(each.item() for each in found))
        self._states = defaultdict(State)

    def grow(self, scale: Tensor, found_inf: bool) -> None:
        """Let the scale follow a step."""
        if found_inf:
            scale.mul_(self._backoff_factor)
            self._tracker = 0
            return
        self._tracker += 1
        if self._tracker == self._growth_interval:
            if (scale * self._growth_factor).isfinite().item():
                scale.mul_(self._growth_factor)
            self._tracker = 0

    def known_scale(self, name: str) -> Tensor:
        """The scale; AssertionError where nothing was scaled yet."""
        if self._scale is None:
            raise AssertionError(
                f"Attempted {name} but _scale is None.  This may indicate your script did not use scaler.scale(loss or "
                "outputs) earlier in the iteration."
            )
        return self._scale

    def get_scale(self) -> float:
        """The scale, 1.0 where it is off."""
        if not self._enabled:
            return 1.0
        return float(self._init_scale) if self._scale is None else float(self._scale.item())

    def get_growth_factor(self) -> float:
        """By what the scale grows."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Set by what the scale grows: new_factor."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """By what the scale shrinks."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Set by what the scale shrinks: new_factor."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """After how many steps the scale grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Set after how many steps the scale grows: new_interval."""
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        """Whether it scales at all."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """The scale and how it changes; empty where it is off."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what another scaler's `state_dict` gave.  RuntimeError for that of one that was off."""
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler."
            )
        self._init_scale, self._tracker = state_dict["scale"], state_dict["_growth_tracker"]
        if self._scale is not None:
            self._scale.fill_(state_dict["scale"])
        self._growth_factor, self._backoff_factor = state_dict["growth_factor"], state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]

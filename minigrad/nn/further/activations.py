"""Layers of activations that few lessons meet; minigrad.ops.further.activations has the formulas."""

from __future__ import annotations

import warnings
from typing import Any

from minigrad import dtypes
from minigrad.nn import functional, init
from minigrad.nn.layers import _InPlace
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty
from minigrad.ops.further import activations
from minigrad.tensor import Tensor


class Hardtanh(Module):
    """The input between min_val and max_val, else the nearer of the two, as `functional.hardtanh`: (*) -> (*).

    min_value, max_value: the bounds by their old names, with a FutureWarning.  AssertionError for max_val <= min_val.
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        self.min_val = _renamed("min_value", "min_val", min_value, min_val)
        self.max_val = _renamed("max_value", "max_val", max_value, max_val)
        self.inplace = inplace
        if self.max_val <= self.min_val:
            raise AssertionError(f"max_val ({self.max_val}) must be greater than min_val ({self.min_val})")

    def forward(self, input: Tensor) -> Tensor:
        """hardtanh(input)."""
        return activations.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """The bounds."""
        return f"min_val={self.min_val}, max_val={self.max_val}" + (", inplace=True" if self.inplace else "")


def _renamed(old: str, new: str, given: float | None, value: float) -> float:
    """The value of an argument that may come by its old name, with PyTorch's warning."""
    if given is None:
        return value
    warnings.warn(f"keyword argument `{old}` is deprecated and renamed to `{new}`", FutureWarning, stacklevel=3)
    return given


class ReLU6(Hardtanh):
    """The input between 0 and 6, else the nearer of the two, as `functional.relu6`: (*) -> (*)."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        """Whether it works in place."""
        return "inplace=True" if self.inplace else ""


class Threshold(Module):
    """The input where it is above the threshold, else value, as `functional.threshold`: (*) -> (*)."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """threshold(input)."""
        return activations.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        """The options."""
        return f"threshold={self.threshold}, value={self.value}" + (", inplace=True" if self.inplace else "")


class Hardsigmoid(_InPlace):
    """(input + 3) / 6 between 0 and 1, else the nearer of the two, as `functional.hardsigmoid`: (*) -> (*)."""

    def forward(self, input: Tensor) -> Tensor:
        """hardsigmoid(input)."""
        return activations.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        """Nothing, as in PyTorch."""
        return ""


class Hardswish(_InPlace):
    """input * hardsigmoid(input), as `functional.hardswish`: (*) -> (*)."""

    def forward(self, input: Tensor) -> Tensor:
        """hardswish(input)."""
        return activations.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        """Nothing, as in PyTorch."""
        return ""


class Mish(_InPlace):
    """input * tanh(softplus(input)), as `functional.mish`: (*) -> (*)."""

    def forward(self, input: Tensor) -> Tensor:
        """mish(input)."""
        return activations.mish(input, self.inplace)


class SELU(_InPlace):
    """scale * elu(input, alpha), as `functional.selu`: (*) -> (*).

    With the numbers, 1.0507 and 1.6733, that keep the mean at 0 and the variance at 1 from layer to layer.
    """

    def forward(self, input: Tensor) -> Tensor:
        """selu(input)."""
        return activations.selu(input, self.inplace)


class CELU(Module):
    """The input where it is above 0, else alpha * (e ** (input / alpha) - 1), as `functional.celu`: (*) -> (*)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """celu(input)."""
        return activations.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """The factor below 0."""
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class Hardshrink(Module):
    """The input, but 0 from -lambd to lambd, as `functional.hardshrink`: (*) -> (*)."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """hardshrink(input)."""
        return activations.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The bound."""
        return f"{self.lambd}"


class Softshrink(Module):
    """The input moved towards 0 by lambd, and 0 from -lambd to lambd, as `functional.softshrink`: (*) -> (*)."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """softshrink(input)."""
        return activations.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The bound."""
        return f"{self.lambd}"


class Tanhshrink(Module):
    """input - tanh(input), as `functional.tanhshrink`: (*) -> (*)."""

    def forward(self, input: Tensor) -> Tensor:
        """tanhshrink(input)."""
        return activations.tanhshrink(input)


class Softsign(Module):
    """input / (1 + |input|), as `functional.softsign`: (*) -> (*), each between -1 and 1."""

    def forward(self, input: Tensor) -> Tensor:
        """softsign(input)."""
        return activations.softsign(input)


class LogSigmoid(Module):
    """log(sigmoid(input)), without overflow, as `functional.logsigmoid`: (*) -> (*)."""

    def forward(self, input: Tensor) -> Tensor:
        """logsigmoid(input)."""
        return activations.logsigmoid(input)


class GLU(Module):
    """Of two halves of the input along dim: the first * sigmoid(the second), as `functional.glu`.

    (*, 2n, *) -> (*, n, *).  RuntimeError for an odd size.
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """glu(input)."""
        return activations.glu(input, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class Softmin(Module):
    """e ** -input, divided by its sum along dim, as `functional.softmin`: (*) -> (*).  dim: as for `Softmax`."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """softmin(input, dim)."""
        return softmin(input, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


def softmin(input: Tensor, dim: int | None = None, dtype: dtypes.dtype | None = None) -> Tensor:
    """e ** -input, divided by its sum along dim: (*) -> (*), the `softmax` of -input.

    dim: None chooses one, with a warning, as `softmax` does.  dtype: of the result, to which the input is cast first.
    """
    dim = functional._implicit_dim("softmin", input) if dim is None else dim
    return functional.softmax(-input, dim, dtype)


class Softmax2d(Module):
    """`Softmax` over the channels: (N, C, H, W) -> (N, C, H, W), or (C, H, W) -> (C, H, W).

    ValueError for another number of dimensions.
    """

    def forward(self, input: Tensor) -> Tensor:
        """softmax(input, -3)."""
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return functional.softmax(input, -3)


class PReLU(Module):
    """The input where it is above 0, else input * weight, which is learned: (*) -> (*), as `functional.prelu`.

    weight (num_parameters,), one number for all or one for each channel of (N, C, ...), starts at `init`.
    RuntimeError for another number of channels.  K. He et al. (2015), https://arxiv.org/abs/1502.01852
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """All slopes at `init`."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """prelu(input, weight)."""
        return activations.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """How many slopes there are."""
        return f"num_parameters={self.num_parameters}"


class RReLU(Module):
    """The input where it is above 0, else input times a slope, as `functional.rrelu`: (*) -> (*).

    In training each slope is drawn from [lower, upper), in evaluation it is the mean of the two.
    """

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """rrelu(input)."""
        return activations.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        """The range of the slopes."""
        return f"lower={self.lower}, upper={self.upper}" + (", inplace=True" if self.inplace else "")

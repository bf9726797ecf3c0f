"""Layers: linear, activations, reshaping."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from minigrad.nn import functional, init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty
from minigrad.tensor import Tensor


class Identity(Module):
    """The input as it is: (*) -> (*).  Takes and ignores any arguments, so that it can stand where any layer stood."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """The input."""
        return input


class Linear(Module):
    """input @ weight.T + bias, as `functional.linear`: (*, in_features) -> (*, out_features).

    weight (out_features, in_features) and, unless bias=False, bias (out_features,) start uniform in
    +-1 / sqrt(in_features), drawn as PyTorch draws them.  RuntimeError for another last size, or another dtype.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(empty(out_features, in_features, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_features, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """input @ weight.T + bias."""
        return functional.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes."""
        bias = self.bias is not None
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={bias}"


class Flatten(Module):
    """Dimensions start_dim to end_dim, both included, as one: (N, C, H, W) -> (N, C H W); the first stays by default.

    As `torch.flatten`.  IndexError for a dimension that there is not, RuntimeError for start_dim behind end_dim.
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        """The flattened input."""
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """The dimensions."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """The dimension `dim` as several, of the sizes unflattened_size: (N, C H W) -> (N, C, H, W), say.

    One of the sizes may be -1, for what is left.  As `torch.unflatten`: RuntimeError for sizes that do not make up the
    dimension's; TypeError for what is no sequence of integers.
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        if not isinstance(unflattened_size, (tuple, list)):
            raise TypeError(
                f"unflattened_size must be a tuple of ints, but found type {type(unflattened_size).__name__}"
            )
        for position, size in enumerate(unflattened_size):
            if not isinstance(size, int):
                raise TypeError(
                    "unflattened_size must be tuple of ints, but found element of type "
                    f"{type(size).__name__} at pos {position}"
                )
        self.dim = dim
        self.unflattened_size = unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        """The unflattened input."""
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        """The dimension and its sizes."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class _InPlace(Module):
    """What several layers have: whether they work in place."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Whether it works in place."""
        return "inplace=True" if self.inplace else ""


class ReLU(_InPlace):
    """max(input, 0) of each element, as `functional.relu`: (*) -> (*)."""

    def forward(self, input: Tensor) -> Tensor:
        """max(input, 0)."""
        return functional.relu(input, self.inplace)


class Sigmoid(Module):
    """1 / (1 + e ** -input), as `torch.sigmoid`: (*) -> (*), each between 0 and 1."""

    def forward(self, input: Tensor) -> Tensor:
        """1 / (1 + e ** -input)."""
        return functional.sigmoid(input)


class Tanh(Module):
    """The hyperbolic tangent, as `torch.tanh`: (*) -> (*), each between -1 and 1."""

    def forward(self, input: Tensor) -> Tensor:
        """tanh(input)."""
        return functional.tanh(input)


class Softmax(Module):
    """e ** input, divided by its sum along dim, as `functional.softmax`: (*) -> (*), of which each slice has the sum 1.

    dim: None chooses one after the number of dimensions, 0 for 0, 1 or 3 of them, else 1, with a warning.
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """softmax(input, dim)."""
        return functional.softmax(input, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """log(softmax(input, dim)), as `functional.log_softmax`: (*) -> (*).  dim: as for `Softmax`."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """log_softmax(input, dim)."""
        return functional.log_softmax(input, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class LeakyReLU(Module):
    """The input where it is above 0, else input * negative_slope, as `functional.leaky_relu`: (*) -> (*)."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """leaky_relu(input)."""
        return functional.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        """The slope below 0."""
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


class ELU(Module):
    """The input where it is above 0, else alpha * (e ** input - 1), as `functional.elu`: (*) -> (*)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """elu(input)."""
        return functional.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """The factor below 0."""
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class GELU(Module):
    """The input times the probability that a standard normal number is below it, as `functional.gelu`: (*) -> (*).

    approximate: "none", or "tanh" for the formula with a hyperbolic tangent.
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """gelu(input)."""
        return functional.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        """How it is computed."""
        return f"approximate={self.approximate!r}"


class SiLU(_InPlace):
    """input * sigmoid(input), as `functional.silu`: (*) -> (*)."""

    def forward(self, input: Tensor) -> Tensor:
        """silu(input)."""
        return functional.silu(input, self.inplace)


class Softplus(Module):
    """log(1 + e ** (beta * input)) / beta, as `functional.softplus`: (*) -> (*).

    Where beta * input is above the threshold, the input itself, which it equals within rounding.
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        """softplus(input)."""
        return functional.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """The options."""
        return f"beta={self.beta}, threshold={self.threshold}"

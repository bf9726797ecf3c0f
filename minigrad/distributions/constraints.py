"""Where numbers must lie: parameters of distributions, and the values that they can have.

A constraint's `check(value)` tells for each event of a tensor whether it holds: bools, without the last event_dim
dimensions.  `lower_bound` and `upper_bound` are numbers or tensors that broadcast to the value.
"""

from __future__ import annotations

from typing import Any

from minigrad import dtypes
from minigrad.ops.further.matrices import LinAlgError, cholesky
from minigrad.tensor import Tensor

__all__ = [
    *("Constraint", "boolean", "dependent", "greater_than", "greater_than_eq", "half_open_interval", "independent"),
    *("integer_interval", "interval", "is_dependent", "less_than", "lower_cholesky", "lower_triangular", "nonnegative"),
    *("nonnegative_integer", "one_hot", "positive", "positive_definite", "positive_integer", "real", "real_vector"),
    *("simplex", "square", "symmetric", "unit_interval"),
]


class Constraint:
    """A region that numbers are in or not.

    is_discrete: whether it is one of single points.  event_dim: how many dimensions of a tensor make one event.
    """

    is_discrete = False
    event_dim = 0

    def check(self, value: Tensor) -> Tensor:
        """Whether each event lies in the region."""
        raise NotImplementedError

    def __repr__(self) -> str:
        bounds = ", ".join(f"{name}={value}" for name, value in vars(self).items())
        return f"{type(self).__name__.removeprefix('_')}({bounds})"


class _Dependent(Constraint):
    """A region that hangs on other parameters."""

    def check(self, value: Tensor) -> Tensor:  # noqa: ARG002
        raise ValueError("Cannot determine validity of dependent constraint")


def is_dependent(constraint: Constraint) -> bool:
    """Whether a constraint hangs on other parameters, as `dependent` does: its check is a ValueError."""
    return isinstance(constraint, _Dependent)


class _IndependentConstraint(Constraint):
    """base_constraint in all of the last few dimensions, reinterpreted_batch_ndims of them, which make one event."""

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint, self.reinterpreted_batch_ndims = base_constraint, reinterpreted_batch_ndims
        self.is_discrete = base_constraint.is_discrete
        self.event_dim = base_constraint.event_dim + reinterpreted_batch_ndims

    def check(self, value: Tensor) -> Tensor:
        result = self.base_constraint.check(value)
        if result.ndim < self.reinterpreted_batch_ndims:
            raise ValueError(f"Expected value.dim() >= {self.event_dim} but got {value.ndim}")
        return result.reshape((*result.shape[: result.ndim - self.reinterpreted_batch_ndims], -1)).all(-1)

    def __repr__(self) -> str:
        return f"IndependentConstraint({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class _Boolean(Constraint):
    """0 or 1."""

    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return (value == 0) | (value == 1)


class _OneHot(Constraint):
    """A single 1, else zeros."""

    is_discrete = True
    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return ((value == 0) | (value == 1)).all(-1) & value.sum(-1).eq(1)


class _IntegerInterval(Constraint):
    """Integers between two bounds, lower_bound and upper_bound, both included."""

    is_discrete = True

    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        self.lower_bound, self.upper_bound = lower_bound, upper_bound

    def check(self, value: Tensor) -> Tensor:
        return is_whole(value, (self.lower_bound <= value) & (value <= self.upper_bound))


class _IntegerGreaterThan(Constraint):
    """Integers from a bound on."""

    is_discrete = True

    def __init__(self, lower_bound: Any) -> None:
        self.lower_bound = lower_bound

    def check(self, value: Tensor) -> Tensor:
        return is_whole(value, value >= self.lower_bound)


class _Real(Constraint):
    """Any number but nan."""

    def check(self, value: Tensor) -> Tensor:
        return value == value


class _GreaterThan(Constraint):
    """Numbers above a bound, lower_bound, which is not one of them."""

    def __init__(self, lower_bound: Any) -> None:
        self.lower_bound = lower_bound

    def check(self, value: Tensor) -> Tensor:
        return self.lower_bound < value


class _GreaterThanEq(_GreaterThan):
    """Numbers from a bound, lower_bound, on, which is one of them."""

    def check(self, value: Tensor) -> Tensor:
        return self.lower_bound <= value


class _LessThan(Constraint):
    """Numbers below a bound, upper_bound, which is not one of them."""

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    def check(self, value: Tensor) -> Tensor:
        return value < self.upper_bound


class _Interval(Constraint):
    """Numbers between two bounds, lower_bound and upper_bound, both included."""

    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        self.lower_bound, self.upper_bound = lower_bound, upper_bound

    def check(self, value: Tensor) -> Tensor:
        return (self.lower_bound <= value) & (value <= self.upper_bound)


class _HalfOpenInterval(_Interval):
    """Numbers between two bounds, of which lower_bound is included and upper_bound is not."""

    def check(self, value: Tensor) -> Tensor:
        return (self.lower_bound <= value) & (value < self.upper_bound)


class _Simplex(Constraint):
    """Shares that sum to 1 along the last dimension."""

    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return (value >= 0).all(-1) & ((value.sum(-1) - 1).abs() < 1e-6)


class _LowerTriangular(Constraint):
    """Matrices with zeros above the diagonal."""

    event_dim = 2

    def check(self, value: Tensor) -> Tensor:
        return (value.tril() == value).flatten(-2).all(-1)


class _LowerCholesky(_LowerTriangular):
    """The same with a positive diagonal."""

    def check(self, value: Tensor) -> Tensor:
        return super().check(value) & (value.diagonal(dim1=-2, dim2=-1) > 0).all(-1)


class _Square(Constraint):
    """Square matrices."""

    event_dim = 2

    def check(self, value: Tensor) -> Tensor:
        return value.new_full(value.shape[:-2], value.shape[-2] == value.shape[-1], dtype=dtypes.bool_)


class _Symmetric(_Square):
    """Symmetric matrices."""

    def check(self, value: Tensor) -> Tensor:
        is_square = super().check(value)
        return value.isclose(value.mT, atol=1e-6).all(-2).all(-1) if is_square.all() else is_square


class _PositiveDefinite(_Symmetric):
    """Symmetric matrices that have a Cholesky factor."""

    def check(self, value: Tensor) -> Tensor:
        is_symmetric = super().check(value)
        if not is_symmetric.all():
            return is_symmetric
        flat = value.detach().reshape(-1, *value.shape[-2:])
        return is_symmetric.new_tensor([has_factor(each) for each in flat]).reshape(is_symmetric.shape)


def is_whole(value: Tensor, is_within: Tensor) -> Tensor:
    """Which numbers are integers, of those that are within bounds."""
    return is_within & (value % 1 == 0) if value.is_floating_point() else is_within


def has_factor(matrix: Tensor) -> bool:
    """Whether a symmetric matrix has a Cholesky factor."""
    try:
        cholesky(matrix)
    except LinAlgError:
        return False
    return True


dependent = _Dependent()
independent = _IndependentConstraint
boolean = _Boolean()
one_hot = _OneHot()
nonnegative_integer = _IntegerGreaterThan(0)
positive_integer = _IntegerGreaterThan(1)
integer_interval = _IntegerInterval
real = _Real()
real_vector = independent(real, 1)
positive = _GreaterThan(0.0)
nonnegative = _GreaterThanEq(0.0)
greater_than = _GreaterThan
greater_than_eq = _GreaterThanEq
less_than = _LessThan
unit_interval = _Interval(0.0, 1.0)
interval = _Interval
half_open_interval = _HalfOpenInterval
simplex = _Simplex()
lower_triangular = _LowerTriangular()
lower_cholesky = _LowerCholesky()
square = _Square()
symmetric = _Symmetric()
positive_definite = _PositiveDefinite()

"""What all distributions share: shapes, checks, drawing."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from minigrad.autograd.grad_mode import enable_grad, no_grad
from minigrad.distributions import constraints
from minigrad.size import Size
from minigrad.tensor import Tensor

__all__ = ["Distribution"]


class Distribution:
    """The base of all distributions.

    batch_shape: that of the parameters, each of which makes a distribution of its own.  event_shape: that of one draw.
    validate_args: whether parameters and values are checked (ValueError); by default they are, unless Python runs
    with -O.

    sample(sample_shape) -> draws (*sample_shape, *batch_shape, *event_shape), without a gradient; rsample, with one to
    the parameters.  log_prob(value) -> (*, *batch_shape): log of the density at values (*, *batch_shape, *event_shape),
    ValueError outside of the support.  entropy() -> batch_shape, in nats.  mean, variance, stddev, mode: (*batch_shape,
    *event_shape).  NotImplementedError for what a family does not have.

    >>> import minigrad as torch
    >>> normal = torch.distributions.Normal(torch.zeros(3), 1.0)
    >>> normal.sample((2,)).shape, normal.log_prob(torch.zeros(2, 3)).shape, normal.entropy().shape
    (minigrad.Size([2, 3]), minigrad.Size([2, 3]), minigrad.Size([3]))
    """

    has_rsample = False
    has_enumerate_support = False
    _validate_args = __debug__
    arg_constraints: Any = MappingProxyType({})
    """Where each parameter must lie."""
    support: Any
    """Where the draws lie."""
    _parameters: Any = MappingProxyType({})
    """The tensors or distributions that it is made of, and how many dimensions of each are no batch."""

    def __init__(
        self, batch_shape: Sequence[int] = (), event_shape: Sequence[int] = (), validate_args: bool | None = None
    ) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            for name, constraint in self.arg_constraints.items():
                if name in self.__dict__ or not isinstance(getattr(type(self), name, None), lazy_property):
                    self._check_parameter(name, constraint)
        super().__init__()

    def _check_parameter(self, name: str, constraint: constraints.Constraint) -> None:
        value = getattr(self, name)
        if not holds(constraint, value):
            raise ValueError(
                f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution "
                f"{self!r} to satisfy the constraint {constraint!r}, but found invalid values:\n{value}"
            )

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether distributions check their arguments from now on, unless told otherwise."""
        if value not in (True, False):
            raise ValueError(f"set_default_validate_args: True or False, not {value!r}")
        Distribution._validate_args = value

    # Facts

    @property
    def batch_shape(self) -> Size:
        """The shape of the parameters."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one draw."""
        return self._event_shape

    @property
    def mean(self) -> Tensor:
        """The mean."""
        raise NotImplementedError

    @property
    def mode(self) -> Tensor:
        """The likeliest value."""
        raise NotImplementedError(f"{self.__class__} does not implement mode")

    @property
    def variance(self) -> Tensor:
        """The variance."""
        raise NotImplementedError

    @property
    def stddev(self) -> Tensor:
        """The standard deviation."""
        return self.variance.sqrt()

    # Drawing and measuring

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws of shape (*sample_shape, *batch_shape, *event_shape), without a gradient."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws that the parameters' gradients go through: functions of the parameters and of other draws."""
        raise NotImplementedError

    def sample_n(self, n: int) -> Tensor:
        """n draws: write sample((n,))."""
        return self.sample((n,))

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density (or probability) at a value, which must lie in the support (ValueError)."""
        raise NotImplementedError

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most a value."""
        raise NotImplementedError

    def icdf(self, value: Tensor) -> Tensor:
        """The value that has this probability of not being exceeded: the inverse of `cdf`."""
        raise NotImplementedError

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values of a discrete distribution, along a new first dimension; expand: over the batch, too."""
        raise NotImplementedError

    def entropy(self) -> Tensor:
        """The entropy in nats, of shape batch_shape."""
        raise NotImplementedError

    def perplexity(self) -> Tensor:
        """e to the power of the entropy."""
        return self.entropy().exp()

    # Parts

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with its batch expanded to a shape, as by Tensor.expand."""
        if _instance is None and type(self).__init__ is not self._owner_of_init().__init__:
            raise NotImplementedError(
                f"Subclass {type(self).__name__} that defines a custom __init__ method must also define a custom "
                ".expand() method."
            )
        new = object.__new__(type(self)) if _instance is None else _instance
        for name, dims in self._parameters.items():
            if name in self.__dict__:
                parameter = self.__dict__[name]
                own = parameter.shape[parameter.ndim - dims :] if dims else ()
                setattr(new, name, parameter.expand(Size((*batch_shape, *own))))
        Distribution.__init__(new, batch_shape, self._event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def _owner_of_init(self) -> Any:
        """The class of this package that the distribution is of, or comes from."""
        return next(kind for kind in type(self).__mro__ if kind.__module__.startswith("minigrad.distributions"))

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        """The shape of draws."""
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def _validate_sample(self, value: Tensor) -> None:
        """ValueError for a value of another shape, or outside the support."""
        if not isinstance(value, Tensor):
            raise ValueError(f"The value argument to log_prob must be a Tensor, not {type(value).__name__}")
        own = value.shape[value.ndim - len(self._event_shape) :]
        if own != self._event_shape:
            raise ValueError(
                f"The right-most size of value must match event_shape: {value.shape} vs {self._event_shape}."
            )
        expected = self._batch_shape + self._event_shape
        for n, m in zip(reversed(value.shape), reversed(expected)):
            if 1 not in (n, m) and n != m:
                raise ValueError(
                    f"Value is not broadcastable with batch_shape+event_shape: {value.shape} vs {expected}."
                )
        support = getattr(self, "support", None)
        if support is None:
            raise NotImplementedError(f"{type(self).__name__} does not define `support`: use validate_args=False")
        if not holds(support, value):
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) to be within the "
                f"support ({support!r}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    def __repr__(self) -> str:
        given = {name: self.__dict__[name] for name in self.arg_constraints if name in self.__dict__}
        shown = (f"{name}: {value if value.numel() == 1 else value.size()}" for name, value in given.items())
        return f"{type(self).__name__}({', '.join(shown)})"


def holds(constraint: Any, value: Tensor) -> bool:
    """Whether all of a tensor lies in a region: nothing to differentiate."""
    with no_grad():
        return bool(constraint.check(value).all())


class lazy_property:
    """A method as a property that is computed once, when it is first asked for."""

    def __init__(self, compute: Any) -> None:
        self.compute, self.__doc__ = compute, compute.__doc__

    def __set_name__(self, _owner: type, name: str) -> None:
        self.name = name

    def __get__(self, owner: Any, _kind: type | None = None) -> Any:
        if owner is None:
            return self
        with enable_grad():
            value = self.compute(owner)
        owner.__dict__[self.name] = value
        return value

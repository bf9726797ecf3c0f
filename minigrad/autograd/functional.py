"""Jacobians, Hessians and products with them, as torch.autograd.functional.

In all: `func` takes the `inputs`, one tensor or a tuple, and returns one tensor or a tuple (TypeError for anything
else).  `create_graph`: the result has a graph, so that it can be differentiated again.  `strict`: RuntimeError for an
output that does not depend on an input, instead of zeros.
https://docs.pytorch.org/docs/stable/autograd.html#functional-higher-level-api
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from minigrad.arrays import array_module
from minigrad.autograd import grad_mode
from minigrad.autograd.gradients import grad
from minigrad.engine.graph import TensorBase, raw, wrap

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

Function = Callable[..., Any]
Tensors = Any
"""A Tensor or a tuple of Tensors."""


def vjp(
    func: Function, inputs: Tensors, v: Tensors = None, create_graph: bool = False, strict: bool = False
) -> tuple[Tensors, Tensors]:
    """func(inputs), and v times its Jacobian: the gradient of sum(v * func(inputs)).

    v: of the outputs' shapes; may be left out for a scalar.  RuntimeError for a v of other shapes, or none where there
    must be one.

    >>> import minigrad as torch
    >>> torch.autograd.functional.vjp(lambda x: x**2, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with grad_mode.enable_grad():
        xs = fresh(inputs, create_graph)
        ys = outputs_of("vjp", func, xs)
        vs = vectors("vjp", v, ys, "outputs")
        products = gradients_by(ys, xs, vs, create_graph, strict)
    return like(settled(ys, create_graph), func_returned_tuple(ys)), like(settled(products, create_graph), inputs)


def jvp(
    func: Function, inputs: Tensors, v: Tensors = None, create_graph: bool = False, strict: bool = False
) -> tuple[Tensors, Tensors]:
    """func(inputs), and its Jacobian times v: how the outputs change when the inputs move along v.

    v: of the inputs' shapes; may be left out for a single number.  Computed by differentiating the
    vector-Jacobian product, which is linear in its vector, by that vector.  RuntimeError for a v of other shapes, or
    none where there must be one.

    >>> import minigrad as torch
    >>> torch.autograd.functional.jvp(lambda x: x**2, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with grad_mode.enable_grad():
        xs = fresh(inputs, create_graph)
        ys = outputs_of("jvp", func, xs)
        vs = vectors("jvp", v, xs, "inputs")
        us = [zeros_as(y).requires_grad_() for y in ys]
        slopes = gradients_by(ys, xs, us, True, strict)
        products = gradients_by(slopes, us, vs, create_graph, False)
    return like(settled(ys, create_graph), func_returned_tuple(ys)), like(
        settled(products, create_graph), func_returned_tuple(ys)
    )


def jacobian(
    func: Function,
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Tensors:
    """The Jacobian: for an output and an input a Tensor of shape (*output.shape, *input.shape).

    One backward pass for each element of the outputs.  vectorize and strategy are accepted and change nothing.

    >>> import minigrad as torch
    >>> torch.autograd.functional.jacobian(lambda x: x**2, torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    _ = vectorize, strategy
    with grad_mode.enable_grad():
        xs = fresh(inputs, create_graph)
        ys = outputs_of("jacobian", func, xs)
        blocks = [jacobian_rows(y, xs, create_graph, strict) for y in ys]
    shaped = tuple(like(tuple(settled(block, create_graph)), inputs) for block in blocks)
    return like(shaped, func_returned_tuple(ys))


def hessian(
    func: Function,
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Tensors:
    """The matrix of second derivatives of a function with one scalar output: the Jacobian of its gradient.

    For an input and another a Tensor of shape (*input.shape, *other.shape).  RuntimeError where func does not give a
    single number.  vectorize and outer_jacobian_strategy are accepted and change nothing.

    >>> import minigrad as torch
    >>> torch.autograd.functional.hessian(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    _ = vectorize, outer_jacobian_strategy

    def gradient(*xs: Tensor) -> Any:
        ys = outputs_of("hessian", func, xs)
        scalar_output("hessian", ys)
        return like(tuple(gradients_by(ys, xs, [None], True, strict)), inputs)

    return jacobian(gradient, inputs, create_graph, strict)


def hvp(
    func: Function, inputs: Tensors, v: Tensors = None, create_graph: bool = False, strict: bool = False
) -> tuple[Tensors, Tensors]:
    """func(inputs), and its Hessian times v, without computing the Hessian.

    v: of the inputs' shapes; may be left out for a single number.  RuntimeError where func does not give a single
    number.

    >>> import minigrad as torch
    >>> torch.autograd.functional.hvp(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]), torch.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    with grad_mode.enable_grad():
        xs = fresh(inputs, create_graph)
        ys = outputs_of("hvp", func, xs)
        scalar_output("hvp", ys)
        vs = vectors("hvp", v, xs, "inputs")
        slopes = gradients_by(ys, xs, [None], True, strict)
        products = gradients_by(slopes, xs, vs, create_graph, strict)
    return settled(ys, create_graph)[0], like(settled(products, create_graph), inputs)


def vhp(
    func: Function, inputs: Tensors, v: Tensors = None, create_graph: bool = False, strict: bool = False
) -> tuple[Tensors, Tensors]:
    """func(inputs), and v times its Hessian: what `hvp` gives, for a Hessian is symmetric.

    >>> import minigrad as torch
    >>> torch.autograd.functional.vhp(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]), torch.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    return hvp(func, inputs, v, create_graph, strict)


# Parts ------------------------------------------------------------------------------------------------------


def fresh(inputs: Tensors, create_graph: bool) -> list[Tensor]:
    """The inputs as tensors that gradients can be taken by, apart from any graph that they are in."""
    xs = list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]
    for x in xs:
        if not isinstance(x, TensorBase):
            raise TypeError(f"the inputs must be Tensors or a tuple of Tensors, not {type(x).__name__}")
    return [x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_() for x in xs]


def outputs_of(op: str, func: Function, xs: Sequence[Tensor]) -> Any:
    """What func returns for the inputs: a list or, from a func that returns several, a tuple."""
    ys = func(*xs)
    for y in ys if isinstance(ys, (tuple, list)) else [ys]:
        if not isinstance(y, TensorBase):
            raise TypeError(
                f"The outputs of the user-provided function given to {op} must be either a Tensor or a tuple of "
                f"Tensors, but it returned a {type(y).__name__}"
            )
    return tuple(ys) if isinstance(ys, (tuple, list)) else [ys]


def func_returned_tuple(ys: Any) -> Any:
    """For `like`: a tuple where func returned several outputs."""
    return ys if isinstance(ys, tuple) else ys[0]


def scalar_output(op: str, ys: Any) -> None:
    """RuntimeError unless func returned a single Tensor with one element."""
    if len(ys) != 1 or ys[0].numel() != 1:
        raise RuntimeError(
            f"The function given to {op} should return a single Tensor with a single element, not "
            f"{[list(y.shape) for y in ys]}"
        )


def vectors(op: str, v: Tensors, wanted: Any, what: str) -> list[Tensor]:
    """The given vectors, checked to have the shapes of the inputs or outputs."""
    if v is None:
        if len(wanted) != 1 or wanted[0].numel() != 1:
            raise RuntimeError(f"The vector v can only be None if {what} is a single Tensor with a single element")
        return [zeros_as(wanted[0]) + 1]
    vs = list(v) if isinstance(v, (tuple, list)) else [v]
    shapes = [list(raw(x).shape) for x in vs], [list(raw(y).shape) for y in wanted]
    if shapes[0] != shapes[1]:
        raise RuntimeError(f"{op}: v has shapes {shapes[0]}, but must have those of the {what}: {shapes[1]}")
    return vs


def gradients_by(ys: Any, xs: Any, vs: Any, create_graph: bool, strict: bool) -> list[Tensor]:
    """The gradients of sum(v * y) by the x's: zeros where they do not depend on it (RuntimeError if strict)."""
    pairs = [(y, v) for y, v in zip(ys, vs, strict=True) if y.requires_grad]
    found: Any = [None] * len(xs)
    if pairs:
        used, given = zip(*pairs)
        found = grad(used, xs, given, True, create_graph, allow_unused=True, materialize_grads=not strict)
    if strict and any(g is None for g in found):
        unused = [i for i, g in enumerate(found) if g is None]
        raise RuntimeError(f"The output of the user-provided function is independent of inputs {unused}")
    return [zeros_as(x) if g is None else g for g, x in zip(found, xs)]


def jacobian_rows(y: Tensor, xs: list[Tensor], create_graph: bool, strict: bool) -> list[Tensor]:
    """For each input the derivatives of every element of y by it."""
    from minigrad.ops.shaping import stack

    rows: list[list[Tensor]] = []
    for i in range(y.numel()):
        one = zeros_as(y)
        one.array.reshape(-1)[i] = 1
        rows.append(gradients_by([y], xs, [one], create_graph, strict))
    if not rows:
        return [wrap(array_module(x.array).zeros((*y.shape, *x.shape), x.array.dtype)) for x in xs]
    return [stack(column).reshape(*y.shape, *x.shape) for column, x in zip(zip(*rows), xs)]


def zeros_as(x: Any) -> Tensor:
    """Zeros like a tensor."""
    return wrap(array_module(x.array).zeros(x.array.shape, x.array.dtype))


def settled(tensors: Any, create_graph: bool) -> Any:
    """Results as they are under create_graph, else detached from the graph they were computed with."""
    kind = tuple if isinstance(tensors, tuple) else list
    return tensors if create_graph else kind(x.detach() for x in tensors)


def like(results: Any, form: Any) -> Any:
    """One result for one Tensor, a tuple for several."""
    return tuple(results) if isinstance(form, (tuple, list)) else results[0]


__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

"""Checking derivatives against finite differences: (f(x + eps) - f(x - eps)) / (2 eps), element by element."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arrays import array_module, copy_of, quiet
from minigrad.autograd import grad_mode
from minigrad.autograd.gradients import grad
from minigrad.devices import CPU, device_of, moved
from minigrad.engine.graph import TensorBase, node_of, wrap

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class GradcheckError(RuntimeError):
    """A derivative that does not agree with finite differences."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Whether the gradients of func by its float inputs that require grad agree with finite differences.

    The Jacobians must agree within atol + rtol * |numerical|, and two backward passes within nondet_tol;
    otherwise GradcheckError, or False without raise_exception.  Give float64 inputs: float32 is too coarse for
    the default eps.  fast_mode compares one random combination u^T J v in place of all of J.
    ValueError when no input requires grad.  check_undefined_grad, check_grad_dtypes and masked are accepted:
    a rule here is never called without a gradient, and the engine itself fits every gradient's dtype.
    NotImplementedError for what minigrad does not have: check_batched_grad, check_batched_forward_grad,
    check_forward_ad, and to leave backward out, check_backward_ad=False.
    https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html

    >>> import minigrad as torch
    >>> x = torch.randn(3, dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradcheck(lambda x: (x * x).sin(), x)
    True
    """
    _ = check_undefined_grad, check_grad_dtypes, masked
    if check_batched_grad or check_batched_forward_grad or check_forward_ad or not check_backward_ad:
        raise NotImplementedError("gradcheck: minigrad has neither batched gradients nor forward mode")
    given: tuple[Any, ...] = (inputs,) if isinstance(inputs, TensorBase) else tuple(inputs)
    check_inputs(given)
    compare = compare_projected if fast_mode else compare_jacobians
    try:
        with grad_mode.enable_grad():
            compare(func, given, eps, atol, rtol, nondet_tol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    grad_outputs: Tensor | Sequence[Tensor] | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """As `gradcheck`, for the second derivatives: it checks the gradients themselves as functions.

    grad_outputs: the gradients to start from (default: random ones; with gen_non_contig_grad_outputs not contiguous).
    NotImplementedError for check_batched_grad, check_fwd_over_rev and check_rev_over_rev=False.
    https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradgradcheck.html
    """
    if check_fwd_over_rev or not check_rev_over_rev:
        raise NotImplementedError("gradgradcheck: minigrad has no forward mode")
    given: tuple[Any, ...] = (inputs,) if isinstance(inputs, TensorBase) else tuple(inputs)
    check_inputs(given)
    starts: tuple[Any, ...] = ()
    if grad_outputs is None:
        with grad_mode.enable_grad():
            outputs = differentiable_outputs(func, given)
        starts = tuple(random_like(y, gen_non_contig_grad_outputs).requires_grad_() for y in outputs)
    else:
        starts = (grad_outputs,) if isinstance(grad_outputs, TensorBase) else tuple(grad_outputs)

    def first_derivatives(*args: Any) -> tuple[Tensor, ...]:
        xs, gs = args[: len(given)], args[len(given) :]
        wanted: list[Any] = [x for x in xs if isinstance(x, TensorBase) and node_of(x) is not None]
        found = grad(differentiable_outputs(func, xs), wanted, gs, create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    return gradcheck(
        first_derivatives,
        given + starts,
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        fast_mode=fast_mode,
        masked=masked,
    )


def check_inputs(inputs: tuple[Any, ...]) -> None:
    """At least one input must require grad; those that are not float64 get a warning."""
    checked = [x for x in inputs if isinstance(x, TensorBase) and node_of(x) is not None]
    if not checked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )
    for i, x in enumerate(inputs):
        if isinstance(x, TensorBase) and node_of(x) is not None and x.array.dtype != np.float64:
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point. This "
                "check will likely fail if all the inputs are not of double precision floating point. ",
                stacklevel=3,
            )


def compare_jacobians(
    func: Any, inputs: tuple[Any, ...], eps: float, atol: float, rtol: float, nondet_tol: float
) -> None:
    """The whole Jacobian of each output by each input, both ways."""
    outputs = differentiable_outputs(func, inputs)
    if not outputs:
        check_constant(func, inputs, eps)
    checked = [i for i, x in enumerate(inputs) if isinstance(x, TensorBase) and node_of(x) is not None]
    numerical = {i: numerical_jacobians(func, inputs, i, eps) for i in checked}
    for o, y in enumerate(outputs):
        analytical, again = (analytical_jacobians(y, [inputs[i] for i in checked]) for _ in range(2))
        for i, first, second in zip(checked, analytical, again):
            with quiet():
                varies = first.size and abs(first - second).max() > nondet_tol
                agrees = np.allclose(first, numerical[i][o], rtol, atol)
            if varies:
                raise GradcheckError(
                    f"Backward is not reentrant, i.e., running backward with same input and grad_output multiple "
                    f"times gives different values: output {o}, input {i}"
                )
            if not agrees:
                raise GradcheckError(
                    f"Jacobian mismatch for output {o} with respect to input {i},\n"
                    f"numerical:{numerical[i][o]}\nanalytical:{first}\n"
                    f"The output was computed by {y.grad_fn.name() if y.grad_fn else None}."
                )


def compare_projected(
    func: Any, inputs: tuple[Any, ...], eps: float, atol: float, rtol: float, nondet_tol: float
) -> None:
    """One random combination of all derivatives of each output, both ways."""
    _ = nondet_tol
    outputs = differentiable_outputs(func, inputs)
    if not outputs:
        check_constant(func, inputs, eps)
    for i, x in enumerate(inputs):
        if not isinstance(x, TensorBase) or node_of(x) is None:
            continue
        direction = random_like(x).array
        with quiet():
            ends = [x.array + sign * eps * direction for sign in (1, -1)]
        up, down = (differentiable_outputs(func, with_input(inputs, i, end)) for end in ends)
        for o, y in enumerate(outputs):
            weights = random_like(y).array
            (g,) = grad(y, x, wrap(weights), retain_graph=True, allow_unused=True)  # type: ignore[arg-type]
            with quiet():
                numerical = float((weights * (up[o].array - down[o].array)).sum() / (2 * eps))
                analytical = 0.0 if g is None else float((g.array * direction).sum())
                agrees = np.allclose(analytical, numerical, rtol, atol)
            if not agrees:
                raise GradcheckError(
                    f"Jacobian mismatch for output {o} with respect to input {i}, in a random direction: "
                    f"numerical {numerical}, analytical {analytical}. Without fast_mode all elements are shown."
                )


def check_constant(func: Any, inputs: tuple[Any, ...], eps: float) -> None:
    """A function without a gradient must not change with its inputs: else its gradient was lost on the way."""
    for i, x in enumerate(inputs):
        if isinstance(x, TensorBase) and node_of(x) is not None:
            for o, jacobian in enumerate(numerical_jacobians(func, inputs, i, eps, float_outputs)):
                if jacobian.any():
                    raise GradcheckError(
                        f"Numerical gradient for function expected to be zero: no output requires grad, but output {o} "
                        f"changes with input {i}. Is it detached, or computed from numbers or NumPy arrays?\n"
                        f"numerical:{jacobian}"
                    )


def float_outputs(func: Any, inputs: tuple[Any, ...]) -> list[Any]:
    """The outputs of func that are tensors of floats.  TypeError for one that is no tensor."""
    outputs = func(*inputs)
    outputs = outputs if isinstance(outputs, (tuple, list)) else [outputs]
    for y in outputs:
        if not isinstance(y, TensorBase):
            raise TypeError(f"gradcheck: the function must return Tensors, not {type(y).__name__}")
    return [y for y in outputs if y.array.dtype.kind == "f"]


def differentiable_outputs(func: Any, inputs: tuple[Any, ...]) -> list[Any]:
    """Those of them that depend on the inputs."""
    return [y for y in float_outputs(func, inputs) if y.requires_grad]


def numerical_jacobians(
    func: Any, inputs: tuple[Any, ...], i: int, eps: float, outputs_of: Any = differentiable_outputs
) -> list[Any]:
    """For each output d(output)/d(inputs[i]) as an array (input elements, output elements)."""
    x = inputs[i].array
    rows = []
    for j in range(x.size):
        up, down = (outputs_of(func, with_input(inputs, i, shifted(x, j, by))) for by in (eps, -eps))
        values = [(moved(a.array, CPU), moved(b.array, CPU)) for a, b in zip(up, down)]
        with quiet():
            rows.append([(a - b).reshape(-1) / (2 * eps) for a, b in values])
    if not rows:
        return [np.zeros((0, y.array.size)) for y in outputs_of(func, inputs)]
    return [np.stack(column) for column in zip(*rows)]


def shifted(x: Any, j: int, by: float) -> Any:
    """A copy of a raw array, in the same order in memory (random masks follow it), with its element j moved."""
    copy = copy_of(x, order="K")
    with quiet():
        copy[np.unravel_index(j, x.shape)] += by
    return copy


def analytical_jacobians(y: Any, xs: list[Any]) -> list[Any]:
    """For each input d(y)/d(input), by one backward pass for each element of y."""
    jacobians = [np.zeros((x.array.size, y.array.size), y.array.dtype) for x in xs]
    for k in range(y.array.size):
        start = array_module(y.array).zeros(y.array.shape, y.array.dtype)
        start.reshape(-1)[k] = 1
        found = grad(y, xs, wrap(start), retain_graph=True, allow_unused=True)
        for jacobian, g in zip(jacobians, found):
            if g is not None:
                jacobian[:, k] = moved(g.array, CPU).reshape(-1)
    return jacobians


def with_input(inputs: tuple[Any, ...], i: int, array: Any) -> tuple[Any, ...]:
    """The inputs as fresh leaves, with another array for one of them."""
    fresh: list[Any] = []
    for j, x in enumerate(inputs):
        if isinstance(x, TensorBase):
            x, requires_grad = wrap(array if j == i else copy_of(x.array, order="K")), x.requires_grad
            x.requires_grad_(requires_grad)
        fresh.append(x)
    return tuple(fresh)


def random_like(y: Any, non_contiguous: bool = False) -> Any:
    """Random values in a tensor's shape and dtype, drawn apart from minigrad's own generator."""
    shape = (*y.array.shape, 2) if non_contiguous else y.array.shape
    drawn = moved(np.random.default_rng(0).standard_normal(shape).astype(y.array.dtype), device_of(y.array))
    return wrap(drawn[..., 0] if non_contiguous else drawn)

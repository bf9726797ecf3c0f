"""Functions of functions, as torch.func: derivatives of functions, of any order, and functions over batches.

They are made of the backward pass: forward mode is a derivative of the vector-Jacobian product by its vector, and
`vmap` calls its function once for each element of the batch, which takes so many times as long.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

from minigrad.autograd import grad_mode, gradients
from minigrad.autograd.functional import gradients_by, jacobian_rows, zeros_as
from minigrad.engine.graph import Node, node_of
from minigrad.nn.utils.stateless import functional_call_of as functional_call
from minigrad.nn.utils.stateless import stack_module_state
from minigrad.ops.arranging import movedim
from minigrad.ops.shaping import stack
from minigrad.random import get_rng_state, set_rng_state
from minigrad.tensor import Tensor

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "stack_module_state",
    "vjp",
    "vmap",
]

Function = Callable[..., Any]
Tree = Any
"""A Tensor, or tuples, lists and dicts of them."""


# Trees ----------------------------------------------------------------------------------------------------------


def leaves(tree: Tree) -> Iterator[Any]:
    """What a tree holds, in order."""
    if isinstance(tree, (tuple, list)):
        for each in tree:
            yield from leaves(each)
    elif isinstance(tree, dict):
        for each in tree.values():
            yield from leaves(each)
    else:
        yield tree


def rebuilt(tree: Tree, values: Iterator[Any]) -> Tree:
    """A tree of the same form, with other leaves."""
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(rebuilt(each, values) for each in tree))
    if isinstance(tree, (tuple, list)):
        return type(tree)(rebuilt(each, values) for each in tree)
    if isinstance(tree, dict):
        return {key: rebuilt(each, values) for key, each in tree.items()}
    return next(values)


def mapped(function: Function, tree: Tree) -> Tree:
    """A tree with a function of each of its leaves."""
    return rebuilt(tree, iter([function(each) for each in leaves(tree)]))


# Derivatives ----------------------------------------------------------------------------------------------------


def grad(func: Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Function:
    """The function that gives the gradient of a scalar function by an argument, or by several (a tuple of gradients).

    func: the function; argnums: the number of the argument, or a tuple of numbers.  An argument may be a tuple, a list
    or a dict of tensors: so is its gradient.  has_aux: func returns a pair, of which the second is given back as it is.
    RuntimeError when the result is no single number.
    https://docs.pytorch.org/docs/stable/generated/torch.func.grad.html

    >>> import minigrad as torch
    >>> torch.func.grad(torch.func.grad(torch.sin))(torch.tensor(0.5))
    tensor(-0.4794)
    """
    with_value = grad_and_value(func, argnums, has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        slopes, value = with_value(*args, **kwargs)
        return (slopes, value[1]) if has_aux else slopes

    return gradient


def grad_and_value(func: Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Function:
    """The function that gives the gradient and the value of func: arguments and errors are those of `grad`.

    With has_aux: the gradient, and the pair of the value and the rest.
    """

    def both(*args: Any, **kwargs: Any) -> Any:
        with grad_mode.enable_grad():
            given, chosen = fresh_arguments(args, argnums)
            value, *aux = called(func, has_aux, given, kwargs)
            if not isinstance(value, Tensor) or value.ndim:
                shown = f"shape {list(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
                raise RuntimeError(
                    f"grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got {shown}. "
                    "Maybe you wanted to use the vjp or jacrev APIs instead?"
                )
            slopes = rebuilt(chosen, iter(gradients_by([value], list(leaves(chosen)), [None], True, False)))
        slopes, value = released(slopes, chosen), released(value)
        return slopes, (value, released(aux[0])) if has_aux else value

    return both


def vjp(func: Function, *primals: Any, has_aux: bool = False) -> Any:
    """func(*primals), and the function that multiplies its Jacobian by vectors from the left.

    has_aux: func returns a pair, of which the second is given back as it is, as the third.  ValueError for primals that
    are no tensors; RuntimeError, from that function, for vectors of other shapes than the results.

    >>> import minigrad as torch
    >>> value, pull = torch.func.vjp(torch.square, torch.tensor([1.0, 2.0]))
    >>> pull(torch.tensor([1.0, 10.0]))
    (tensor([ 2., 40.]),)
    """
    with grad_mode.enable_grad():
        xs, _ = fresh_arguments(primals, tuple(range(len(primals))))
        ys, *aux = called(func, has_aux, xs)

    def pull(*cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:  # noqa: ARG001
        vs = cotangents[0] if len(cotangents) == 1 else cotangents
        with grad_mode.enable_grad():
            found = gradients_by(list(leaves(ys)), list(leaves(xs)), list(leaves(vs)), True, False)
        return released(rebuilt(tuple(xs), iter(found)))

    value = released(ys, xs)
    return (value, pull, released(aux[0])) if has_aux else (value, pull)


def jvp(
    func: Function, primals: tuple[Any, ...], tangents: tuple[Any, ...], *, strict: bool = False, has_aux: bool = False
) -> Any:
    """func(*primals), and its Jacobian times vectors: how the results change when the primals move along the tangents.

    It is the derivative of the vector-Jacobian product, which is linear in its vector, by that vector.  tangents: of
    the primals' shapes.  has_aux: func returns a pair, of which the second is given back as it is, as the third.
    strict: RuntimeError for a result that does not depend on any of the primals, instead of zeros.

    >>> import minigrad as torch
    >>> torch.func.jvp(torch.square, (torch.tensor([1.0, 2.0]),), (torch.tensor([1.0, 10.0]),))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    if len(primals) != len(tangents):
        raise RuntimeError(f"jvp: {len(primals)} primals and {len(tangents)} tangents must be as many")
    with grad_mode.enable_grad():
        xs, _chosen = fresh_arguments(primals, tuple(range(len(primals))))
        ys, *aux = called(func, has_aux, xs)
        outputs = list(leaves(ys))
        if strict and any(is_independent(y, list(leaves(xs))) for y in outputs):
            raise RuntimeError(
                "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is not "
                "allowed with strict=True."
            )
        us = [zeros_as(y).requires_grad_() for y in outputs]
        slopes = gradients_by(outputs, list(leaves(xs)), us, True, False)
        moved = gradients_by(slopes, us, list(leaves(tangents)), True, False)
    result = released(ys, [xs, us]), released(rebuilt(ys, iter(moved)))
    return (*result, released(aux[0])) if has_aux else result


def is_independent(y: Tensor, xs: list[Tensor]) -> bool:
    """Whether the graph of a result leads to none of some tensors."""
    return not y.requires_grad or not any(
        g is not None for g in gradients.grad(y, xs, zeros_as(y), retain_graph=True, allow_unused=True)
    )


def jacrev(
    func: Function, argnums: int | tuple[int, ...] = 0, *, has_aux: bool = False, chunk_size: int | None = None
) -> Function:
    """The function that gives the Jacobian of func by an argument: a backward pass for each element of the result.

    argnums, has_aux: as for `grad`.  For a result of shape R and an argument of shape S it has shape (*R, *S).  For
    results and arguments of several tensors, a tree of Jacobians in a tree.  chunk_size changes nothing.

    >>> import minigrad as torch
    >>> torch.func.jacrev(torch.square)(torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    _ = chunk_size

    def jacobian(*args: Any, **kwargs: Any) -> Any:
        with grad_mode.enable_grad():
            given, chosen = fresh_arguments(args, argnums)
            ys, *aux = called(func, has_aux, given, kwargs)
            xs = list(leaves(chosen))
            blocks = mapped(lambda y: rebuilt(chosen, iter(jacobian_rows(y, xs, True, False))), ys)
        blocks = released(blocks, chosen)
        return (blocks, released(aux[0])) if has_aux else blocks

    return jacobian


def jacfwd(
    func: Function,
    argnums: int | tuple[int, ...] = 0,
    has_aux: bool = False,
    *,
    chunk_size: int | None = None,
    randomness: str = "error",
) -> Function:
    """The same Jacobian as of `jacrev`, which computes it here, too.  randomness changes nothing."""
    _ = randomness
    return jacrev(func, argnums, has_aux=has_aux, chunk_size=chunk_size)


def hessian(func: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """The function that gives the matrix of second derivatives of func: the Jacobian of its Jacobian (`jacrev`).

    argnums: by which argument.  For a single number and an argument of shape S the result has shape (*S, *S).

    >>> import minigrad as torch
    >>> torch.func.hessian(lambda x: (x**3).sum())(torch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)


def called(func: Function, has_aux: bool, args: list[Any], kwargs: dict[str, Any] | None = None) -> Any:
    """The value of a function, and what it gives beside it if has_aux."""
    result = func(*args, **(kwargs or {}))
    return result if has_aux else (result,)


def fresh_arguments(args: tuple[Any, ...], argnums: int | tuple[int, ...]) -> tuple[list[Any], Any]:
    """The arguments, with those that are differentiated made views of their own; and these alone."""
    numbers = [argnums] if isinstance(argnums, int) else list(argnums)
    for number in numbers:
        if not -len(args) <= number < len(args):
            raise RuntimeError(f"Got argnum={number}, but only {len(args)} positional inputs")
    positions = {number % len(args) for number in numbers}
    fresh = [mapped(alias, x) if i in positions else x for i, x in enumerate(args)]
    return fresh, fresh[argnums] if isinstance(argnums, int) else tuple(fresh[i] for i in numbers)


def alias(x: Any) -> Tensor:
    """A tensor that gradients can be taken by; those of an outer derivative go through it."""
    if not isinstance(x, Tensor):
        raise ValueError(f"Thing passed to transform API must be Tensor, got {type(x)}")
    if x.requires_grad:
        return x.view_as(x)
    return x.detach().requires_grad_()


FINISHED: weakref.WeakSet[Any] = weakref.WeakSet()
"""The nodes of leaves that were made here, of derivatives that are done."""


def released(tree: Tree, xs: Tree = ()) -> Tree:
    """Results without the graph of a derivative by xs, unless other tensors that require grad had a part in them."""
    FINISHED.update(x.node for x in leaves(xs) if isinstance(x, Tensor) and x.is_leaf and x.requires_grad)
    return mapped(lambda y: y.detach() if isinstance(y, Tensor) and not reaches_others(y) else y, tree)


def reaches_others(y: Tensor) -> bool:
    """Whether the graph of a tensor has a leaf that is not one of those."""
    seen: set[Node] = set()
    waiting = [node_of(y)]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen or node in FINISHED:
            continue
        if not node.rules:
            return True
        seen.add(node)
        waiting.extend(node.edges)
    return False


# Batches --------------------------------------------------------------------------------------------------------


def vmap(
    func: Function, in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error", *, chunk_size: int | None = None
) -> Function:
    """The function func on a batch, a dimension of its arguments: here in a loop, a call for each element of it.

    in_dims: the dimension of each argument, None for one that is the same for all, as keyword arguments are.
    out_dims: where it comes in the results.  randomness: "error" for a function that draws no numbers (RuntimeError),
    "same" for the same draws in each call, "different" for others, which are not PyTorch's.  chunk_size is not used.
    https://docs.pytorch.org/docs/stable/generated/torch.func.vmap.html

    >>> import minigrad as torch
    >>> torch.func.vmap(torch.dot)(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 0.0], [1.0, 1.0]]))
    tensor([1., 7.])
    """
    _ = chunk_size
    if randomness not in ("error", "same", "different"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")
    name = getattr(func, "__name__", type(func).__name__)

    def over_batch(*args: Any, **kwargs: Any) -> Any:
        dims = dims_like(in_dims, args, f"vmap({name}, in_dims={in_dims}, ...)(<inputs>): in_dims")
        values = list(leaves(args))
        size = batch_size(name, values, dims)
        before: Any = None if randomness == "different" else get_rng_state()
        results = []
        for i in range(size):
            if randomness == "same":
                set_rng_state(before)
            parts = iter([x if d is None else x.select(d, i) for x, d in zip(values, dims)])
            results.append(func(*rebuilt(args, parts), **kwargs))
        if randomness == "error" and (get_rng_state() != before).any():
            raise RuntimeError(
                "vmap: called random operation while in randomness error mode. Please either use the 'same' or "
                "'different' randomness flags on vmap or perform the randomness operation out of vmap"
            )
        outs = dims_like(out_dims, results[0], f"vmap({name}, ..., out_dims={out_dims}): out_dims")
        columns = zip(*map(leaves, results))
        return rebuilt(results[0], iter([joined(name, each, d) for each, d in zip(columns, outs)]))

    return over_batch


def dims_like(dims: Any, tree: Tree, what: str) -> list[Any]:
    """A dimension for each leaf of a tree: one for all, or a tree that has the same form, as far as it goes."""
    if dims is None or isinstance(dims, int):
        return [dims for _ in leaves(tree)]
    if not isinstance(tree, (tuple, list, dict)) or len(dims) != len(tree):
        raise ValueError(f"{what} is not compatible with the structure of what it is for")
    pairs = [(dims[key], tree[key]) for key in tree] if isinstance(tree, dict) else zip(dims, tree)
    return [each for d, part in pairs for each in dims_like(d, part, what)]


def batch_size(name: str, values: list[Any], dims: list[Any]) -> int:
    """The size that all arguments have in their dimension; ValueError where there is none, or several."""
    for x, d in zip(values, dims):
        if d is not None and not (isinstance(x, Tensor) and -x.ndim <= d < x.ndim):
            kind = f"Tensor of dimensionality {x.ndim}" if isinstance(x, Tensor) else f"of type {type(x)}"
            raise ValueError(f"vmap({name}, ...)(<inputs>): Got in_dim={d} for an input, but that input is a {kind}")
    sizes = [x.shape[d] for x, d in zip(values, dims) if d is not None]
    if not sizes:
        raise ValueError(f"vmap({name}, ...)(<inputs>): at least one input must have a dimension to map over")
    if len({*sizes}) > 1:
        raise ValueError(
            "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sizes} for the mapped dimension"
        )
    if sizes[0] == 0:
        raise ValueError(f"vmap({name}, ...): the batch is empty, and a loop over it tells nothing of the results")
    return int(sizes[0])


def joined(name: str, results: tuple[Any, ...], dim: int | None) -> Any:
    """The results of all calls in one tensor."""
    if dim is None:
        return results[0]
    for each in results:
        if not isinstance(each, Tensor):
            raise ValueError(f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(each)}.")
    return movedim(stack(results), 0, dim)

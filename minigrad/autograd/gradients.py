"""`autograd.backward` and `autograd.grad`: one pass from several tensors at once, and gradients that are returned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minigrad.arrays import array_module, quiet
from minigrad.engine import backward as engine
from minigrad.engine.graph import Node, TensorBase, node_of
from minigrad.engine.ownership import add_to_grads, own_tensor

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """One pass from several tensors at once: the gradients of their sum are added to each leaf's `.grad`.

    grad_tensors: a gradient for each of the tensors, of its shape; None for a scalar.  retain_graph, create_graph,
    inputs: as for `Tensor.backward`.  RuntimeError for a tensor that does not require grad, one that is no scalar and
    has no gradient, and a graph that was freed.
    https://docs.pytorch.org/docs/stable/generated/torch.autograd.backward.html
    """
    roots = several(tensors)
    gradients = starts(roots, grad_tensors, create_graph)
    targets = None if inputs is None else engine.inputs_of(inputs)
    keep = create_graph if retain_graph is None else retain_graph
    add_to_grads(engine.backward(gradients, targets, keep, create_graph))


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor, ...]:
    """The gradients of the sum of outputs with respect to inputs; no `.grad` changes but where `retain_grad` asked for.

    grad_outputs: one gradient per output (None for a scalar).  create_graph: the gradients have a graph of their own,
    so that they can be differentiated again.  retain_graph: keep the graph for another pass (default: where
    create_graph is True).  allow_unused: None for an input that the outputs do not depend on, instead of a
    RuntimeError; materialize_grads: zeros for it.  is_grads_batched: the grad_outputs have a further first dimension,
    for each number of which there is a pass; so have the results.
    https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html

    >>> import minigrad as torch
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> (slope,) = torch.autograd.grad(x**3, x, create_graph=True)
    >>> torch.autograd.grad(slope, x)
    (tensor(18.),)
    """
    if is_grads_batched:
        return one_by_one(outputs, inputs, grad_outputs, retain_graph, create_graph, allow_unused, materialize_grads)
    roots, wanted = several(outputs), several(inputs)
    gradients = starts(roots, grad_outputs, create_graph)
    keep = create_graph if retain_graph is None else retain_graph
    may_be_unused = bool(allow_unused or materialize_grads)
    arrived = engine.backward(gradients, nodes_of(wanted), keep, create_graph, may_be_unused)
    add_to_grads({node: g for node, g in arrived.items() if node.rules and node.receiver is not None})
    result: list[Any] = []
    for i, x in enumerate(wanted):
        g = arrived.get(node_of(x))  # type: ignore[arg-type]
        if g is None and not may_be_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {i} appears to not have been used in the graph. Set "
                "allow_unused=True if this is the desired behavior."
            )
        if g is None and materialize_grads:
            g = array_module(x.array).zeros_like(x.array)
        result.append(None if g is None else own_tensor(g, x.array))
    return tuple(result)


def one_by_one(
    outputs: Any, inputs: Any, batch: Any, retain_graph: Any, create_graph: bool, *unused: Any
) -> tuple[Tensor, ...]:
    """`grad` of each of a batch of gradients, as many passes; the results in tensors with one dimension more."""
    from minigrad.ops.shaping import stack

    vectors = several(batch)
    sizes = {x.shape[0] for x in vectors}
    if len(sizes) != 1:
        raise RuntimeError(f"grad(is_grads_batched=True): grad_outputs have the first sizes {sorted(sizes)}, not one")
    (count,) = sizes
    keep = create_graph if retain_graph is None else retain_graph
    rows = [
        grad(outputs, inputs, [x[i] for x in vectors], keep or i + 1 < count, create_graph, unused[0], False, unused[1])
        for i in range(count)
    ]
    columns: Any = zip(*rows)
    return tuple(None if column[0] is None else stack(column) for column in columns)  # type: ignore[misc]


def nodes_of(tensors: list[Tensor]) -> set[Node]:
    """The nodes of tensors that gradients were asked for."""
    if not tensors:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    nodes = {node_of(x) for x in tensors}
    if None in nodes:
        raise RuntimeError("One of the differentiated Tensors does not require grad")
    return nodes  # type: ignore[return-value]


def several(tensors: Tensor | Sequence[Tensor]) -> list[Tensor]:
    """One tensor or several, as a list."""
    return [tensors] if isinstance(tensors, TensorBase) else list(tensors)


def starts(roots: list[Tensor], given: Any, create_graph: bool) -> engine.Gradients:
    """The gradients that a pass starts from: one was given for all roots, or as many as there are."""
    given = list(given) if isinstance(given, (list, tuple)) else [given] * len(roots)
    if len(given) != len(roots):
        raise RuntimeError(f"got {len(roots)} tensors and {len(given)} gradients")
    gradients: dict[Any, Any] = {}
    for number, (root, g) in enumerate(zip(roots, given)):
        node = node_of(root)
        g = engine.start(root, g, create_graph, number)
        with quiet():
            gradients[node] = gradients[node] + g if node in gradients else g
    return gradients

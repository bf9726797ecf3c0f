"""The backward pass: gradients flow from a result to the leaves, one node at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.autograd.fitting import fit, ones, rule_name
from minigrad.autograd.graph import (
    Node,
    Place,
    TensorBase,
    changes_of,
    line_of,
    raw,
    recording,
    serials,
    user_place,
    wrap,
)
from minigrad.devices import array_module, copy_of, device_of, gpu_of, use_gpu_of

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

Gradients = dict[Node, Any]


def backward(
    self: Tensor | Sequence[Tensor],
    gradient: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
    *,
    receive: Callable[[Gradients], None] | None = None,
) -> None:
    """Compute d(self)/d(leaf) for every leaf and add it to the leaf's `.grad`.

    gradient: d(result)/d(self), of self's shape; may be left out for a scalar.  retain_graph: keep the graph
    for another pass (default: create_graph).  create_graph: record the pass itself, for higher derivatives.
    inputs: only these tensors get gradients.  receive: takes the gradients at the end of the pass, by node
    (default: add them to `.grad`).

    RuntimeError: self needs no grad, is no scalar and has no gradient given, the graph was freed by an earlier
    pass, or a value that a rule needs was changed in place.  Then no `.grad` has changed.
    https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html

    >>> import minigrad as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """
    gradients = start(self, gradient, create_graph)  # in flight: of nodes whose turn is to come
    targets = None if inputs is None else nodes_of(inputs)
    nodes, on_the_way = nodes_below(gradients, targets)
    received: Gradients = {}
    node: Node | None = None
    rule: Any = None
    contribution: Any = None
    mode = recording.set(create_graph)
    try:
        for node in nodes:
            g = gradients.pop(node)
            if node.hooks:
                g = run_hooks(node, g)
            if node in targets if targets is not None else node.receiver is not None:
                received[node] = g
            if not node.edges:
                continue
            arguments = rule_arguments(node, g, create_graph)
            if type(g) is not np.ndarray:
                use_gpu_of(raw(g))
            for edge, rule in zip(node.edges, node.rules):
                if edge in on_the_way:
                    contribution = rule(*arguments)
                    if create_graph or contribution.shape != edge.shape or contribution.dtype != edge.dtype:
                        contribution = fit(contribution, edge, rule)
                    gradients[edge] = gradients[edge] + contribution if edge in gradients else contribution
    except Exception as error:
        explain(error, node, rule, contribution)
        raise
    finally:
        recording.reset(mode)
        # What is held nowhere else can become a .grad without being copied.
        g = contribution = arguments = None  # type: ignore[assignment]
    if receive is not None:
        receive(received)
    else:
        add_to_grads(received, targets)
    if not (create_graph if retain_graph is None else retain_graph):
        free(nodes)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Tensor, ...]:
    """The gradients of the sum of outputs with respect to inputs; no `.grad` changes.

    grad_outputs: one gradient per output (None for a scalar).  allow_unused: None for an input that the
    outputs do not depend on, instead of a RuntimeError; materialize_grads: zeros for it.
    https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html

    >>> import minigrad as torch
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> (slope,) = torch.autograd.grad(x**3, x, create_graph=True)
    >>> torch.autograd.grad(slope, x)
    (tensor(18.),)
    """
    wanted = [inputs] if isinstance(inputs, TensorBase) else list(inputs)
    result: list[Any] = []

    def receive(received: Gradients) -> None:
        for x in wanted:
            g = received.get(x.node)  # type: ignore[arg-type]
            if g is None and not (allow_unused or materialize_grads):
                raise RuntimeError(
                    "One of the differentiated Tensors appears to not have been used in the graph. "
                    "Set allow_unused=True if this is the desired behavior."
                )
            if g is None and materialize_grads:
                g = array_module(x.array).zeros_like(x.array)
            result.append(None if g is None else own_tensor(g))

    backward(outputs, grad_outputs, retain_graph, create_graph, wanted, receive=receive)
    return tuple(result)


def backward_from(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """`minigrad.autograd.backward`: one pass from several tensors at once.

    https://docs.pytorch.org/docs/stable/generated/torch.autograd.backward.html
    """
    backward(tensors, grad_tensors, retain_graph, create_graph, inputs)


def start(roots: Any, gradient: Any, create_graph: bool) -> Gradients:
    """The gradients that the pass starts from, checked."""
    roots = [roots] if isinstance(roots, TensorBase) else list(roots)
    given = list(gradient) if isinstance(gradient, (list, tuple)) else [gradient] * len(roots)
    if len(given) != len(roots):
        raise RuntimeError(f"got {len(roots)} tensors and {len(given)} gradients")
    gradients: Gradients = {}
    for i, (root, g) in enumerate(zip(roots, given, strict=True)):
        if root.node is None:
            raise RuntimeError(
                f"element {i} of tensors does not require grad and does not have a grad_fn. Set "
                "requires_grad=True on a tensor that it is computed from, and compute it outside no_grad."
            )
        if g is None:
            if root.array.size != 1:
                raise RuntimeError(
                    f"grad can be implicitly created only for scalar outputs, but this one has shape "
                    f"{list(root.array.shape)}. Reduce it first, as in loss.mean().backward(), "
                    "or pass gradient= of its shape."
                )
            g = ones(gpu_of(root.array), root.array.shape, root.array.dtype)
        elif not hasattr(raw(g), "shape"):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(g).__name__}")
        elif raw(g).shape != root.array.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{i}] has a shape of {g.shape} "
                f"and output[{i}] has a shape of {root.shape}."
            )
        elif gpu_of(raw(g)) != gpu_of(root.array):
            raise RuntimeError(
                f"grad_output[{i}] is on {device_of(raw(g))}, but output[{i}] on {device_of(root.array)}: move it with "
                f".to({str(device_of(root.array))!r})"
            )
        elif not create_graph:
            use_gpu_of(raw(g))
            g = raw(g).astype(root.array.dtype, copy=False)
        if create_graph and not isinstance(g, TensorBase):
            g = wrap(g)
        gradients[root.node] = gradients[root.node] + g if root.node in gradients else g
    return gradients


def nodes_of(tensors: Any) -> dict[Node, Tensor]:
    """The tensors that gradients were asked for, by node."""
    tensors = [tensors] if isinstance(tensors, TensorBase) else list(tensors)
    for tensor in tensors:
        if tensor.node is None:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    return {tensor.node: tensor for tensor in tensors}


def nodes_below(roots: Gradients, targets: dict[Node, Tensor] | None) -> tuple[list[Node], set[Node]]:
    """The nodes that the roots were computed from (and that lead to a target): the newest first, and as a set."""
    nodes = list(roots)
    found: set[Node | None] = {None, *roots}
    for node in nodes:  # grows while we go through it
        for edge in node.edges:
            if edge not in found:
                found.add(edge)
                nodes.append(edge)  # type: ignore[arg-type]
    nodes.sort(key=attrgetter("serial"), reverse=True)
    if targets is not None:
        found = {None}
        for node in reversed(nodes):
            if node in targets or not found.isdisjoint(edge for edge in node.edges if edge):
                found.add(node)
        nodes = [node for node in nodes if node in found]
    found.remove(None)
    return nodes, found  # type: ignore[return-value]


def rule_arguments(node: Node, g: Any, create_graph: bool) -> tuple[Any, ...]:
    """What a node's rules are called with: g, out, the operands, the static values.

    Arrays, or under create_graph Tensors of the graph.
    """
    if node.inputs is None:
        raise RuntimeError(
            "Trying to backward through the graph a second time, but the values that it kept were freed by the "
            "first pass. Compute the result anew, or pass retain_graph=True the first time. "
            f"Freed: {node.name()}, recorded at {node.line}"
        )
    operands = []
    for x in node.inputs:
        if isinstance(x, TensorBase):
            if x.changes is not None and x.changes.serial > node.serial:
                refuse_changed(node, x.changes.place)
            operands.append(x if create_graph else x.array)
        else:
            operands.append(x)
    out = node.out
    if out is not None:
        if node.changes is not None and node.changes.serial > node.serial:
            refuse_changed(node, node.changes.place)
        if create_graph:
            out = wrap(out)
            out.node = node
    return (g, out, *operands, *node.static)


def refuse_changed(node: Node, place: Any) -> None:
    """A rule would compute a wrong gradient from a value that was changed after the op was recorded."""
    raise RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace operation. "
        f"{node.name()} needs it: {node.line}. Changed: {line_of(place)}. "
        "Change a clone() instead, or use an op that makes a new tensor."
    )


def run_hooks(node: Node, g: Any) -> Any:
    """Let each hook see, and perhaps replace, the gradient of a node's output."""
    for hook in list((node.hooks or {}).values()):
        seen: Any = g if isinstance(g, TensorBase) else wrap(g)
        replaced = hook(seen)
        if replaced is not None:
            if not isinstance(replaced, TensorBase):
                raise TypeError(
                    f"expected Variable, but hook {getattr(hook, '__name__', hook)} returned {type(replaced).__name__}"
                )
            if raw(replaced).shape != node.shape:
                raise RuntimeError(
                    f"hook {getattr(hook, '__name__', hook)} has changed the shape of the gradient: "
                    f"{list(node.shape)} became {list(raw(replaced).shape)}"
                )
            g = replaced if isinstance(g, TensorBase) else raw(replaced)
    return g


def explain(error: Exception, node: Node | None, rule: Any, contribution: Any) -> None:
    """Tell an error of the pass which rule it happened in, and which line of the user's recorded the op."""
    if node is None or rule is None or rule not in node.rules:
        return
    where = f"In the backward pass, {rule_name(rule)} of {node.name()}, recorded at {node.line}"
    raised_here = error.__traceback__ is not None and error.__traceback__.tb_next is None
    if isinstance(error, AttributeError) and raised_here and not hasattr(raw(contribution), "shape"):
        raise TypeError(
            f"{rule_name(rule)} returned {contribution!r} where the gradient of its input belongs: an array like "
            f"its g. Is a `return` missing? {where}"
        ) from error
    error.add_note(where)


def free(nodes: list[Node]) -> None:
    """Let go of what nodes kept for their rules; a second pass is refused where there was anything."""
    for node in nodes:
        if node.keeps:
            node.inputs = node.out = None


# Writing .grad ----------------------------------------------------------------------------------------------


def add_to_grads(received: Gradients, targets: dict[Node, Tensor] | None) -> None:
    """Add each gradient that arrived to the `.grad` of its tensor."""
    while received:
        node, g = received.popitem()
        tensor = targets[node] if targets is not None else node.receiver() if node.receiver else None
        if tensor is None:
            continue
        if tensor._grad is None:
            tensor._grad = own_tensor(g)
        elif isinstance(g, TensorBase):
            tensor._grad = tensor._grad + g
        else:
            total = tensor._grad.array
            array_module(total).add(total, g, out=total)
            mark_changed(tensor._grad)


def own_tensor(g: Any) -> Tensor:
    """A gradient as a Tensor with an array of its own: shared with no other tensor, writable, its rows in order."""
    if isinstance(g, TensorBase):
        owned = wrap(copy_of(g.array))
        owned.node = g.node
        return owned
    if isinstance(g, np.generic) or (g.base is None and holders(g) <= ALONE and g.flags.c_contiguous):
        return wrap(g)
    return wrap(copy_of(g))


def holders(array: Any) -> int:
    """How many references to an array there are, those of the calls on the way here included."""
    return sys.getrefcount(array)


def _holders_when_alone() -> int:
    def as_own_tensor(g: Any) -> int:
        return holders(g)

    received = {0: np.empty(1)}
    _, g = received.popitem()
    return as_own_tensor(g)


ALONE = _holders_when_alone()
"""What `holders` gives, on this Python, for an array that only the pass itself holds."""


def mark_changed(tensor: Any, recorded: bool = False) -> None:
    """Note an in-place change of a tensor's memory, and the user's line that made it."""
    mark_all_changed([tensor], user_place(sys._getframe(1)))
    if recorded:
        tensor.changes.recorded = tensor.changes.serial


def mark_all_changed(tensors: Sequence[Any], place: Place) -> None:
    """Note one in-place change of the memory of several tensors."""
    serial = next(serials)
    for tensor in tensors:
        changes = tensor.changes or changes_of(tensor)
        changes.version += 1
        changes.serial = serial
        changes.place = place

"""In place: a tensor may be changed, and the pass gives the right gradient or refuses, but never a wrong one.

Shows: a change that hurts nobody, one that gradients flow through, and two that are refused.
New: `mark_changed`, `refuse_changed`, `write`, `add_`.  Nodes and changes take numbers from one clock, so one sees
whether a value has changed since its op was recorded.
Ends in: minigrad.engine.changes.refuse_changed, which also names the lines of the op and of the change.

Prints:

    h + h, and h changed: 4
    h + x written into h, then h * h: 54
    h * h, and h changed: RuntimeError
      one of the variables needed for gradient computation has been modified by an inplace operation (op 11, change 13)
    exp(x), and that changed: RuntimeError
      one of the variables needed for gradient computation has been modified by an inplace operation (op 14, change 17)
"""

# %% Answers to 08.  The rule computes with what stands there now: a wrong gradient, and nobody is told.  With the
# output as a constant f'' at 1 is -0.7358, with the wrong sign: -2 f is left of it, and 4 x x f is lost.

from heapq import heappop, heappush
from importlib import import_module

import numpy as np

rules, twice = import_module("07_rules"), import_module("08_twice")
Tensor, Node, raw, mul, sum_to, turn = rules.Tensor, rules.Node, rules.raw, rules.mul, rules.sum_to, rules.turn
add, exp, out_tensor = twice.add, twice.exp, twice.out_tensor

# %% 1. What is known of changes: of each piece of memory, when the last one was.

Tensor.changes = Node.changes = None


class Changes:
    """In-place changes of one piece of memory.  serial: of the last."""

    serial = 0


def changes_of(tensor):
    """The record of a tensor's changes, begun on first use."""
    if tensor.changes is None:
        tensor.changes = Changes()
        if tensor.node is not None:
            tensor.node.changes = tensor.changes
    return tensor.changes


def mark_changed(tensor):
    """Note an in-place change."""
    changes_of(tensor).serial = next(rules.serials)


def refuse_changed(node):
    """RuntimeError where a value that a rule reads was changed after the op was recorded."""
    looked_at = [getattr(x, "changes", None) for x in node.inputs]
    if node.out is not None and node.changes is not None:
        looked_at.append(node.changes)
    for changes in filter(None, looked_at):
        if changes.serial > node.serial:
            raise changed_error(node, changes)


def changed_error(node, changes):
    """The error, in PyTorch's words."""
    return RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace operation "
        f"(op {node.serial}, change {changes.serial})"
    )


# %% 2. An op in place: computed as ever, then written into the tensor, which takes over the node.


def write(tensor, result):
    """Write an op's result into a tensor's memory."""
    if tensor.node is not None and not tensor.node.rules:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    tensor.array[...] = result.array
    mark_changed(tensor)
    tensor.node = result.node
    return tensor


def add_(tensor, other):
    return write(tensor, add(tensor, other))


# %% 3. The pass: the loop is that of 08, and the arguments are looked at before they are given.


def backward(gradients, create_graph=False):
    """Send gradients down the graph; those of leaves, which have no turn, are left.  create_graph: record the pass."""
    turns = sorted(zip(map(turn, gradients), gradients))  # a heap, the newest node first
    while turns:
        _, node = heappop(turns)
        g = gradients.pop(node)
        arguments = rule_arguments(node, g, create_graph)
        for edge, rule in zip(node.edges, node.rules):
            if edge is not None:
                contribution = rule(*arguments)
                if contribution.shape != edge.shape:
                    contribution = sum_to(contribution, edge.shape)
                if edge in gradients:
                    gradients[edge] = gradients[edge] + contribution
                else:
                    gradients[edge] = contribution
                    if edge.edges:
                        heappush(turns, (edge.turn, edge))
    return gradients


def rule_arguments(node, g, create_graph):
    """What a node's rules are called with.  Arrays, or under create_graph the tensors of the graph."""
    refuse_changed(node)
    if create_graph:
        return (g, out_tensor(node), *node.inputs, *node.static)
    return (g, node.out, *map(raw, node.inputs), *node.static)


# %% 4. Four programs.


def slope(y, x):
    """The gradient of y with respect to x, or why there is none."""
    try:
        return f"{backward({y.node: np.ones(())})[x.node]:g}"
    except RuntimeError as error:
        return f"RuntimeError\n  {error}"


if __name__ == "__main__":
    x = Tensor(3.0, requires_grad=True)
    h = x * 2.0
    y = h + h
    add_(h, 1.0)
    print("h + h, and h changed:", slope(y, x))  # the rules of + read no h

    h = x * 2.0
    add_(h, x)
    print("h + x written into h, then h * h:", slope(h * h, x))  # 9 x x, whose slope is 18 x

    h = x * 2.0
    y = h * h
    add_(h, 1.0)
    print("h * h, and h changed:", slope(y, x))

    h = exp(x)
    y = h + h
    add_(h, 1.0)
    print("exp(x), and that changed:", slope(y, x))

# %% Question: an optimizer changes weights in place after every pass.  Why is that never refused?
#
# Break it: in `rule_arguments`, leave `refuse_changed(node)` out.  What is the slope of h * h, which should be 24?

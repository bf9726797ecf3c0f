"""Twice: the same rules, given tensors in place of arrays, record a graph of their own; so it has a gradient too.

Shows: a bump f, its slope f' and its bend f'', from rules that know the first derivative alone; plotted if Matplotlib
is there.
New: `create_graph`, `out_tensor`, `grad`.  The loop is that of 07 but for this one argument.
Ends in: minigrad.engine.backward.rule_arguments, which gives rules arrays or, under create_graph, tensors.

Prints:

       x        f       f'      f''  by hand
    -2.0   0.0183   0.0733   0.2564   0.2564
    -1.5   0.1054   0.3162   0.7378   0.7378
    -1.0   0.3679   0.7358   0.7358   0.7358
    -0.5   0.7788   0.7788  -0.7788  -0.7788
     0.0   1.0000  -0.0000  -2.0000  -2.0000
     0.5   0.7788  -0.7788  -0.7788  -0.7788
     1.0   0.3679  -0.7358   0.7358   0.7358
     1.5   0.1054  -0.3162   0.7378   0.7378
     2.0   0.0183  -0.0733   0.2564   0.2564
"""

# %% Answers to 07.  A graph: the rules are ops, and ops record what they are given as tensors.  With `g * raw(a)` one
# factor is a constant to that graph: f'' below is then wrong, -1.0000 at x = 0, and no first derivative shows it.

from heapq import heappop, heappush
from importlib import import_module

import numpy as np

rules = import_module("07_rules")
Tensor, raw, record, mul, sum_to, turn = rules.Tensor, rules.raw, rules.record, rules.mul, rules.sum_to, rules.turn

# %% 1. Two more ops.  Gradients are tensors now, so adding them up is an op; and a rule that reads its op's output.


def add(a, b):
    value = raw(a) + raw(b)
    return record(value, (a, b), (add_da, add_db))


def add_da(g, _out, _a, _b):
    return g


def add_db(g, _out, _a, _b):
    return g


def exp(a):
    x = raw(a)
    value = np.exp(x)
    return record(value, (a,), (exp_da,))


def exp_da(g, out, _a):
    return g * out


Tensor.__add__ = add
Tensor.shape = property(lambda tensor: tensor.array.shape)  # for which the pass asks each gradient

# %% 2. The pass, as in 07 but for create_graph.


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
    if create_graph:
        return (g, out_tensor(node), *node.inputs, *node.static)
    return (g, node.out, *map(raw, node.inputs), *node.static)


def out_tensor(node):
    """A node's output as the tensor of the graph that it was."""
    out = Tensor(node.out)
    out.node = node
    return out


def grad(y, x, create_graph=False):
    """The gradient of the sum of y with respect to x: as a tensor, which has a graph under create_graph."""
    start = np.ones(y.shape)
    g = backward({y.node: Tensor(start) if create_graph else start}, create_graph)[x.node]
    return g if create_graph else Tensor(g)


# %% 3. f(x) = e ** (-x * x).  By hand, f' = -2 x f and f'' = (4 x x - 2) f.


def f(x):
    """The bump."""
    return exp(-1.0 * (x * x))


if __name__ == "__main__":
    x = Tensor(np.linspace(-2.0, 2.0, 81), requires_grad=True)
    y = f(x)
    first = grad(y, x, create_graph=True)
    second = grad(first, x)
    by_hand = (4 * x.array**2 - 2) * y.array
    print("   x        f       f'      f''  by hand")
    for row in list(zip(x.array, y.array, first.array, second.array, by_hand))[::10]:
        print(f"{row[0]:4.1f}" + "".join(f" {number:8.4f}" for number in row[1:]))
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        plt = None
    if plt is not None:
        for values, label in [(y, "f"), (first, "f'"), (second, "f''")]:
            plt.plot(x.array, values.array, label=label)
        plt.legend()
        plt.show()

# %% Question: a node keeps arrays for its rules.  What becomes of the gradient if somebody changes one of them, by
# `x.array += 1`, before the pass?
#
# Break it: in `out_tensor`, leave `out.node = node` out, so that a rule is given its output as a constant.

"""Order: an op has its turn once, when all of its gradient has come; too early, and the number is wrong.

Shows: a diamond walked in two orders, as its ops are met on the way back, and the newest first; both beside the
measured slope.  Then the thirty doublings of the last question, in 31 turns.
New: serial numbers of nodes, and a `backward` that gives each node one turn.
Ends in: minigrad.engine.backward.backward, where the turn is always the newest node's of those that have a gradient.

Prints:

    result 9, slope measured 9.0000
    turns as they are met:  result a b x, slope 3
    turns the newest first: result b a x, slope 9
    doubled 30 times: 31 turns, slope 1073741824
"""

# %% Answers to 02.  2 ** 30, a thousand million: each sum doubles them.  Without the g, w's slope is 4: two paths, and
# on each the 2 of `w * x` alone.  b's is still 10: on its paths there is a mul at the top only, where g is 1.

# %% 1. As in 02, but nodes are numbered as they are made.

from itertools import count

serials = count(1)


class Scalar:
    """A number.  It has a node if gradients are to reach it: that of its op, or a leaf's, without rules."""

    def __init__(self, value, requires_grad=False):
        self.value = value
        self.node = Node(value, (), (), ()) if requires_grad else None


class Node:
    """One recorded op.  edges: the nodes of its operands; rules: one for each; inputs, out: the numbers."""

    def __init__(self, out, edges, rules, inputs):
        self.serial = next(serials)
        self.out, self.edges, self.rules, self.inputs = out, edges, rules, inputs


def record(value, inputs, rules):
    """An op's result, which remembers its operands and the rule for each."""
    out = Scalar(value)
    edges = [x.node for x in inputs]
    if any(edges):
        out.node = Node(value, edges, rules, [x.value for x in inputs])
    return out


def add(a, b):
    return record(a.value + b.value, (a, b), (add_da, add_db))


def add_da(g, _out, _a, _b):
    return g


def add_db(g, _out, _a, _b):
    return g


def mul(a, b):
    return record(a.value * b.value, (a, b), (mul_da, mul_db))


def mul_da(g, _out, _a, b):
    return g * b


def mul_db(g, _out, a, _b):
    return g * a


Scalar.__add__, Scalar.__mul__ = add, mul

# %% 2. The pass: one turn for each node, in which it hands on all that has come to it by then.


def backward(turns):
    """The gradients of all nodes.  turns: the nodes, the result's first."""
    gradients = {turns[0]: 1.0}
    for node in turns:
        for edge, rule in zip(node.edges, node.rules, strict=True):
            if edge is not None:
                contribution = rule(gradients[node], node.out, *node.inputs)
                gradients[edge] = gradients.get(edge, 0.0) + contribution
    return gradients


def as_they_are_met(root):
    """The root, its operands, their operands, and so on, each once."""
    nodes = [root]
    for node in nodes:  # grows while we go through it
        for edge in node.edges:
            if edge is not None and edge not in nodes:
                nodes.append(edge)
    return nodes


def newest_first(root):
    """The same nodes, each after all that were made later.  An op is made later than its operands."""
    return sorted(as_they_are_met(root), key=lambda node: node.serial, reverse=True)


# %% 3. The diamond: a is used by b and by the result.  Its turn must wait until b has had one.


def diamond(x):
    """a, b and the result."""
    a = x * Scalar(3.0)
    b = a * Scalar(2.0)
    return a, b, a + b


x = Scalar(1.0, requires_grad=True)
a, b, result = diamond(x)
measured = (diamond(Scalar(1.1))[-1].value - diamond(Scalar(0.9))[-1].value) / 0.2
print(f"result {result.value:g}, slope measured {measured:.4f}")
names = {result.node: "result", a.node: "a", b.node: "b", x.node: "x"}
for title, order in [("as they are met: ", as_they_are_met), ("the newest first:", newest_first)]:
    turns = order(result.node)
    print(f"turns {title} {' '.join(names[node] for node in turns)}, slope {backward(turns)[x.node]:g}")

# %% 4. The thirty doublings.

a = x
for _ in range(30):
    a = a + a
turns = newest_first(a.node)
print(f"doubled 30 times: {len(turns)} turns, slope {backward(turns)[x.node]:.0f}")

# %% Question: why can no operand have a larger serial number than the op that uses it?
#
# Break it: in `backward`, let what comes replace what was there: `gradients[edge] = contribution`.

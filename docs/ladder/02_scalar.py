"""Scalar: a number that remembers what it was computed from, so that the chain rule can be walked back.

Shows: the loss of 01, with a bias, differentiated by a program: the slopes of its ops, along each path back.
New: `Scalar`, `Node`, `record`, a rule for each operand of an op, and `backward`, which calls them.
Ends in: minigrad.engine.graph.record, which leaves the same behind: the operands' nodes, and their rules.

Prints:

    loss 25
    mul_da sends 5
      sub_da sends 5
        add_da sends 5
          mul_da sends 10
        add_db sends 5
    mul_db sends 5
      sub_da sends 5
        add_da sends 5
          mul_da sends 10
        add_db sends 5
    loss by w: 20, loss by b: 10
"""

# %% Answers to 01.  Each measured slope runs the model twice: two million runs for one step.  Walking back costs about
# as much as two runs, however many weights there are.  With eps=1e-15 the slope printed is 17.7636 instead of 20:
# numbers have about 16 digits, and of so small a difference between two losses of 25 rounding leaves hardly any.

# %% 1. A number, and the node of the op that made it.


class Scalar:
    """A number.  It has a node if gradients are to reach it: that of its op, or a leaf's, without rules."""

    def __init__(self, value, requires_grad=False):
        self.value = value
        self.node = Node(value, (), (), ()) if requires_grad else None


class Node:
    """One recorded op.  edges: the nodes of its operands; rules: one for each; inputs, out: the numbers."""

    def __init__(self, out, edges, rules, inputs):
        self.out, self.edges, self.rules, self.inputs = out, edges, rules, inputs


def record(value, inputs, rules):
    """An op's result, which remembers its operands and the rule for each."""
    out = Scalar(value)
    edges = [x.node for x in inputs]
    if any(edges):
        out.node = Node(value, edges, rules, [x.value for x in inputs])
    return out


# %% 2. Ops.  A rule is given g, the slope of the loss by the op's output, then the output and the operands; it returns
# the slope of the loss by one operand: g times the op's own.  An underscore marks what it does not read.


def add(a, b):
    return record(a.value + b.value, (a, b), (add_da, add_db))


def add_da(g, _out, _a, _b):
    return g


def add_db(g, _out, _a, _b):
    return g


def sub(a, b):
    return record(a.value - b.value, (a, b), (sub_da, sub_db))


def sub_da(g, _out, _a, _b):
    return g


def sub_db(g, _out, _a, _b):
    return -g


def mul(a, b):
    return record(a.value * b.value, (a, b), (mul_da, mul_db))


def mul_da(g, _out, _a, b):
    return g * b


def mul_db(g, _out, a, _b):
    return g * a


Scalar.__add__, Scalar.__sub__, Scalar.__mul__ = add, sub, mul  # a + b calls add(a, b)

# %% 3. The pass: from the loss down each path to a leaf, where what comes along the paths is added up.


def backward(node, g, gradients, depth=0):
    """Hand g on to each operand, changed by its rule; at a leaf, add it to what has come already."""
    if not node.edges:
        gradients[node] = gradients.get(node, 0.0) + g
    for edge, rule in zip(node.edges, node.rules, strict=True):
        if edge is not None:
            contribution = rule(g, node.out, *node.inputs)
            print(f"{'  ' * depth}{rule.__name__} sends {contribution:g}")
            backward(edge, contribution, gradients, depth + 1)


w, b = Scalar(3.0, requires_grad=True), Scalar(0.0, requires_grad=True)
error = w * Scalar(2.0) + b - Scalar(1.0)
loss = error * error
print(f"loss {loss.value:g}")
gradients = {}
backward(loss.node, 1.0, gradients)
print(f"loss by w: {gradients[w.node]:g}, loss by b: {gradients[b.node]:g}")

# %% Question: `error` is used twice, so all that it was computed from was walked twice.  If one writes `a = x`, and
# then `a = a + a` thirty times, how many paths lead from the last a back to x?
#
# Break it: in `mul_da`, forget the g: `return b`.  Which of the two slopes becomes wrong, and why not the other?

"""Adding: gradients add up in two places, on the way down and in `.grad`, and only the second is ever emptied.

Shows: a line trained as in PyTorch, `loss.backward()` and all; then the same without `zero_grad`.
New: `backward(gradients)` with no list of turns, `add_to_grads`, `.grad`, `zero_grad`.
Ends in: minigrad.engine.ownership.add_to_grads, which adds what a pass brought to the leaves to their `.grad`.

Prints:

    x * x at 3: .grad 6, after a second backward 12
    with zero_grad:
    epoch 0: loss 10.0000, w.grad -14.0000, b.grad -8.0000
    epoch 1: loss 1.8000, w.grad 4.8000, b.grad 3.6000
    epoch 2: loss 0.6480, w.grad -2.1600, b.grad -0.7200
    epoch 3: loss 0.4666, w.grad 0.4320, b.grad 0.8640
    without:
    epoch 0: loss 10.0000, w.grad -14.0000, b.grad -8.0000
    epoch 1: loss 1.8000, w.grad -9.2000, b.grad -4.4000
    epoch 2: loss 14.8480, w.grad 7.4400, b.grad 6.4800
    epoch 3: loss 1.9178, w.grad 12.7520, b.grad 10.3040
"""

# %% Answers to 03.  An operand exists before the op is called, and so has its number.  If what comes replaces what was
# there, the slope is 6: what the result sends a directly, 1, is lost where b's 2 comes, and 2 * 3 is left.

from itertools import count

serials = count(1)


class Scalar:
    """A number.  It has a node if gradients are to reach it; a leaf's has no rules, and knows its number."""

    def __init__(self, value, requires_grad=False):
        self.value, self.grad, self.node = value, None, None
        if requires_grad:
            self.node = Node(value, (), (), ())
            self.node.receiver = self

    def backward(self):
        """Add the slopes of this number to the `.grad` of all leaves that it was computed from."""
        add_to_grads(backward({self.node: 1.0}))


class Node:
    """One recorded op.  receiver: of a leaf, the number whose `.grad` its gradient is added to."""

    receiver = None

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


# %% 1. The pass.  `gradients` holds what is on the way: of nodes whose turn is still to come.


def backward(gradients):
    """Send gradients down; return those that arrived at leaves."""
    arrived = {}
    while gradients:
        node = max(gradients, key=lambda node: node.serial)  # the newest: it has received all of its gradient
        g = gradients.pop(node)
        if node.receiver is not None:
            arrived[node] = g
        for edge, rule in zip(node.edges, node.rules, strict=True):
            if edge is not None:
                contribution = rule(g, node.out, *node.inputs)
                if edge in gradients:
                    gradients[edge] = gradients[edge] + contribution
                else:
                    gradients[edge] = contribution
    return arrived


def add_to_grads(received):
    """Add each gradient that arrived to the `.grad` of its number."""
    for node, g in received.items():
        leaf = node.receiver
        leaf.grad = g if leaf.grad is None else leaf.grad + g


def zero_grad(leaves):
    """Forget the gradients of earlier passes."""
    for leaf in leaves:
        leaf.grad = None


# %% 2. Ops, as before.


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

# %% 3. One number used twice in one pass, and two passes: all of it adds up.

x = Scalar(3.0, requires_grad=True)
(x * x).backward()
once = x.grad
(x * x).backward()
print(f"x * x at 3: .grad {once:g}, after a second backward {x.grad:g}")

# %% 4. A line through two points, 1 -> 1 and 2 -> 3, by the loop that one knows.

points = [(Scalar(1.0), Scalar(-1.0)), (Scalar(2.0), Scalar(-3.0))]  # x and -y: the only ops are + and *
for title, forgets in [("with zero_grad:", True), ("without:", False)]:
    print(title)
    w, b = Scalar(0.0, requires_grad=True), Scalar(0.0, requires_grad=True)
    for epoch in range(4):
        errors = [w * x + b + minus_y for x, minus_y in points]
        loss = errors[0] * errors[0] + errors[1] * errors[1]
        if forgets:
            zero_grad([w, b])
        loss.backward()
        print(f"epoch {epoch}: loss {loss.value:.4f}, w.grad {w.grad:.4f}, b.grad {b.grad:.4f}")
        w.value, b.value = w.value - 0.1 * w.grad, b.value - 0.1 * b.grad

# %% Question: a batch of 64 is too large for the memory.  How does one make the same step with four batches of 16?
#
# Break it: in `backward`, take the oldest node: `min` for `max`.  Is w.grad in the first epoch still -14?

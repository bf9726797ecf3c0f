"""Broadcasting: an operand that was repeated gets the sum of the gradients of all its copies.

Shows: shapes of operands, of the gradient that a rule returns, and of the `.grad`; then a model with a bias.
New: `fit`, which the pass calls where a rule's gradient has another shape than the operand; `sum_to` and its opposite,
`broadcast_to`.  No rule knows of broadcasting.
Ends in: minigrad.engine.broadcasting.sum_to, beside which `fit` and `broadcast_to` stand.

Prints:

    (3,)    + (2, 3)    = (2, 3)    .grad (3,)   of 2
    (2, 1)  + (2, 3)    = (2, 3)    .grad (2, 1) of 3
    (1, 3)  + (2, 3)    = (2, 3)    .grad (1, 3) of 2
    ()      + (2, 3)    = (2, 3)    .grad ()     of 6
    (3, 1)  + (2, 1, 4) = (2, 3, 4) .grad (3, 1) of 8
    epoch   0: loss 327.0000, w [0. 0.], bias [0.]
    epoch  50: loss 0.0022, w [1.98 2.98], bias [1.04]
    epoch 100: loss 0.0000, w [2. 3.], bias [1.]
"""

# %% Answers to 05.  The bias has shape (1,), is repeated six times, and add_db returns a g of shape (6, 1): none that
# could be its `.grad`.  Without the copy b.grad is [100. 100.]: a.grad and b.grad are one array.

from itertools import count

import numpy as np

serials = count(1)


class Tensor:
    """An array.  It has a node if gradients are to reach it; a leaf's has no rules, and knows its tensor."""

    def __init__(self, array, requires_grad=False):
        self.array, self.grad, self.node = np.asarray(array), None, None
        if requires_grad:
            self.node = Node(self.array, (), (), ())
            self.node.receiver = self

    def backward(self):
        """Add the gradients of this tensor, a single number, to the `.grad` of all leaves."""
        add_to_grads(backward({self.node: np.ones_like(self.array)}))


class Node:
    """One recorded op.  receiver: of a leaf, the tensor whose `.grad` its gradient is added to."""

    receiver = None

    def __init__(self, out, edges, rules, inputs):
        self.serial = next(serials)
        self.out, self.edges, self.rules, self.inputs = out, edges, rules, inputs
        self.shape = out.shape


def record(value, inputs, rules):
    """An op's result, which remembers its operands and the rule for each."""
    out = Tensor(value)
    edges = [x.node for x in inputs]
    if any(edges):
        out.node = Node(out.array, edges, rules, [x.array for x in inputs])
    return out


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
                contribution = fit(rule(g, node.out, *node.inputs), edge)
                if edge in gradients:
                    gradients[edge] = gradients[edge] + contribution
                else:
                    gradients[edge] = contribution
    return arrived


def add_to_grads(received):
    """Add each gradient that arrived to the `.grad` of its tensor: an array that is shared with nothing."""
    for node, g in received.items():
        leaf = node.receiver
        leaf.grad = Tensor(g.copy()) if leaf.grad is None else Tensor(leaf.grad.array + g)


# %% 1. An operand of shape (3,) that meets one of (2, 3) is used twice, once for each row.  What is used twice gets the
# sum of both gradients, as in 03; here the copies lie along an axis.


def fit(gradient, edge):
    """A rule's result in the shape of the operand that it belongs to."""
    return gradient if gradient.shape == edge.shape else sum_to(gradient, edge.shape)


def sum_to(x, shape):
    """Sum an array of a broadcast shape down to the shape that it was broadcast from."""
    added = x.ndim - len(shape)
    axes = tuple(range(added))
    axes += tuple([added + i for i, n in enumerate(shape) if n != x.shape[added + i]])
    return x.sum(axes).reshape(shape)


def broadcast_to(x, shape):
    """Repeat an array along new and length-1 axes until it has the shape; every element has its own place."""
    value = np.empty(shape, x.dtype)
    value[...] = x
    return value


# %% 2. Ops and rules, as before.  That of `sum` is the opposite of `sum_to`.


def add(a, b):
    return record(a.array + b.array, (a, b), (add_da, add_db))


def add_da(g, _out, _a, _b):
    return g


def add_db(g, _out, _a, _b):
    return g


def mul(a, b):
    return record(a.array * b.array, (a, b), (mul_da, mul_db))


def mul_da(g, _out, _a, b):
    return g * b


def mul_db(g, _out, a, _b):
    return g * a


def matmul(a, b):
    return record(a.array @ b.array, (a, b), (matmul_da, matmul_db))


def matmul_da(g, _out, _a, b):
    return g @ b.swapaxes(-2, -1)


def matmul_db(g, _out, a, _b):
    return a.swapaxes(-2, -1) @ g


def sum(a):
    return record(a.array.sum(), (a,), (sum_da,))


def sum_da(g, _out, a):
    return broadcast_to(g, a.shape)


Tensor.__add__, Tensor.__mul__, Tensor.__matmul__, Tensor.sum = add, mul, matmul, sum

# %% 3. What arrives and what is kept: elements that were copied n times get n times 1.

for shape, other in [((3,), (2, 3)), ((2, 1), (2, 3)), ((1, 3), (2, 3)), ((), (2, 3)), ((3, 1), (2, 1, 4))]:
    a, b = Tensor(np.ones(shape), requires_grad=True), Tensor(np.ones(other))
    out = a + b
    out.sum().backward()
    print(f"{shape!s:7} + {other!s:9} = {out.array.shape!s:9} .grad {a.grad.array.shape!s:6} of {a.grad.array.max():g}")

# %% 4. Six points, two weights and a bias: y = 2 * first + 3 * second + 1.

X = Tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [2.0, 1.0], [1.0, 2.0], [2.0, 2.0]])
minus_y = Tensor(-(X.array @ [[2.0], [3.0]] + 1))
w, bias = Tensor([[0.0], [0.0]], requires_grad=True), Tensor([0.0], requires_grad=True)
for epoch in range(101):
    error = X @ w + bias + minus_y
    loss = (error * error).sum()
    w.grad = bias.grad = None
    loss.backward()
    if epoch % 50 == 0:
        print(f"epoch {epoch:3}: loss {loss.array:.4f}, w {w.array.ravel().round(2)}, bias {bias.array.round(2)}")
    w.array -= 0.03 * w.grad.array
    bias.array -= 0.03 * bias.grad.array

# %% Question: X asks for no gradient.  Is matmul_da called for it all the same?  Where is that decided?
#
# Break it: in `sum_to`, take the mean: `x.mean(axes)`.  The model trains all the same.  What is wrong with it?

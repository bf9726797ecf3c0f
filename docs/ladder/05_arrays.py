"""Arrays: the numbers become arrays, and the pass stays as it is: not one line of `backward` changes.

Shows: the two gradients of a matrix product; a model of two weights and six points, trained at once.
New: `Tensor` for `Scalar`, NumPy arrays in it, `matmul`, `sum`, and a copy where a gradient becomes a `.grad`.
Ends in: minigrad.ops.linear_algebra.matmul, an op on arrays with its two rules right under it.

Prints:

    a.grad
    [[1. 2. 3.]
     [1. 2. 3.]]
    b.grad
    [[5. 5.]
     [7. 7.]
     [9. 9.]]
    a.grad * 100 [100. 100.], b.grad [1. 1.]
    epoch  0: loss 251.0000, w 0.0000 0.0000
    epoch 10: loss 0.0776, w 2.1393 2.8607
    epoch 20: loss 0.0060, w 2.0388 2.9612
    epoch 30: loss 0.0005, w 2.0108 2.9892
"""

# %% Answers to 04.  Call backward for each of the four, and zero_grad and the step once: `.grad` adds up.  With `min`
# x * x is still 6, but w.grad -12: a leaf has its turn too early, and again, and what arrived last is kept alone.

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
                contribution = rule(g, node.out, *node.inputs)
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


# %% 1. Ops.  Elementwise ones have the rules of numbers.


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


# %% 2. out = a @ b: element (i, j) of a meets the row j of b and the row i of g; so it gets their product.


def matmul(a, b):
    return record(a.array @ b.array, (a, b), (matmul_da, matmul_db))


def matmul_da(g, _out, _a, b):
    return g @ b.swapaxes(-2, -1)


def matmul_db(g, _out, a, _b):
    return a.swapaxes(-2, -1) @ g


def sum(a):
    return record(a.array.sum(), (a,), (sum_da,))


def sum_da(g, _out, a):
    return np.full(a.shape, g)


Tensor.__add__, Tensor.__mul__, Tensor.__matmul__, Tensor.sum = add, mul, matmul, sum

# %% 3. The gradients of a product have the shapes of its operands.

a = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
b = Tensor([[1.0, 0.0], [0.0, 2.0], [2.0, 1.0]], requires_grad=True)
(a @ b).sum().backward()
print(f"a.grad\n{a.grad.array}\nb.grad\n{b.grad.array}")

# %% 4. add_da and add_db return the same array, g.  A `.grad` is a copy, so changing one leaves the other alone.

a, b = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0], requires_grad=True)
(a + b).sum().backward()
a.grad.array *= 100
print(f"a.grad * 100 {a.grad.array}, b.grad {b.grad.array}")

# %% 5. Six points at once: y = 2 * first + 3 * second.

X = Tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [2.0, 1.0], [1.0, 2.0], [2.0, 2.0]])
minus_y = Tensor(-(X.array @ [[2.0], [3.0]]))
w = Tensor([[0.0], [0.0]], requires_grad=True)
for epoch in range(31):
    error = X @ w + minus_y
    loss = (error * error).sum()
    w.grad = None
    loss.backward()
    if epoch % 10 == 0:
        print(f"epoch {epoch:2}: loss {loss.array:.4f}, w {w.array[0, 0]:.4f} {w.array[1, 0]:.4f}")
    w.array -= 0.03 * w.grad.array

# %% Question: X @ w has shape (6, 1).  What would be the shape of a bias, and what that of the g which comes to it?
#
# Break it: in `add_to_grads`, leave `.copy()` out.  What is b.grad after a.grad was multiplied by 100?

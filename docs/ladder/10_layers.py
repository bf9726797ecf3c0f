"""Layers: a network that learns two rings of points, on the engine of 07 to 09 and nothing else.

Shows: the training loop that one knows, every line of which is now in these files.
New: `linear`, `relu` and a loss as ops of one node each; `Module`, `Linear`, `SGD`; `.grad` on tensors again.
Ends in: minigrad.nn.layers.Linear, minigrad.ops.linear_algebra.linear and minigrad.optim.sgd.SGD.

Prints:

    epoch   0: loss 0.7041, accuracy 24.0%
    epoch 100: loss 0.3455, accuracy 99.0%
    epoch 200: loss 0.0931, accuracy 100.0%
    epoch 300: loss 0.0413, accuracy 100.0%
    epoch 400: loss 0.0247, accuracy 100.0%
    epoch 500: loss 0.0170, accuracy 100.0%
"""

# %% Answers to 09.  The weights change after the pass, and the next graph is recorded after that: its ops have larger
# numbers than the change.  Without the check the slope of h * h is 28: 2 * h * 2, with the h of after the change.

from importlib import import_module

import numpy as np

rules, in_place = import_module("07_rules"), import_module("09_in_place")
Tensor, raw, record = rules.Tensor, rules.raw, rules.record

# %% 1. Three ops.


def linear(input, weight, bias):
    value = raw(input) @ raw(weight).T + raw(bias)
    return record(value, (input, weight, bias), (linear_dinput, linear_dweight, linear_dbias))


def linear_dinput(g, _out, _input, weight, _bias):
    return g @ weight


def linear_dweight(g, _out, input, _weight, _bias):
    return g.swapaxes(0, 1) @ input


def linear_dbias(g, _out, _input, _weight, _bias):
    return g


def relu(input):
    return record(np.maximum(raw(input), 0), (input,), (relu_da,))


def relu_da(g, out, _a):
    return g * (out != 0)


def binary_cross_entropy_with_logits(input, target):
    z, y = raw(input), raw(target)
    losses = np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))
    return record(losses.sum() / losses.size, (input,), (binary_cross_entropy_with_logits_dinput,), y, 1 / losses.size)


def binary_cross_entropy_with_logits_dinput(g, _out, input, target, scale):
    return (sigmoid(input) - target) * (g * scale)


def sigmoid(x):
    """The probability that a logit stands for."""
    return 1 / (1 + np.exp(-x))


# %% 2. Modules, which know their parameters; the optimizer; and `backward` as a method, which fills `.grad`.

Tensor.grad = None


def backward(loss):
    """Add the gradients of a loss to the `.grad` of all leaves."""
    for node, g in in_place.backward({loss.node: np.ones(loss.shape, loss.array.dtype)}).items():
        leaf = node.receiver
        leaf.grad = Tensor(g.copy()) if leaf.grad is None else Tensor(leaf.grad.array + g)


Tensor.backward = backward


class Module:
    """What is called like a function, and has parameters: its own and those of modules in it."""

    def __call__(self, x):
        """What its forward gives."""
        return self.forward(x)

    def parameters(self):
        """The parameters, in the order in which they were set."""
        for value in vars(self).values():
            if isinstance(value, Tensor):
                yield value
            else:
                yield from value.parameters()


class Linear(Module):
    """input @ weight.T + bias."""

    def __init__(self, in_features, out_features, rng):
        bound = 1 / in_features**0.5
        self.weight = parameter(rng.uniform(-bound, bound, (out_features, in_features)))
        self.bias = parameter(rng.uniform(-bound, bound, out_features))

    def forward(self, input):
        """(N, in_features) -> (N, out_features)."""
        return linear(input, self.weight, self.bias)


def parameter(array):
    """A leaf in float32, which its node knows: so the pass finds where to put the gradient."""
    leaf = Tensor(array.astype(np.float32), requires_grad=True)
    leaf.node.receiver = leaf
    return leaf


class SGD:
    """p = p - lr * gradient."""

    def __init__(self, params, lr):
        self.params, self.lr = list(params), lr

    def zero_grad(self):
        """Forget the gradients of the last step."""
        for p in self.params:
            p.grad = None

    def step(self):
        """Change each parameter in place, and say so."""
        for p in self.params:
            p.array -= self.lr * p.grad.array
            in_place.mark_changed(p)


# %% 3. Two rings of points, a network, and the loop.


class Network(Module):
    """Two layers with a bend between them."""

    def __init__(self, rng):
        self.hidden = Linear(2, 16, rng)
        self.out = Linear(16, 1, rng)

    def forward(self, x):
        """(N, 2) -> logits (N, 1)."""
        return self.out(relu(self.hidden(x)))


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    angles, ring = rng.uniform(0, 2 * np.pi, 200), np.arange(200) % 2  # an outer ring, 0, and an inner one, 1
    radii = 1 - 0.5 * ring + rng.normal(0, 0.05, 200)
    X = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1).astype(np.float32)
    X, y = Tensor(X), Tensor(ring.astype(np.float32).reshape(200, 1))
    model = Network(rng)
    optimizer = SGD(model.parameters(), lr=0.5)
    for epoch in range(501):
        logits = model(X)
        loss = binary_cross_entropy_with_logits(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if epoch % 100 == 0:
            accuracy = ((logits.array > 0) == y.array).mean()
            print(f"epoch {epoch:3}: loss {loss.array:.4f}, accuracy {accuracy:.1%}")

# %% Question: which line adds up the 200 gradients of a bias, though `linear_dbias` returns all of them?
#
# Break it: in `Network.forward`, leave `relu` out.  How well can two layers then do?

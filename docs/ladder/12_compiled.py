"""Compiled: one step of 10, written down as a NumPy program while it runs, and then run without any engine.

Shows: the whole step, forward, backward and optimizer, as lines of NumPy; and that they give the same weights, bit by
bit.
New: `Recorded`, an array that computes and notes each call.  Ops and rules are plain array code: they do not notice.
Ends in: minigrad.compiled.library.Recorded, which is this array, and minigrad.compile, which writes `step.program`;
that one has the same lines, but has its results written into memory that it keeps.

Prints:

    def program(w1, b1, w2, b2, X, y):
        t0 = X @ w1.T
        t1 = t0 + b1
        t2 = np.maximum(t1, 0)
        t3 = t2 @ w2.T
        t4 = t3 + b2
        t5 = np.maximum(t4, 0)
    ...
        t21 = t20 @ w2
        t22 = t20.swapaxes(0, 1) @ t2
        t23 = t20.sum((0,))
    ...
        t36 = 0.5 * t28
        w2[...] = w2 - t36
        t38 = 0.5 * t29
        b2[...] = b2 - t38
        return t14
    after 20 steps the same bits: True
"""

# %% Answers to 11.  The order in which a sum is added up: minigrad sums a bias's gradients by a product with ones,
# PyTorch several parts side by side.  With `out >= 0` the loss of step 1 is 0.68073: a wrong rule shows one step later.

from importlib import import_module

import numpy as np

layers = import_module("10_layers")

# %% 1. An array that has a name, and a tape of lines.

SIGNS = {np.add: "+", np.subtract: "-", np.multiply: "*", np.true_divide: "/", np.matmul: "@", np.not_equal: "!="}
tape = []


class Recorded(np.ndarray):
    """An array that computes, and has each call noted.  name: the program's for it."""

    name = None

    def __array_ufunc__(self, ufunc, method, *inputs, out=None):
        if method != "__call__":
            return NotImplemented
        names = [name_of(x) for x in inputs]
        text = f" {SIGNS[ufunc]} ".join(names) if ufunc in SIGNS else f"np.{ufunc.__name__}({', '.join(names)})"
        value = ufunc(*[plain(x) for x in inputs])
        if out is None:
            return noted(value, text)
        plain(out[0])[...] = value  # x -= y
        tape.append(f"{out[0].name}[...] = {text}")
        return out[0]

    def sum(self, axis=None):
        """The sum."""
        return noted(plain(self).sum(axis), f"{self.name}.sum({axis})")

    def copy(self):
        """An array of its own."""
        return noted(plain(self).copy(), f"{self.name}.copy()")

    @property
    def T(self):
        """The transpose: the same memory, so the program needs no line for it."""
        return recorded(plain(self).T, f"{self.name}.T")

    def swapaxes(self, first, second):
        """Likewise."""
        return recorded(plain(self).swapaxes(first, second), f"{self.name}.swapaxes({first}, {second})")

    def reshape(self, shape):
        """Likewise."""
        return recorded(plain(self).reshape(shape), f"{self.name}.reshape({shape})")


def recorded(array, name):
    """An array under a name."""
    array = np.asarray(array).view(Recorded)
    array.name = name
    return array


def noted(value, text):
    """A result, under the next name, and the line that computes it."""
    name = f"t{len(tape)}"
    tape.append(f"{name} = {text}")
    return recorded(value, name)


def plain(x):
    """What NumPy computes with."""
    return x.view(np.ndarray) if isinstance(x, Recorded) else x


def name_of(x):
    """An operand in the program: its name, or a constant."""
    return x.name if isinstance(x, Recorded) else repr(np.asarray(x).item())


# %% 2. The step is 10's.  It is run once on named arrays, and the tape becomes a function.


def step(model, optimizer, X, y):
    """One step; the loss before it."""
    loss = layers.binary_cross_entropy_with_logits(model(layers.Tensor(X)), layers.Tensor(y))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.array


def compiled(model, optimizer, X, y):
    """The step's program, from one run of it, and its text."""
    parameters = dict(zip(("w1", "b1", "w2", "b2"), model.parameters()))
    for name, p in parameters.items():
        p.array = recorded(p.array, name)
    tape.clear()
    loss = step(model, optimizer, recorded(X, "X"), recorded(y, "y"))
    for p in parameters.values():
        p.array = plain(p.array)
    text = "\n    ".join([f"def program({', '.join(parameters)}, X, y):", *tape, f"return {loss.name}"])
    names = {"np": np}
    exec(text, names)
    return names["program"], text


# %% 3. Twenty steps of each from the same start.

if __name__ == "__main__":
    rng = np.random.default_rng(1)
    X = rng.normal(size=(100, 2)).astype(np.float32)
    y = (X[:, :1] * X[:, 1:] > 0).astype(np.float32)
    models = [layers.Network(np.random.default_rng(2)) for _ in range(2)]
    program, text = compiled(models[0], layers.SGD(models[0].parameters(), lr=0.5), X, y)
    print(text)
    for _ in range(19):
        program(*[p.array for p in models[0].parameters()], X, y)
    optimizer = layers.SGD(models[1].parameters(), lr=0.5)
    for _ in range(20):
        step(models[1], optimizer, X, y)
    pairs = zip(models[0].parameters(), models[1].parameters())
    print("after 20 steps the same bits:", all(np.array_equal(p.array, q.array) for p, q in pairs))

# %% Question: what could a step do that a program, written down once, would do wrong the second time?
#
# Break it: at the end, give both 50 of the points, `X[:50], y[:50]`, and see whether the bits are still the same.

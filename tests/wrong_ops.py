"""Ops that are wrong on purpose, each in its own way, and the same op right: what `minigrad.testing` must find."""

from __future__ import annotations

import numpy as np

import minigrad
from minigrad.autograd import raw, record


def softsign(x):
    return record(raw(x) / (1 + abs(raw(x))), (x,), (softsign_dx,))


def softsign_dx(g, _out, x):
    return g / (1 + abs(x)) ** 2


def wrong_sign(x):
    return record(raw(x) / (1 + abs(raw(x))), (x,), (wrong_sign_dx,))


def wrong_sign_dx(g, _out, x):
    return -g / (1 + abs(x)) ** 2


def wrong_factor(a, b):
    return record(raw(a) * raw(b) ** 2, (a, b), (wrong_factor_da, wrong_factor_db))


def wrong_factor_da(g, _out, _a, b):
    return g * b**2


def wrong_factor_db(g, _out, a, b):
    return g * a * b


def wrong_value(x):
    return record(raw(x) / (1.5 + abs(raw(x))), (x,), (softsign_dx,))


def forgotten_broadcasting(x):
    return record(np.asarray(raw(x).sum()), (x,), (forgotten_broadcasting_dx,))


def forgotten_broadcasting_dx(g, _out, x):
    return g.reshape(1) * x.reshape(-1)[:1] ** 0


def detached(x):
    return x / (1 + abs(x.detach()))


def detached_whole(x):
    return minigrad.tensor(raw(x) * 2)


def changes_its_operand(x):
    array = raw(x)
    array *= 0.5
    return record(array * 2, (x,), (changes_its_operand_dx,))


def changes_its_operand_dx(g, _out, _x):
    return g


def changes_the_gradient(x):
    return record(raw(x) * 2, (x,), (changes_the_gradient_dx,))


def changes_the_gradient_dx(g, _out, _x):
    g *= 2
    return g


def shares_memory(x):
    return record(raw(x).reshape(-1), (x,), (shares_memory_dx,))


def shares_memory_dx(g, _out, x):
    return g.reshape(x.shape)


def drifts(x):
    return record(raw(x) * np.float64(2), (x,), (drifts_dx,))


def drifts_dx(g, _out, _x):
    return g * 2


def rule_drifts(x):
    return record(raw(x) * 2, (x,), (rule_drifts_dx,))


def rule_drifts_dx(g, _out, _x):
    return g * np.full(g.shape, 2.0)


def nan_at_zero(x):
    return record(abs(raw(x)), (x,), (nan_at_zero_dx,))


def nan_at_zero_dx(g, _out, x):
    return g * x / abs(x)


def wrong_at_ties(a, b):
    return record(np.maximum(raw(a), raw(b)), (a, b), (wrong_at_ties_da, wrong_at_ties_db))


def wrong_at_ties_da(g, _out, a, b):
    return g * (a >= b) * 1.0


def wrong_at_ties_db(g, _out, a, b):
    return g * (b >= a) * 1.0


def constant_inside(x):
    y = 1 + abs(raw(x))
    return record(raw(x) / y, (x,), (constant_inside_dx,), y)


def constant_inside_dx(g, _out, _x, y):
    return g / y**2


def draws_numbers(x):
    return record(raw(x) * minigrad.rand(1).numpy()[0], (x,), (changes_its_operand_dx,))


def other_under_create_graph(x):
    return record(raw(x) * 2, (x,), (other_under_create_graph_dx,))


def other_under_create_graph_dx(g, _out, _x):
    return g * 2 if isinstance(g, np.ndarray) else g * 2.0000001


def refuses_numbers(x):
    if raw(x).ndim == 0:
        raise ValueError("no number, please")
    return x * 2


def numpys_alone(x):
    return record(np.tanh(raw(x)), (x,), (numpys_alone_dx,))


def numpys_alone_dx(g, out, _x):
    return g * (1 - out * out)


def relu(x):
    return record(np.maximum(raw(x), 0), (x,), (relu_dx,))


def relu_dx(g, _out, x):
    return g * (x > 0)


def by_columns(x):
    return x.T.contiguous().T if x.ndim == 2 else x.clone()


class Cube(minigrad.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 2 * x**2


def shrunk(x, by):
    """Right, but where both are 0: there its slope by x is 1, and its gradient 0."""
    return (x - x.sign() * by.abs()) * (x.abs() > by.abs())


def forgets_record(x):
    return raw(x) * 2


def forgets_raw(x):
    return record(x * 2, (x,), (softsign_dx,))


def forgets_a_rule(a, b):
    return record(raw(a) * raw(b), (a, b), (wrong_factor_da,))


def rule_of_two(x):
    return record(raw(x) * 2, (x,), (rule_of_two_dx,))


def rule_of_two_dx(g, _x):
    return g * 2

"""The training step on JAX, compiled whole."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.workloads import Perceptron, Step


def training(workload: Perceptron) -> Step:
    parameters = [tuple(map(jnp.asarray, layer)) for layer in workload.parameters()]
    state = {"SGD": sgd_state, "Adam": adam_state}[workload.optimizer](parameters)
    update = {"SGD": sgd, "Adam": adam}[workload.optimizer]
    batches = cycle([tuple(map(jnp.asarray, batch)) for batch in workload.batches_of_data()])

    def loss_of(parameters: Any, x: Any, y: Any) -> Any:
        for number, (weight, bias) in enumerate(parameters):
            x = x @ weight.T + bias
            if workload.relu and number < len(parameters) - 1:
                x = jax.nn.relu(x)
        return LOSSES[workload.loss](x, y)

    @jax.jit
    def compiled(parameters: Any, state: Any, x: Any, y: Any) -> Any:
        loss, gradients = jax.value_and_grad(loss_of)(parameters, x, y)
        return loss, *update(parameters, state, gradients, workload.lr)

    def step() -> Any:
        nonlocal parameters, state
        loss, parameters, state = compiled(parameters, state, *next(batches))
        return loss.block_until_ready()

    return step


def bce(out: Any, y: Any) -> Any:
    return (jnp.maximum(out, 0) - out * y + jnp.log1p(jnp.exp(-abs(out)))).mean()


def cross_entropy(out: Any, y: Any) -> Any:
    return -jax.nn.log_softmax(out)[jnp.arange(len(y)), y].mean()


LOSSES = {"mse": lambda out, y: ((out - y) ** 2).mean(), "bce": bce, "cross entropy": cross_entropy}


def sgd_state(_parameters: Any) -> Any:
    return ()


def sgd(parameters: Any, state: Any, gradients: Any, lr: float) -> Any:
    return jax.tree.map(lambda p, g: p - lr * g, parameters, gradients), state


def adam_state(parameters: Any) -> Any:
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    return jnp.zeros(()), zeros, zeros


def adam(parameters: Any, state: Any, gradients: Any, lr: float) -> Any:
    t, m, v = state[0] + 1, state[1], state[2]
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradients)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradients)

    def updated(p: Any, m: Any, v: Any) -> Any:
        return p - lr * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)

    return jax.tree.map(updated, parameters, m, v), (t, m, v)

"""The matrix products of a training step and nothing else: no step that computes them can be faster."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads import Perceptron, Step


def training(workload: Perceptron) -> Step:
    weights = [weight for weight, _ in workload.parameters()]
    ins = [np.ones((workload.batch, size), np.float32) for size in workload.sizes[:-1]]
    outs = [np.ones((workload.batch, size), np.float32) for size in workload.sizes[1:]]
    gradients = [np.empty_like(weight) for weight in weights]

    def step() -> Any:
        for given, weight, out in zip(ins, weights, outs):
            np.matmul(given, weight.T, out=out)
        for number, (given, weight, out, gradient) in enumerate(zip(ins, weights, outs, gradients)):
            np.matmul(out.T, given, out=gradient)
            if number:  # the first layer's input is data, which needs no gradient
                np.matmul(out, weight, out=given)
        return 0.0

    return step

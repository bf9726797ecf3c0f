"""Computations that overflow, divide by zero or give nan: NumPy by itself would warn of each.

As a program (`python -W error tests/silent_cases.py`) it runs each on minigrad, and prints which were not silent.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import minigrad as torch

F = torch.nn.functional
HALF, SINGLE, DOUBLE = torch.float16, torch.float32, torch.float64
LARGE = {HALF: 6e4, SINGLE: 3e38, DOUBLE: 1.7e308}
"""A number of each dtype whose double is too large."""
INF, NAN = float("inf"), float("nan")


def row(*numbers: float, **options: Any) -> Any:
    return torch.tensor(list(numbers), **options)


def large(*shape: int, dtype: Any) -> Any:
    return torch.full(shape, LARGE[dtype], dtype=dtype, requires_grad=True)


def one(dtype: Any = SINGLE, **options: Any) -> Any:
    return row(1.0, dtype=dtype, **options)


def for_dtypes(compute: Callable[[Any], Any]) -> Callable[[], None]:
    """A computation in each dtype, with its gradients."""

    def computed() -> None:
        for dtype in LARGE:
            compute(dtype).sum().backward()

    return computed


def arithmetic() -> None:
    """Also with Python numbers beyond the dtype."""
    _ = row(0.0) / row(0.0), row(1.0) / 0, 1 / row(0.0), row(0.0).reciprocal(), row(INF) - row(INF), row(-1.0) ** 0.5
    for dtype, x in LARGE.items():
        a = row(x, -x, dtype=dtype)
        _ = a + a, a - -a, a * a, a / 1e-5, a**2, 1e300 - a, a + 1e300, a * 1e300, 1e300 / a, a / 1e300, a % 1e300
        _ = a // 1e-5, a // 0.0, 1e300 // a, a % 0.0, torch.add(a, a, alpha=3), 2.0**a, a.square(), a.reciprocal()
        _ = a.round(decimals=5), a.round(decimals=-5), a * 1e-300, torch.div(a, 1e-5, rounding_mode="trunc")
        _ = a.mul_(10), a.add_(a), a.div_(0), a.pow_(2)


def integers() -> None:
    least = row(-128, dtype=torch.int8)
    _ = least - 1, least * least, -least, abs(least), least // -1, least % -1, least / 0, row(2**62) ** 3
    _ = torch.div(least, -1, rounding_mode="trunc"), least.round(decimals=-3)


def functions() -> None:
    """Each function of one tensor, and its gradient."""
    for name in (
        "exp",
        "log",
        "log1p",
        "sqrt",
        "sin",
        "cos",
        "tanh",
        "sigmoid",
        "erf",
        "relu",
        "floor",
        "ceil",
        "sign",
    ):
        each(getattr(torch, name))
    for function in (F.gelu, partial(F.gelu, approximate="tanh"), F.silu, F.softplus, F.elu, F.leaky_relu):
        each(function)
    _ = F.softplus(one(HALF), beta=1e10), F.elu(-one(), alpha=1e300), F.leaky_relu(-one(), 1e300)


def each(function: Callable[[Any], Any]) -> None:
    for dtype, x in LARGE.items():
        a = row(x, -x, 1 / x, 0, 1000, INF, -INF, NAN, dtype=dtype, requires_grad=True)
        function(a).sum().backward()


def comparisons() -> None:
    for a in (one(), one(HALF)):
        _ = a < 1e300, a == 1e300, a != -1e300, a >= 1e300, a.clamp(-6e4, 6e4), 1e300 in a, row(NAN) < a
        _ = torch.where(a > 0, 3e38, a), torch.where(a > 0, 3e38, 2.0), torch.maximum(a, row(NAN))
    for dtype in LARGE:
        _ = torch.isclose(large(1, dtype=dtype), -large(1, dtype=dtype)), large(1, dtype=dtype).allclose(one(dtype))


def casts() -> None:
    for x in (1e300, -1e300, 1e-300, INF, NAN, -1.0, 1e10):
        for name in ("half", "float", "double", "int", "long", "short", "char", "byte", "bool"):
            _ = getattr(row(x, dtype=DOUBLE), name)(), getattr(row(min(x, 1e30)), name)()
    _ = torch.cat([row(1e300, dtype=DOUBLE), row(1.0)]), row(1.0).type_as(one(HALF)), torch.nn.Linear(1, 1).half()
    (one(HALF, requires_grad=True).float() * 1e30).sum().backward()


def products(dtype: Any) -> Any:
    a = large(3, 4, 4, dtype=dtype)
    _ = a[0, 0] @ a[0, 0], a[0] @ a[0, 0], a[0] @ torch.zeros(4, 4, dtype=dtype)
    _ = torch.zeros(4, 4, dtype=dtype) @ torch.full((4, 4), INF, dtype=dtype)
    return a @ a


def convolution(dtype: Any) -> Any:
    return F.conv2d(large(1, 1, 3, 3, dtype=dtype), large(1, 1, 2, 2, dtype=dtype), -large(1, dtype=dtype))


def layer(dtype: Any) -> Any:
    return F.linear(large(2, 2, dtype=dtype), -large(2, 2, dtype=dtype), large(2, dtype=dtype))


def pooling(dtype: Any) -> Any:
    _ = (
        F.max_pool2d(row(NAN, INF, dtype=dtype).reshape(1, 1, 2), 1),
        F.avg_pool2d(torch.ones(1, 260, 260).to(dtype), 260),
    )
    return F.avg_pool2d(large(1, 1, 2, 2, dtype=dtype), 2)


def reductions(dtype: Any) -> Any:
    a = large(2, 2, dtype=dtype)
    infinite = row(INF, -INF, NAN, dtype=dtype)
    _ = a.sum(), a.mean(), a.var(), a.std(), infinite.sum(), infinite.mean(), infinite.var(), infinite.max()
    _ = infinite.argmax(), infinite.amin(), torch.logsumexp(infinite, 0), torch.logsumexp(infinite[:1], 0)
    return a.sum() + a.mean() + (a * row(1, -1, dtype=dtype)).std() + torch.logsumexp(a, 0)


def empty_tensors() -> None:
    """Of no elements NumPy's mean warns by itself, whatever np.errstate says."""
    none, rows = torch.zeros(0, requires_grad=True), torch.zeros(0, 3)
    none.mean().backward()
    _ = rows.mean(), rows.mean(0), rows.mean(1), rows.T.mean(1, keepdim=True), none.half().mean(), rows.sum()
    _ = none.var(), rows.std(0), rows.var(unbiased=False), torch.ones(1).var(), torch.ones(1).std()
    _ = F.mse_loss(none, none), F.l1_loss(none, none), F.cross_entropy(rows, row().long()), none @ none
    _ = torch.softmax(rows, 0), torch.logsumexp(rows, 0), F.layer_norm(rows.T, (0,))
    _ = F.batch_norm(rows, None, None, training=True)


def softmax() -> None:
    for function in (torch.softmax, torch.log_softmax):
        each(lambda a, function=function: function(a, 0))
        _ = function(row(-INF, -INF), 0), function(row(INF)[0], 0)


def losses(dtype: Any) -> Any:
    x, y, a = row(0, 1, dtype=dtype), row(1, 0, dtype=dtype), large(2, dtype=dtype)
    infinite = row(INF, INF, dtype=dtype)
    logits, classes = torch.stack([a, -a]) * row(1, -1, dtype=dtype), row(1, 1)
    _ = F.mse_loss(infinite, infinite), F.l1_loss(infinite, infinite), F.cross_entropy(logits, row(-100, -100))
    _ = (
        F.cross_entropy(logits, classes, weight=a.detach(), label_smoothing=0.5),
        F.nll_loss(logits, classes, weight=x * 0),
    )
    _ = F.nll_loss(logits, classes, weight=infinite, ignore_index=1), F.cross_entropy(logits, logits)
    with_logits = F.binary_cross_entropy_with_logits(a, x, pos_weight=a.detach())
    distances = F.mse_loss(a, -a) + F.l1_loss(a, -a)
    return distances + F.binary_cross_entropy(x, y) + with_logits + F.cross_entropy(logits, classes)


def normalization(dtype: Any) -> Any:
    a = large(2, 2, dtype=dtype) * row(1, -1, dtype=dtype)
    statistics = torch.zeros(2, dtype=dtype), row(-1, INF, dtype=dtype)
    in_training, known = (F.batch_norm(a, *statistics, a[0].detach(), training=on, eps=1e-300) for on in (True, False))
    return in_training + known + F.layer_norm(a, (2,)) + F.layer_norm(a * 0, (2,), eps=0.0)


def embedding() -> None:
    table = torch.tensor([[3e38, 3e38], [0.0, 0.0]], requires_grad=True)
    F.embedding(row(0, 0), table * 1, scale_grad_by_freq=True).sum().backward()
    _ = F.embedding(row(0, 1), table.detach(), max_norm=1e-30)


OPTIMIZERS = {
    "SGD": [{}, {"momentum": 0.9, "weight_decay": 1e5, "nesterov": True}, {"maximize": True}],
    "Adam": [{}, {"amsgrad": True, "weight_decay": 1e30}],
    "AdamW": [{"weight_decay": 1e30}],
    "RMSprop": [{}, {"centered": True, "momentum": 0.9}],
    "Adagrad": [{}, {"initial_accumulator_value": 1e300}],
    "Adadelta": [{}],
}


def optimizers() -> None:
    for name, several in OPTIMIZERS.items():
        for options in several:
            p = row(1, 3e38, 0, 1e-40, INF, requires_grad=True)
            optimizer = getattr(torch.optim, name)([p], lr=1e10, **options)
            for _ in range(2):
                p.grad = row(3e38, -3e38, INF, NAN, 1e-40)
                optimizer.step()
            state = optimizer.state_dict()
            state["state"] = {0: {key: x.double() * 1e300 for key, x in optimizer.state[p].items() if key != "step"}}
            optimizer.load_state_dict(state)


def clipping() -> None:
    for order in (2.0, 1.0, 3.0, 0.5, 0.0, -1.0, INF, -INF):
        for dtype, x in LARGE.items():
            for gradient in (row(x, x, dtype=dtype), row(0, 0, dtype=dtype), row(INF, NAN, dtype=dtype)):
                p = row(1, 1, dtype=dtype, requires_grad=True)
                p.grad = gradient
                torch.nn.utils.clip_grad_norm_([p], 1e-5, order)
                torch.nn.utils.clip_grad_value_([p], 1e300)


def creation() -> None:
    _ = torch.tensor(1e300), row(1e-300, NAN), torch.tensor(1e10, dtype=HALF), torch.HalfTensor([1e10])
    _ = torch.tensor(np.array([1e300]), dtype=SINGLE), torch.as_tensor(np.array([1e300]), dtype=SINGLE)
    _ = (
        torch.tensor([one()[0], 1e300]),
        torch.FloatTensor([1e300]),
        torch.as_tensor(row(1e300, dtype=DOUBLE), dtype=HALF),
    )
    _ = torch.full((2,), 1e-300), torch.full_like(one(), 1e-300), torch.full((2,), INF)
    _ = (
        torch.arange(0, 1e5, 1e4, dtype=HALF),
        torch.arange(0, 1e300, 1e299),
        torch.linspace(-1e308, 1e308, 3, dtype=DOUBLE),
    )
    _ = torch.linspace(0, 6e4, 5, dtype=HALF), torch.linspace(-3e38, 3e38, 4), torch.linspace(0, 1e-300, 4)


def writing() -> None:
    for dtype in (HALF, SINGLE, torch.int32, torch.bool):
        for x in (1e300, 1e-300, NAN, INF):
            a, values = torch.zeros(2, dtype=dtype), torch.full((2,), x, dtype=DOUBLE)
            a[:] = values
            a[0] = values[0]
            if abs(x) < 1:  # one value for a mask has to fit, as in PyTorch
                a[a == 0] = values[0]
            a.copy_(values)
            a.fill_(values[0])
    layer, saved = torch.nn.Linear(1, 1), torch.full((1, 1), 1e300, dtype=DOUBLE)
    layer.load_state_dict({"weight": saved, "bias": saved[0]})


def random_numbers() -> None:
    torch.manual_seed(0)
    for count in (4, 40):
        for dtype, x in LARGE.items():
            _ = torch.randn(count, dtype=dtype), torch.rand(count, dtype=dtype)
            a = torch.zeros(count, dtype=dtype)
            _ = a.normal_(0, x), a.normal_(1e300, 1e-300), a.normal_(0, 1e-300), a.exponential_(1e-300)
            _ = a.uniform_(-x / 2, x / 2), a.uniform_(0, 1e-300), a.random_(0, 100), a.bernoulli_(0.5)
            _ = F.dropout(a + x, 1 - 1e-7), torch.nn.init.normal_(a, std=1e300), torch.nn.init.trunc_normal_(a)
            _ = torch.multinomial(row(1 / x, x, x, dtype=dtype), 2), torch.multinomial(row(x, x, dtype=dtype), 3, True)
            _ = torch.normal(row(x, dtype=dtype), row(x, dtype=dtype))


def printing() -> None:
    for dtype, x in LARGE.items():
        for a in (row(x, 1 / x, dtype=dtype), row(x, -x, NAN, INF, 0, dtype=dtype), row(1 / x, dtype=dtype)):
            _ = repr(a), f"{a[0]:.3e}", a.tolist()


def passes() -> None:
    """What the engine itself computes: it adds gradients up, and makes those given fit."""
    x = one(requires_grad=True)
    for factor in (INF, -INF):
        (x * factor).sum().backward()
    (x * 2).backward(row(1e300, dtype=DOUBLE))
    y = x * 2
    torch.autograd.backward([y, y, y], [row(INF), row(-INF), row(3e38)])
    x.register_hook(lambda g: g * 1e30)
    (x * 1e30).sum().backward()


def derivatives() -> None:
    for function in (torch.sqrt, torch.log, torch.exp, lambda x: x * INF):
        for fast in (False, True):
            x = row(0.0, 1.7e308, 1000.0, dtype=DOUBLE, requires_grad=True)
            _ = torch.autograd.gradcheck(function, x, raise_exception=False, fast_mode=fast)
        _ = torch.autograd.functional.jacobian(function, row(0.0)), torch.autograd.functional.hvp(function, row(0.0))


CASES: dict[str, Callable[[], Any]] = {
    "arithmetic": arithmetic,
    "integers": integers,
    "functions": functions,
    "comparisons": comparisons,
    "casts": casts,
    "products": for_dtypes(products),
    "a linear layer": for_dtypes(layer),
    "convolution": for_dtypes(convolution),
    "pooling": for_dtypes(pooling),
    "reductions": for_dtypes(reductions),
    "empty tensors": empty_tensors,
    "softmax": softmax,
    "losses": for_dtypes(losses),
    "normalization": for_dtypes(normalization),
    "embedding": embedding,
    "optimizers": optimizers,
    "clipping": clipping,
    "creation": creation,
    "writing": writing,
    "random numbers": random_numbers,
    "printing": printing,
    "passes": passes,
    "derivatives": derivatives,
}


def heard() -> Iterator[str]:
    """The cases that are not silent, and what was heard."""
    for name, compute in CASES.items():
        try:
            compute()
        except Exception as error:
            yield f"{name}: {error!r}"


if __name__ == "__main__":
    sys.exit("\n".join(heard()) or 0)

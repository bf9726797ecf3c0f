"""Random programs of views and in-place changes, run line by line on PyTorch and on minigrad.

A program is a list of lines.  Each line takes two of the variables that there are, `x` and `y`, and either makes
further ones or changes x.  It may be refused: the program goes on, and both engines must refuse the same lines.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Line = Callable[[Any, Any, Any], Any]
"""Of an engine and two variables; what it returns, unless None, is a further variable."""

NEW: dict[str, Line] = {
    "x * 1.5": lambda t, x, y: x * 1.5,
    "x * y": lambda t, x, y: x * y,
    "x + y": lambda t, x, y: x + y,
    "sin(x)": lambda t, x, y: t.sin(x),
    "tanh(x)": lambda t, x, y: t.tanh(x),
    "x.sum(0)": lambda t, x, y: x.sum(0),
    "x.clone()": lambda t, x, y: x.contiguous().clone(),
    "stack([x, y])": lambda t, x, y: t.stack([x, y]),
}
VIEWS: dict[str, Line] = {
    "x[0]": lambda t, x, y: x[0],
    "x[-1]": lambda t, x, y: x[-1],
    "x[:, 0]": lambda t, x, y: x[:, 0],
    "x[1:]": lambda t, x, y: x[1:],
    "x[..., ::2]": lambda t, x, y: x[..., ::2],
    "x[None]": lambda t, x, y: x[None],
    "x[...]": lambda t, x, y: x[...],
    "x.view(-1)": lambda t, x, y: x.view(-1),
    "x.view_as(y)": lambda t, x, y: x.view_as(y),
    "x.reshape(-1)": lambda t, x, y: x.reshape(-1),
    "x.flatten()": lambda t, x, y: x.flatten(),
    "x.squeeze()": lambda t, x, y: x.squeeze(),
    "x.unsqueeze(-1)": lambda t, x, y: x.unsqueeze(-1),
    "x.t()": lambda t, x, y: x.t(),
    "x.transpose(0, -1)": lambda t, x, y: x.transpose(0, -1),
    "x.permute(1, 0)": lambda t, x, y: x.permute(1, 0),
    "x.expand(2, ...)": lambda t, x, y: x.expand(2, *x.shape),
    "x.unbind()[0]": lambda t, x, y: x.unbind()[0],
    "x.chunk(2)[-1]": lambda t, x, y: x.chunk(2)[-1],
    "x.split(2)[0]": lambda t, x, y: x.split(2)[0],
    "x.split([1, 1])[1]": lambda t, x, y: x.split([1, 1])[1],
}
CHANGES: dict[str, Line] = {
    "x.mul_(1.5)": lambda t, x, y: done(x.mul_(1.5)),
    "x.add_(1)": lambda t, x, y: done(x.add_(1)),
    "x.mul_(y)": lambda t, x, y: done(x.mul_(y)),
    "x.add_(y)": lambda t, x, y: done(x.add_(y)),
    "x.sub_(y, alpha=2)": lambda t, x, y: done(x.sub_(y, alpha=2)),
    "x.pow_(2)": lambda t, x, y: done(x.pow_(2)),
    "x.tanh_()": lambda t, x, y: done(x.tanh_()),
    "x.sigmoid_()": lambda t, x, y: done(x.sigmoid_()),
    "x.neg_()": lambda t, x, y: done(x.neg_()),
    "x.zero_()": lambda t, x, y: done(x.zero_()),
    "x.fill_(0.5)": lambda t, x, y: done(x.fill_(0.5)),
    "x.fill_(y)": lambda t, x, y: done(x.fill_(y)),
    "x.copy_(y)": lambda t, x, y: done(x.copy_(y)),
    "x[0] = 0.5": lambda t, x, y: x.__setitem__(0, 0.5),
    "x[0] = y": lambda t, x, y: x.__setitem__(0, y),
    "x[:] = y": lambda t, x, y: x.__setitem__(slice(None), y),
    "x[...] = y": lambda t, x, y: x.__setitem__(..., y),
    "x[..., 1:] = y": lambda t, x, y: x.__setitem__((..., slice(1, None)), y),
    "x[x > 0] = 0.25": lambda t, x, y: x.__setitem__(x > 0, 0.25),
    "x[[1, 0]] = y": lambda t, x, y: x.__setitem__(t.tensor([1, 0]), y),
    "x[0, [1]] = y": lambda t, x, y: x.__setitem__((0, t.tensor([1])), y),
    "x[0] += 1": lambda t, x, y: increment(x, 0, 1),
    "x[0] += y": lambda t, x, y: increment(x, 0, y),
    "x[:, 0] *= 2": lambda t, x, y: double(x, (slice(None), 0)),
    "x[...] *= 2": lambda t, x, y: double(x, ...),
    "x[1:] *= 2": lambda t, x, y: double(x, slice(1, None)),
    "x[None] *= 2": lambda t, x, y: double(x, None),
}
STATES: dict[str, Line] = {
    "x.retain_grad()": lambda t, x, y: x.retain_grad(),
    "x.sum().backward()": lambda t, x, y: x.sum().backward(retain_graph=True),
}
CUTS: dict[str, Line] = {
    "x.detach()": lambda t, x, y: x.detach(),
    "x.detach_()": lambda t, x, y: done(x.detach_()),
    "x.requires_grad_()": lambda t, x, y: done(x.requires_grad_()),
    "x.requires_grad_(False)": lambda t, x, y: done(x.requires_grad_(False)),
    "deepcopy(x)": lambda t, x, y: copy.deepcopy(x if x.is_contiguous() else x.contiguous()),
}
"""What makes constants of what was computed: finite differences see through them."""
LINES = NEW | VIEWS | CHANGES | STATES | CUTS


def done(_x: Any) -> None:
    """Nothing, once x was changed."""


def increment(x: Any, key: Any, y: Any) -> None:
    x[key] += y


def double(x: Any, key: Any) -> None:
    x[key] *= 2


@dataclass(frozen=True)
class Statement:
    """A line, the numbers of its variables (modulo how many there are), and whether it runs under no_grad."""

    line: str
    x: int
    y: int
    no_grad: bool = False

    def __repr__(self) -> str:
        return f"({self.line!r}, {self.x}, {self.y}{', no_grad' if self.no_grad else ''})"


def programs(cuts: bool = True) -> st.SearchStrategy[list[Statement]]:
    """Lists of lines; cuts: also those that make constants."""
    kinds = [st.sampled_from(list(kind)) for kind in (NEW, VIEWS, CHANGES, VIEWS, CHANGES, STATES)]
    lines = st.one_of(*kinds, st.sampled_from(list(CUTS))) if cuts else st.one_of(*kinds)
    numbers = st.integers(0, 7)
    no_grad = st.sampled_from([False, False, False, False, True]) if cuts else st.just(False)
    return st.lists(st.builds(Statement, lines, numbers, numbers, no_grad), min_size=1, max_size=10)


STARTS = [
    [[0.31, -0.73], [1.13, 0.42], [-0.19, 0.94]],
    [0.61, -1.23],
    [[0.52, 0.11], [-0.37, 0.83], [0.23, -0.57]],
]


class Running:
    """A program that runs on one engine: its variables, two leaves that require grad and a constant at first."""

    def __init__(self, engine: Any, starts: list[Any]) -> None:
        self.engine = engine
        self.variables = [engine.tensor(start, dtype=engine.float64) for start in starts]
        for x in self.variables[:2]:
            x.requires_grad_()
        self.leaves = self.variables[:2]
        self.versions = [0, 0, 0]
        self.error: Exception | None = None

    def operands(self, statement: Statement) -> tuple[Any, Any]:
        """The variables of a line."""
        return self.variables[statement.x % len(self.variables)], self.variables[statement.y % len(self.variables)]

    def run(self, statement: Statement) -> bool:
        """Run a line; whether it was refused."""
        x, y = self.operands(statement)
        answer(lambda: x.grad_fn)  # PyTorch takes some views for leaves until one has asked
        answer(lambda: y.grad_fn)
        try:
            with self.engine.set_grad_enabled(not statement.no_grad):
                made = LINES[statement.line](self.engine, x, y)
        except Exception as error:
            self.error = error
            return True
        if made is not None and not any(made is x for x in self.variables):
            self.variables.append(made)
            self.versions.append(made._version)  # of a deepcopy it is 1 in PyTorch
        return False

    def seen(self) -> list[Any]:
        """What is to be seen of each variable."""
        return [
            (
                x.detach().tolist(),
                x.requires_grad,
                answer(lambda x=x: x.is_leaf),
                answer(lambda x=x: x.retains_grad),
                x._version - version,
                x._is_view(),
                [x._base is other for other in self.variables],
            )
            for x, version in zip(self.variables, self.versions, strict=True)
        ]

    def loss(self) -> Any:
        """A sum over all variables."""
        return sum((x * (i + 1)).sum() for i, x in enumerate(self.variables))

    def end(self) -> Any:
        """The loss, and the gradients of all variables; or the error."""
        try:
            loss = self.loss()
            if loss.requires_grad:
                loss.backward()
        except RuntimeError as error:
            self.error = error
            return "refused"
        return [loss.item(), loss.requires_grad, [x.grad is not None and x.grad.tolist() for x in self.variables]]


def answer(question: Callable[[], Any]) -> Any:
    """An answer, or that there is none."""
    try:
        return question()
    except RuntimeError:
        return "refused"

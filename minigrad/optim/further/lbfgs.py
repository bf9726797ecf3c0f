"""L-BFGS: steps that take the curvature into account, as far as the last gradients tell of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from minigrad.autograd import grad_mode
from minigrad.ops.creation import zeros_like
from minigrad.ops.shaping import cat
from minigrad.optim.further.line_search import Point, Search
from minigrad.optim.optimizer import Optimizer, check_learning_rate
from minigrad.tensor import Tensor


class LBFGS(Optimizer):
    """L-BFGS (Liu and Nocedal, 1989, https://doi.org/10.1007/BF01589116): for the loss of all data, not of batches.

    One `step(closure)` makes up to max_iter iterations, for which it calls closure (clear the gradients, compute the
    loss, call backward, return the loss) up to max_eval times, 5/4 of max_iter if not given.  At each, with the
    gradient g of all parameters as one vector::

        d = -H @ g                                       H: an estimate of the inverse of the second derivatives
        p = p + t * d                                    t = lr, or as far as a line search goes
        y, s = change of g, t * d                        kept for H: old_dirs, old_stps, the last history_size of them

    It ends early when no gradient is above tolerance_grad, or no number and not the loss changes by more than
    tolerance_change.  line_search_fn: None or "strong_wolfe", which looks for a lower loss along d, from lr on.
    ValueError for a negative lr or several parameter groups; RuntimeError from `step` for another line search.
    All state is kept for the first parameter.  https://docs.pytorch.org/docs/stable/generated/torch.optim.LBFGS.html

    >>> import minigrad as torch
    >>> p = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = torch.optim.LBFGS([p], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = ((p - 3) ** 2 * torch.tensor([1.0, 10.0])).sum()
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure)
    tensor(14., grad_fn=<SumBackward0>)
    >>> p
    tensor([3.0000, 3.0000], requires_grad=True)
    """

    needs_closure = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_learning_rate(lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    def step(self, closure: Callable[[], Any]) -> Any:
        """Make up to max_iter iterations.

        closure: computes the loss anew, with its gradients; its first result is returned.
        """
        group = self.param_groups[0]
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")
        state = self.state[group["params"][0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        with grad_mode.no_grad():
            first_loss = evaluated(closure)
            state["func_evals"] += 1
            self.iterate(closure, float(first_loss), self.gradient())
        return first_loss

    def iterate(self, closure: Callable[[], Any], loss: float, gradient: Tensor) -> None:
        """The iterations of one step, from a loss and its gradient."""
        group = self.param_groups[0]
        state, lr = self.state[group["params"][0]], float(group["lr"])
        evaluations = 1
        for number in range(1, group["max_iter"] + 1):
            if largest(gradient) <= group["tolerance_grad"]:
                break
            state["n_iter"] += 1
            is_first = state["n_iter"] == 1
            d = first_direction(state, gradient) if is_first else next_direction(state, gradient, group["history_size"])
            t: Any = first_length(gradient) * lr if is_first else lr
            state.update(d=d, t=t, prev_flat_grad=gradient, prev_loss=loss)
            slope = gradient.dot(d)
            if slope > -group["tolerance_change"]:
                break
            before = evaluations
            if group["line_search_fn"] is not None:
                search = Search(
                    partial(self.tried, closure, d),
                    Point(0, loss, gradient, slope),
                    group["max_eval"] - evaluations,
                    group["tolerance_change"],
                    largest(d),
                )
                t, loss, gradient, _ = search.found(t)
                self.move(t, d)
                evaluations += search.evaluations
            else:
                self.move(t, d)
                if number < group["max_iter"]:  # after the last move nothing is computed: the next step does it
                    loss, gradient = float(evaluated(closure)), self.gradient()
                    evaluations += 1
            state["t"] = t
            state["func_evals"] += evaluations - before
            if evaluations >= group["max_eval"]:
                break
            if largest(d * t) <= group["tolerance_change"]:
                break
            if abs(loss - state["prev_loss"]) < group["tolerance_change"]:
                break

    def gradient(self) -> Tensor:
        """The gradients of all parameters as one vector, with zeros for those that have none."""
        params = self._params()
        if all(p.grad is None for p in params):
            self.warn_of_no_gradient()
        return cat([zeros_like(p).reshape(-1) if p.grad is None else p.grad.reshape(-1) for p in params])

    def move(self, t: Any, d: Tensor) -> None:
        """p += t * d."""
        start = 0
        for p in self._params():
            stop = start + p.numel()
            p.add_(d[start:stop].reshape(p.shape), alpha=t)
            start = stop

    def tried(self, closure: Callable[[], Any], d: Tensor, t: Any) -> Point:
        """What is known of a place t * d away.  The parameters stay where they are."""
        before = [p.clone() for p in self._params()]
        self.move(t, d)
        loss, gradient = float(evaluated(closure)), self.gradient()
        for p, values in zip(self._params(), before):
            p.copy_(values)
        return Point(t, loss, gradient, gradient.dot(d))


def evaluated(closure: Callable[[], Any]) -> Any:
    """The loss, with its gradients, computed anew."""
    with grad_mode.enable_grad():
        return closure()


def first_length(gradient: Tensor) -> Any:
    """How far to go along the first direction: the parameters move by 1 in all, or less."""
    return min(1.0, 1.0 / gradient.abs().sum())


def largest(x: Tensor) -> Tensor:
    """The size of the largest number."""
    result: Tensor = x.abs().max()
    return result


def first_direction(state: dict[str, Any], gradient: Tensor) -> Tensor:
    """The direction to begin with: nothing is known of the curvature yet."""
    state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
    d: Tensor = -gradient
    return d


def next_direction(state: dict[str, Any], gradient: Tensor, history_size: int) -> Tensor:
    """-H @ gradient, after the last move was added to the history: Nocedal and Wright, 2006, algorithm 7.4."""
    remember(state, gradient - state["prev_flat_grad"], state["d"] * state["t"], history_size)
    ys, ss, ro = state["old_dirs"], state["old_stps"], state["ro"]
    al = state.setdefault("al", [None] * history_size)
    q: Tensor = -gradient
    for i in reversed(range(len(ys))):
        al[i] = ss[i].dot(q) * ro[i]
        q.add_(ys[i], alpha=-al[i])
    d: Tensor = q * state["H_diag"]
    for i in range(len(ys)):
        d.add_(ss[i], alpha=al[i] - ys[i].dot(d) * ro[i])
    return d


def remember(state: dict[str, Any], y: Tensor, s: Tensor, history_size: int) -> None:
    """Add a change of the gradient and the move that it came with to the history, if the curvature is positive."""
    curvature = y.dot(s)
    if not curvature > 1e-10:
        return
    if len(state["old_dirs"]) == history_size:
        for name in ("old_dirs", "old_stps", "ro"):
            state[name].pop(0)
    state["old_dirs"].append(y)
    state["old_stps"].append(s)
    state["ro"].append(1.0 / curvature)
    state["H_diag"] = curvature / y.dot(y)

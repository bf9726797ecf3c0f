"""When a loss does not fall: what is looked at first, on a copy of the model, and what to write instead."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import optim
from minigrad.arrays import copy_of
from minigrad.nn.dropout import _DropoutNd
from minigrad.nn.normalization import _BatchNorm
from minigrad.random import get_rng_state, set_rng_state
from minigrad.watch.arrays import Seen, not_finite, number, shape_text
from minigrad.watch.flow import SMALL, dead_units, norm_of_last_layer
from minigrad.watch.observers import watched_by
from minigrad.watch.reasons import why_none
from minigrad.watch.tape import Op, Tape

ROWS, STEPS = 8, 100
"""So many rows, learnt by heart in so many steps."""
LITTLE, MUCH = 1e-5, 1.0
"""By what share of itself a weight should at least, and at most, change in a step."""


@dataclass(frozen=True)
class Finding:
    """What is wrong, or may be, and what to write."""

    what: str
    write: str


def check(model: Any, loss_function: Callable[[Any, Any], Any], X: Any, y: Any, optimizer: Any = None) -> str:
    """Look a model, its loss and a batch over for the usual reasons why a loss does not fall.

    All is done on a copy: the model, its gradients, the optimizer and the random numbers stay as they are.
    """
    state = get_rng_state()
    try:
        with warnings.catch_warnings():  # what they would say is in the findings
            warnings.simplefilter("ignore")
            return looked_over(model, loss_function, X, y, optimizer)
    finally:
        set_rng_state(state)


def looked_over(model: Any, loss_function: Any, X: Any, y: Any, optimizer: Any) -> str:
    """The report; it draws random numbers."""
    copied, steps = copy.deepcopy((model, optimizer))
    forget_gradients(copied)
    tape, error = watched_step(copied, loss_function, X, y)
    findings = [*of_data(X, y), *of_modes(copied), *of_shapes(tape, X, y, error)]
    if error is None:
        findings += [*of_loss(tape), *of_gradients(tape, copied), *of_former_gradients(model, copied)]
        findings += of_steps(copied, steps, lambda: loss_function(copied(X), y))
        learnt, more = by_heart(copy.deepcopy((model, optimizer)), loss_function, X, y)
        findings += more
    else:
        kind = type(error).__name__
        learnt = f"The step ended in an error: {kind}: {str(error).splitlines()[0] if str(error) else ''}"
    return report(findings, learnt)


def report(findings: list[Finding], learnt: str) -> str:
    """The findings, numbered."""
    lines = [f"{len(findings)} finding{'s' * (len(findings) != 1)}." if findings else "Nothing found."]
    for i, finding in enumerate(findings, 1):
        lines += [f"{i}. {finding.what}", f"   {finding.write}"]
    return "\n".join([*lines, learnt])


def forget_gradients(model: Any) -> None:
    """Start without gradients."""
    for p in model.parameters():
        p.grad = None


def watched_step(model: Any, loss_function: Any, X: Any, y: Any) -> tuple[Tape, Exception | None]:
    """One step, forward and backward, and the error that ended it."""
    tape, error = Tape(), None
    with watched_by(tape):
        try:
            loss_function(model(X), y).backward()
        except Exception as raised:
            error = raised
    tape.names.learn_module("model", model)
    tape.finish(None, error)
    return tape, error


def of_data(X: Any, y: Any) -> Iterator[Finding]:
    """Numbers that are not finite, or large."""
    for name, data in (("X", X), ("y", y)):
        s = Seen(data).statistics
        if not_finite(s):
            yield Finding(
                f"{name} holds {not_finite(s)}.", f"Find them by torch.isfinite({name}), and leave those rows out."
            )
    if X.is_floating_point() and X.numel():
        largest = float(np.abs(Seen(X).host).max())
        if largest > 50:
            scaled = "X = (X - X.mean(0)) / X.std(0), or X / 255 for images"
            yield Finding(
                f"X holds numbers up to {number(largest)}: steps are then too large.", f"Scale them: {scaled}."
            )


def of_modes(model: Any) -> Iterator[Finding]:
    """Evaluation mode, and parameters that do not learn."""
    resting = [part for part in model.modules() if not part.training and isinstance(part, (_DropoutNd, _BatchNorm))]
    if not model.training or resting:
        what = f"Evaluation mode is on{' (it matters to ' + type(resting[0]).__name__ + ')' if resting else ''}."
        yield Finding(what, "Call model.train() before each epoch of training.")
    if not any(p.requires_grad for p in model.parameters()):
        yield Finding(
            "No parameter needs a gradient: nothing can learn.",
            "Assign layers to attributes of the module (lists of them as nn.ModuleList); undo requires_grad_(False).",
        )


def of_shapes(tape: Tape, X: Any, y: Any, error: Exception | None) -> Iterator[Finding]:
    """A column of predictions beside a row of targets."""
    made = output_of(tape)
    if made is not None and made.node.shape != y.shape and np.prod(made.node.shape, dtype=int) == y.numel() > 1:
        mixed = "the loss is that of every prediction with every target" if error is None else "they do not fit"
        yield Finding(
            f"model(X) is {shape_text(made.node.shape)} and y {shape_text(y.shape)}: {mixed}.",
            f"Give both one shape: loss_function(model(X).reshape(y.shape), y). (X is {shape_text(X.shape)}.)",
        )


def output_of(tape: Tape) -> Op | None:
    """The last op that the model recorded."""
    of_model = [op for op in tape.ops if op.modules and tape.names.of_module(op.modules[0]) == "model"]
    return of_model[-1] if of_model else None


def of_loss(tape: Tape) -> Iterator[Finding]:
    """What a loss is given that it computes itself."""
    made_by = {op.node: op.name for op in tape.ops}
    for op in tape.ops:
        given = op.operands[0]
        maker = made_by.get(given.edge, "") if given.edge is not None else ""
        if op.name == "cross_entropy" and (maker == "softmax" or looks_like_probabilities(given.value)):
            yield Finding(
                "cross_entropy is given probabilities: it computes the softmax itself, and a second one flattens it.",
                "Leave the softmax out of the model; use it only to show probabilities.",
            )
        if op.name == "binary_cross_entropy_with_logits" and maker == "sigmoid":
            yield Finding(
                "binary_cross_entropy_with_logits is given probabilities: it computes the sigmoid itself.",
                "Leave the sigmoid out of the model, or use BCELoss.",
            )
        if op.name == "nll_loss" and given.value is not None and (given.value.host > 1e-6).any():
            yield Finding(
                "nll_loss is given numbers above 0: they are no logarithms of probabilities.",
                "Use cross_entropy, or log_softmax before it.",
            )


def looks_like_probabilities(value: Seen | None) -> bool:
    """Whether rows are positive and sum to 1."""
    if value is None or value.host.ndim != 2 or not value.host.size:
        return False
    return bool((value.host >= 0).all() and np.allclose(value.host.sum(1), 1, atol=1e-4))


def of_gradients(tape: Tape, model: Any) -> Iterator[Finding]:
    """Gradients that are None, nothing, not finite or vanishing, and units that are dead."""
    norms = {leaf: grad.statistics.norm for leaf, grad in tape.grads.items() if grad is not None}
    last = norm_of_last_layer(tape, norms)
    for path, p in model.named_parameters():
        name = f"model.{path}"
        if not p.requires_grad:
            continue
        if p.grad is None:
            yield Finding(
                f"{name}.grad is None. {why_none(tape, p)}", "Use it in forward, or take it out of the model."
            )
            continue
        s = Seen(p.grad).statistics
        if not_finite(s):
            yield Finding(
                f"{name}.grad holds {not_finite(s)}.", 'See where from: with minigrad.watch(stop_at="nonfinite"): ...'
            )
        elif s.norm == 0:
            yield Finding(
                f"{name}.grad is all zeros: it cannot learn.", "See where they become 0: print(step.explain())."
            )
        elif s.norm < SMALL * last:
            yield Finding(
                f"{name}.grad is {number(s.norm)}, below {SMALL:g} of the last layer's: it hardly learns.",
                "Use fewer layers, ReLU in place of sigmoid or tanh, normalization, or connections around blocks.",
            )
    for line in dead_units(tape):
        yield Finding(f"{line}.", "They get no gradient. A smaller learning rate, LeakyReLU, or another seed may help.")


def of_former_gradients(model: Any, fresh: Any) -> Iterator[Finding]:
    """Gradients that were there already, and are as large as those of several steps."""
    both = [(p.grad, q.grad) for p, q in zip(model.parameters(), fresh.parameters())]
    both = [(former, new) for former, new in both if former is not None and new is not None]
    before = sum(Seen(former).statistics.norm ** 2 for former, _ in both) ** 0.5
    now = sum(Seen(new).statistics.norm ** 2 for _, new in both) ** 0.5
    if now and before > 3 * now:
        yield Finding(
            f"The model's gradients are {number(before / now)} times as large as those of this one batch: they may "
            "have been added up over several steps.",
            "Call optimizer.zero_grad() in every step, before loss.backward().",
        )


def of_steps(model: Any, optimizer: Any, compute_loss: Callable[[], Any]) -> Iterator[Finding]:
    """How far an optimizer's step moves the weights."""
    if optimizer is None:
        return
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    missing = [name for name, p in model.named_parameters() if p.requires_grad and id(p) not in held]
    if missing:
        yield Finding(
            f"The optimizer does not have model.{missing[0]}"
            + (f" and {len(missing) - 1} more." if missing[1:] else "."),
            "Make it after the model is complete: optimizer = torch.optim.SGD(model.parameters(), ...).",
        )
    weights = [(name, p, copy_of(p.array)) for name, p in model.named_parameters() if p.ndim > 1 and p.grad is not None]
    if needs_closure(optimizer):
        optimizer.step(closure_of(optimizer, compute_loss))
    else:
        optimizer.step()
    shares = {name: share(p, old) for name, p, old in weights if id(p) in held}
    if shares and max(shares.values()) < LITTLE:
        name = max(shares, key=shares.__getitem__)
        yield Finding(
            f"A step changes the weights by at most {number(shares[name])} of themselves (model.{name}).",
            "Use a larger learning rate: about 1e-3 of themselves is usual.",
        )
    if shares and max(shares.values()) > MUCH:
        name = max(shares, key=shares.__getitem__)
        yield Finding(
            f"A step changes model.{name} by {number(shares[name])} of itself.",
            "Use a smaller learning rate: about 1e-3 of themselves is usual.",
        )


def needs_closure(optimizer: Any) -> bool:
    """Whether an optimizer computes the loss itself, as LBFGS does."""
    return getattr(optimizer, "needs_closure", False)


def closure_of(optimizer: Any, compute_loss: Callable[[], Any]) -> Callable[[], Any]:
    """What computes a loss with its gradients, and gives it back."""

    def closure() -> Any:
        loss = compute_loss()
        optimizer.zero_grad()
        loss.backward()
        return loss

    return closure


def share(p: Any, old: Any) -> float:
    """By what share of its norm a weight has changed."""
    before, after = Seen(old), Seen(p)
    return float(np.linalg.norm(after.host - before.host) / max(before.statistics.norm, 1e-12))


def by_heart(copies: Any, loss_function: Any, X: Any, y: Any) -> tuple[str, list[Finding]]:
    """Whether a few rows can be learnt by heart, which any model should that can learn at all."""
    model, optimizer = copies
    forget_gradients(model)
    if optimizer is None:
        optimizer = optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01)
    X, y = X[:ROWS], y[:ROWS]
    closure = closure_of(optimizer, lambda: loss_function(model(X), y))
    losses = []
    for _ in range(STEPS):
        if needs_closure(optimizer):
            loss = optimizer.step(closure)
        else:
            loss = closure()
            optimizer.step()
        losses.append(loss.item())
    went = f"from {number(losses[0])} to {number(losses[-1])}"
    learnt = f"In {STEPS} steps of {type(optimizer).__name__} on {len(X)} rows the loss goes {went}."
    if losses[-1] < 0.9 * losses[0]:
        return learnt, []
    return learnt, [
        Finding(
            f"It cannot learn {len(X)} rows by heart: the loss goes {went}.",
            "Look at the other findings first; else at the data: do X and y belong together?",
        )
    ]

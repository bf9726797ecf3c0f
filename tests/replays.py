"""Steps to replay, and what of them a page must show, from the tape alone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import minigrad
from minigrad import nn
from minigrad.watch import draw as drawing
from minigrad.watch.arrays import Seen


def has_graphviz() -> bool:
    try:
        drawing.laid_out("digraph {a -> b}", "svg")
    except RuntimeError:
        return False
    return True


needs_graphviz = pytest.mark.skipif(not has_graphviz(), reason="there is no Graphviz: pip install graphviz-pure")


def circles() -> Any:
    """The first step of the lesson's net, on 800 points."""
    minigrad.manual_seed(42)
    model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    x, y = minigrad.randn(800, 2), minigrad.randint(0, 2, (800,)).float()
    with minigrad.watch() as step:
        logits = model(x).squeeze()
        loss = nn.functional.binary_cross_entropy_with_logits(logits, y)
        loss.backward()
    return step, model


def convolutions() -> Any:
    """A net that looks at images."""
    minigrad.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 2))
    x, y = minigrad.randn(5, 1, 6, 6), minigrad.tensor([0, 1, 1, 0, 1])
    with minigrad.watch() as step:
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
    return step, model


def figures(tape: Any) -> list[list[Seen | None]]:
    """The arrays that each step shows, in order: of an op its operands and result, of a rule from g to the sum."""
    shown: list[list[Seen | None]] = []
    begin = 0
    for one in tape.passes:
        shown += map(figures_of_op, tape.ops[begin : one.recorded_before])
        shown.append([one.arrived[root] for root in one.roots])
        shown += map(figures_of_message, one.messages)
        begin = one.recorded_before
    grads = [grad for grad in tape.grads.values() if grad is not None]
    return [*shown, *map(figures_of_op, tape.ops[begin:]), grads]


def figures_of_op(op: Any) -> list[Seen | None]:
    return [*(x.value for x in op.operands if x.value is not None), op.value]


def figures_of_message(message: Any) -> list[Seen | None]:
    on_the_way = list((message.run.locals if message.run else {}).values())
    shown = [message.g, *(seen for seen in on_the_way if not seen.same_as(message.sent)), message.sent]
    if message.axes:
        shown.append(message.fitted)
    if message.before is not None:
        shown += [message.before, message.total]
    return shown


def data_of(page: Path | str) -> Any:
    """What a page was given to show."""
    text = page if isinstance(page, str) else page.read_text(encoding="utf-8")
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, flags=re.DOTALL)
    return json.loads(found)

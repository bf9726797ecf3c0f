"""Draws docs/graph.svg, the graph of the README's expression; needs `pip install graphviz-pure`."""

from __future__ import annotations

from pathlib import Path

import minigrad as torch

w, b = torch.tensor(2.0, requires_grad=True), torch.tensor(-1.0, requires_grad=True)
x, y = torch.tensor(3.0), torch.tensor(2.0)
with torch.watch() as step:
    loss = (w * x + b - y) ** 2
    loss.backward()
step.draw(Path(__file__).with_suffix(".svg"), sideways=True)

"""Draws docs/graph.svg, the graph of the README's expression; needs `pip install graphviz-pure`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import minigrad as torch

HERE = Path(__file__).parent

STYLE = """
    rankdir=LR; nodesep=0.3; ranksep=0.45; pad=0.25; bgcolor="#fbfcfe";
    node [fontname="Helvetica", fontsize=14, color="#5b6b80", fontcolor="#182433", penwidth=1.2, margin="0.14,0.07"];
    edge [fontname="Helvetica", fontsize=12, color="#5b6b80", fontcolor="#182433", arrowsize=0.7, penwidth=1.2];
"""

ABOVE_THE_LINE = '<br/><font point-size="5"> </font>'


def main() -> None:
    """Compute the expression, and draw what minigrad says of it."""
    w, b = torch.tensor(2.0, requires_grad=True), torch.tensor(-1.0, requires_grad=True)
    x, y = torch.tensor(3.0), torch.tensor(2.0)
    product = w * x
    prediction = product + b
    error = prediction - y
    loss = error**2
    for result in (product, prediction, error, loss):
        result.retain_grad()
    loss.backward()

    lines = [leaf("w", w), leaf("x", x), leaf("b", b), leaf("y", y)]
    lines += [op("mul", "*"), op("add", "+"), op("sub", "-"), op("pow", "**2")]
    lines += [f'"{name}" -> "{op}"' for name, op in [("w", "mul"), ("x", "mul"), ("b", "add"), ("y", "sub")]]
    steps = [("mul", product, "add"), ("add", prediction, "sub"), ("sub", error, "pow"), ("pow", loss, "loss")]
    lines += [f'"{one}" -> "{other}" [label={described("", result)}, weight=9]' for one, result, other in steps]
    lines.append('loss [shape=box, style="rounded,filled", fillcolor="#e1f1e6", label=<<b>loss</b>>]')
    dot = "digraph {" + STYLE + ";\n".join(lines) + "}"
    subprocess.run(["graphviz-pure", "-Tsvg", f"-o{HERE / 'graph.svg'}"], input=dot, text=True, check=True)


def leaf(name: str, tensor: torch.Tensor) -> str:
    """A tensor of the script; one that gets a gradient in the colour of parameters."""
    colour = "#fdf0d2" if tensor.requires_grad else "#eef1f5"
    return f'"{name}" [shape=box, style=filled, fillcolor="{colour}", label={described(name, tensor)}]'


def op(name: str, sign: str) -> str:
    """An op, by its sign."""
    return f'"{name}" [shape=circle, style=filled, fillcolor="#dfe9f5", margin=0.04, label=<<b>{sign}</b>>]'


def described(name: str, tensor: torch.Tensor) -> str:
    """A label: the name, the value and, under it, the gradient."""
    label = f"<b>{name}</b> = {tensor.item():g}" if name else f"{tensor.item():g}"
    if tensor.grad is None:
        return f"<{label}>"
    return f'<{label}<br/><font color="#9a4a00">grad {tensor.grad.item():g}</font>{"" if name else ABOVE_THE_LINE}>'


if __name__ == "__main__":
    main()

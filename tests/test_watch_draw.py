"""The picture of a step: its text in DOT, and that Graphviz takes it."""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from processes import python
from replays import needs_graphviz
from test_watch import SCRIPT, residual

import minigrad
from minigrad import nn
from minigrad.watch import command
from minigrad.watch import draw as module

DOCS = Path(__file__).parent.parent / "docs"


def dot_of(step: Any, tmp_path: Path, **options: Any) -> str:
    step.draw(tmp_path / "step.dot", **options)
    return (tmp_path / "step.dot").read_text()


def expression() -> Any:
    w, b = minigrad.tensor(2.0, requires_grad=True), minigrad.tensor(-1.0, requires_grad=True)
    x, y = minigrad.tensor(3.0), minigrad.tensor(2.0)
    with minigrad.watch() as step:
        loss = (w * x + b - y) ** 2
        loss.backward()
    return step


def words(dot: str) -> list[str]:
    """What a reader sees of nodes and edges: their texts, and the arrows between them."""
    lines = [line for line in dot.splitlines() if re.match(r"(op|subgraph|label|\})", line)]
    texts = [re.sub(r"\[.*?label=<", "", line) for line in lines]
    texts = [re.sub(r"<br[^>]*>|</td>|</tr>", " ", text) for text in texts]
    texts = [re.sub(r"label=(?:<[^>]*>)*\d+  ", "label=N ", text) for text in texts]
    return [re.sub(r" +", " ", re.sub(r"<[^>]*>|>\];$|>;.*$", "", text)).strip() for text in texts]


EXPRESSION = """\
subgraph cluster_1 { id="box1"; class="line";
label=N loss = (w * x + b - y) ** 2
op1 mul w = 2 grad 18 x = 3
op2 add b = -1 grad 6
op3 sub y = 2
op4 pow 2 loss = 9
}
op1 -> op2 6 grad 6
op2 -> op3 5 grad 6
op3 -> op4 3 grad 6
}"""


def test_a_line(tmp_path):
    dot = dot_of(expression(), tmp_path)
    assert "\n".join(words(dot)) == EXPRESSION


def test_sideways(tmp_path):
    assert "rankdir=TB" in dot_of(expression(), tmp_path)
    assert "rankdir=LR" in dot_of(expression(), tmp_path, sideways=True)


def test_parameters_stand_in_their_ops_and_equal_layers_once(tmp_path):
    minigrad.manual_seed(0)
    layers = [part for _ in range(9) for part in (nn.Linear(16, 16), nn.ReLU())]
    model = nn.Sequential(*layers, nn.Linear(16, 3))
    x = minigrad.randn(32, 16)
    with minigrad.watch() as step:
        loss = model(x).sum()
        loss.backward()
    shown = words(dot_of(step, tmp_path))
    norms = [f"{seen.statistics.norm:.3g}" for seen in step.tape.grads.values()]
    assert f"op1 linear model.0 x 9 x 32x16 weight 16x16 |grad| {norms[0]} bias 16 |grad| {norms[1]}" in shown
    assert "op2 relu model.1 x 9" in shown
    assert f"op19 linear model.18 weight 3x16 |grad| {norms[-2]} bias 3 |grad| {norms[-1]}" in shown
    assert sum(line.startswith("op2 -> op1 ") for line in shown) == 1
    assert any(line.startswith("op2 -> op19 32x16 |grad|") for line in shown)
    assert 'label="repeats"' in dot_of(step, tmp_path)


def test_a_residual_net(tmp_path):
    step, _ = residual()
    dot = dot_of(step, tmp_path)
    shown = words(dot)
    assert "label=model.1 (Block)" in shown
    assert "op48 36 ops 12 pow, 12 sum, 12 add reads 12 parameters" in shown
    assert "op48 -> op52 penalty 15.1 grad 0.01" in shown
    assert "->" not in "".join(line for line in dot.splitlines() if ":x" in line)
    nodes = set(re.findall(r"^(op\d+) \[", dot, flags=re.MULTILINE))
    ends = re.findall(r"(op\d+) -> (op\d+)", dot)
    assert {name for pair in ends for name in pair} == nodes


def test_a_parameter_that_is_used_again_has_a_dashed_arrow(tmp_path):
    w = minigrad.ones(2, 2, requires_grad=True)
    with minigrad.watch() as step:
        ((w * 2) @ w).sum().backward()
    dot = dot_of(step, tmp_path)
    assert 'op1:x1 -> op2 [id="x1-op2", class="again", style=dashed, weight=0, arrowhead=open];' in dot


def test_texts_that_mean_something_to_html_are_safe(tmp_path):
    x = minigrad.tensor([1.0, -1.0], requires_grad=True)
    with minigrad.watch() as step:
        minigrad.where(x < 0, x * 2, x).sum().backward()
    assert "minigrad.where(x &lt; 0, x * 2, x).sum().backward()" in dot_of(step, tmp_path)


def test_after_the_fact(tmp_path):
    w = minigrad.tensor([1.0, 2.0], requires_grad=True)
    loss = (w * 3).sum()
    minigrad.draw(loss, tmp_path / "loss.dot")
    assert w.grad is None
    assert "op1 mul w 2 |grad| 4.24 3" in words((tmp_path / "loss.dot").read_text())


@needs_graphviz
@pytest.mark.parametrize("kind", ["svg", "png"])
def test_graphviz_takes_it(tmp_path, kind):
    step, _ = residual()
    step.draw(tmp_path / f"step.{kind}")
    picture = (tmp_path / f"step.{kind}").read_bytes()
    if kind == "png":
        assert picture.startswith(b"\x89PNG")
    else:
        text = "".join(ET.fromstring(picture).itertext())
        assert "penalty" in text
        assert "12 pow, 12 sum, 12 add" in text


def test_without_graphviz_the_error_names_both(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda command, path: None)
    with pytest.raises(RuntimeError, match=r"pip install graphviz-pure .* whose command is dot"):
        expression().draw(tmp_path / "step.svg")
    assert not (tmp_path / "step.svg").exists()


def test_dot_is_the_second_choice(monkeypatch):
    asked = []
    monkeypatch.setattr(shutil, "which", lambda command, path: asked.append(command))
    with pytest.raises(RuntimeError):
        module.laid_out("digraph {}", "svg")
    assert asked == ["graphviz-pure", "dot"]


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"ends in .svg, .png or .dot, but this one is 'step.pdf'"):
        expression().draw(tmp_path / "step.pdf")


def test_on_the_command_line(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    ended = python("-m", "minigrad", "--draw", "step.dot", "--step", "3", "script.py", cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "epoch 0\nepoch 1\n"
    assert "op1 linear model.0 x 6x2 weight 3x2 |grad| " in "\n".join(words((tmp_path / "step.dot").read_text()))
    ended = python("-m", "minigrad", "--draw", "script.py", cwd=tmp_path)
    assert ended.returncode == 2
    assert "--draw needs the name of a picture, which ends in .svg, .png, .dot" in ended.stderr


@needs_graphviz
def test_the_picture_of_the_readme_is_of_today(tmp_path):
    (tmp_path / "graph.py").write_text((DOCS / "graph.py").read_text())
    ended = python(str(tmp_path / "graph.py"))
    assert (ended.returncode, ended.stderr) == (0, "")
    texts = [list(ET.parse(folder / "graph.svg").getroot().itertext()) for folder in (tmp_path, DOCS)]
    assert [text.strip() for text in texts[0] if text.strip()] == [text.strip() for text in texts[1] if text.strip()]


def test_without_graphviz_the_command_says_so_before_the_script_runs(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda command, path: None)
    with pytest.raises(command.Wrong, match="pip install graphviz-pure"):
        command.drawing([str(tmp_path / "picture.png"), "script.py"])
    command.drawing([str(tmp_path / "picture.dot"), "script.py"])

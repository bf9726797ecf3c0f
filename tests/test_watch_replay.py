"""The page that replays a step: every number on it is the engine's, and it is one file that loads nothing."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import python
from replays import circles, convolutions, data_of, figures, needs_graphviz
from stand_in import installed
from test_watch import SCRIPT, residual, two_lines

import minigrad
from minigrad import nn
from minigrad.watch.arrays import WHOLE, Seen, one_line
from minigrad.watch.replay import page
from minigrad.watch.rules import Run, listing

DOCS = Path(__file__).parent.parent / "docs" / "replay"


def shown(step: Any) -> Any:
    return data_of(page(step.tape))


# Numbers -------------------------------------------------------------------------------------------------------


def check(array: Any, seen: Any) -> None:
    """What a page shows of an array is the array."""
    assert array["text"] == ("" if seen.host.size == 1 else one_line(seen))
    if "tiles" in array:
        many, height, width = array["size"]
        levels = np.frombuffer(base64.b64decode(array["tiles"]), np.uint8).reshape(array["size"])
        images = seen.host.reshape(-1, *seen.shape[-2:])[:many]
        np.testing.assert_allclose(
            (levels - 128.0) / 127 * array["top"], images[:, :height, :width], atol=array["top"] / 253
        )
        return
    got = [np.array(row, seen.host.dtype) for row in array["rows"]]
    matrix = seen.host.reshape(-1, seen.shape[-1] if seen.shape else 1)
    if seen.host.size <= WHOLE:
        np.testing.assert_array_equal(np.concatenate(got), matrix.reshape(-1))
    else:
        np.testing.assert_array_equal(got, matrix[:6, :8])


@pytest.mark.parametrize("make", [two_lines, circles, residual, convolutions])
def test_every_number_is_the_engines(make):
    step, _ = make()
    data = shown(step)
    wanted = figures(step.tape)
    assert len(data["steps"]) == len(wanted)
    for one, arrays in zip(data["steps"], wanted):
        numbers = [figure["array"] for figure in one["before"] + one["after"]]
        assert len(numbers) == len(arrays)
        for number, seen in zip(numbers, arrays):
            check(data["arrays"][number], seen)


def test_the_gradients_of_the_leaves_are_those_in_the_end():
    step, model = residual()
    data = shown(step)
    parameters = dict(model.named_parameters())
    last = {one["leaf"]: one["total"] for one in data["steps"] if "leaf" in one}
    for i, leaf in enumerate(data["leaves"]):
        p = parameters[leaf["name"].removeprefix("model.")]
        assert last[i] == leaf["grad"]
        check(data["arrays"][leaf["grad"]], Seen(p.grad))


def test_numbers_that_json_has_not():
    x = minigrad.tensor([0.0, -1.0, 1.0], requires_grad=True)
    with minigrad.watch() as step:
        x.log().sum().backward()
    data = shown(step)
    (_, result) = [data["arrays"][each["array"]] for each in data["steps"][0]["before"] + data["steps"][0]["after"]]
    assert result["rows"] == [["-inf", "nan", 0]]
    assert data["steps"][0]["note"] == ["33% of them are 0.", "In it are 1 nan, 1 inf."]


def test_equal_arrays_are_written_once():
    data = shown(residual()[0])
    arrays = [str(array) for array in data["arrays"]]
    assert len(arrays) == len(set(arrays))


# The file ------------------------------------------------------------------------------------------------------


@needs_graphviz
@pytest.mark.parametrize(("make", "kilobytes"), [(circles, 150), (convolutions, 150), (residual, 600)])
def test_it_is_small(make, kilobytes):
    assert len(page(make()[0].tape).encode()) < kilobytes * 1000


def test_it_loads_nothing_and_runs_its_own_script_alone(tmp_path):
    step, _ = circles()
    step.replay(tmp_path / "step.html")
    text = (tmp_path / "step.html").read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)\s*=|<link|@import|url\(|fetch\(|import\(", text.partition("<script>")[0])
    assert set(re.findall(r"https?://[^\"'\s<]+", text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', text)
    script = text.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


NASTY = """\
import torch
a = torch.tensor([1.0, 2.0], requires_grad=True)
text = {"</script><script>alert(1)</script><!--": 3.0}
loss = (a * text["</script><script>alert(1)</script><!--"]).sum()  # {{data}} <b>"&amp;
loss.backward()
"""


def test_what_a_script_says_is_text(tmp_path):
    (tmp_path / "nasty.py").write_text(NASTY)
    ended = python("-m", "minigrad", "--replay", "page.html", "nasty.py", cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.count("<script") == text.count("</script") == 2
    assert "<b>" not in text
    assert any('"</script><script>alert(1)</script><!--"' in line[2] for line in data_of(text)["lines"])


@pytest.mark.parametrize("name", ["step.png", "step", "html"])
def test_another_ending_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match=rf"ends in .html, but this one is '{name}'"):
        two_lines()[0].replay(tmp_path / name)


def test_without_graphviz_the_rest_is_there(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda command, path: None)
    text = page(two_lines()[0].tape)
    assert "The picture of the graph needs Graphviz: <code>pip install graphviz-pure</code>" in text
    assert len(data_of(text)["steps"]) == 17


# Steps ---------------------------------------------------------------------------------------------------------


def phases(step: Any) -> list[str]:
    found = [one["phase"] for one in shown(step)["steps"]]
    return [phase for i, phase in enumerate(found) if i == 0 or phase != found[i - 1]]


def test_a_step_in_words():
    data = shown(two_lines()[0])
    titles = [one["title"] for one in data["steps"]]
    assert titles[:3] == ["mul (1)", "add (2) → h", "mul (3)"]
    assert titles[-4:] == ["add (2) → mul (1)", "add (2) → b.grad", "mul (1) → w.grad", "Every gradient is there"]
    broadcast = data["steps"][-2]
    assert broadcast["say"] == (
        "g is the gradient of the result of mul. The rule mul_db makes of it the gradient of w, which it calls b. "
        "Forward, w (1x2) was repeated to 2x2: so backward adds up all those copies. "
        "A gradient had come here before, from another use: the two are added."
    )
    assert [figure["title"] for figure in broadcast["after"]] == [
        "mul_db returns",
        "broadcast undone",
        "was there already",
        "together",
    ]
    file, _, text = data["lines"][broadcast["way"][-1]]
    assert (file, text[slice(*broadcast["mark"])]) == ("test_watch.py", "x * w")


@needs_graphviz
def test_what_a_step_points_at_is_in_the_picture():
    step, _ = residual()
    text = page(step.tape)
    ids = set(re.findall(r' id="([^"]+)"', text.replace("&#45;", "-")))
    for one in data_of(text)["steps"]:
        for each in (*(one.get(key) for key in ("op", "to", "edge", "cell")), *one.get("reveals", [])):
            assert not each or each in ids, one["title"]


def test_several_passes_follow_each_other():
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    with minigrad.watch() as step:
        (slope,) = minigrad.autograd.grad((x**3).sum(), x, create_graph=True)
        (slope * slope).sum().backward()
        (x * 2).sum().backward()
    assert phases(step) == ["forward", "start", "backward"] * 3 + ["end"]
    data = shown(step)
    assert next(one["title"] for one in data["steps"] if "leaf" in one) == "pow (1) → x"
    for one, arrays in zip(data["steps"], figures(step.tape)):
        for figure, seen in zip(one["before"] + one["after"], arrays):
            check(data["arrays"][figure["array"]], seen)


def test_an_error_in_the_step_ends_it():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(4, 1))
    with pytest.raises(RuntimeError, match="cannot be multiplied"), minigrad.watch() as step:
        model(minigrad.ones(5, 2))
    data = shown(step)
    assert [one["title"] for one in data["steps"]] == ["linear (1)", "relu (2)", "Here the step ended: RuntimeError"]
    assert "mat1 and mat2 shapes cannot be multiplied" in data["steps"][-1]["say"]


def test_a_step_in_which_nothing_happened():
    with minigrad.watch() as step:
        pass
    assert [one["title"] for one in shown(step)["steps"]] == ["The end"]


def test_on_a_gpu():
    with installed():
        x = minigrad.tensor([[1.0, -4.0], [3.0, -8.0]], device="cuda")
        w = minigrad.tensor([[0.5, 0.25]], device="cuda", requires_grad=True)
        with minigrad.watch() as step:
            minigrad.relu(x * w + 1.0).mean().backward()
        data = shown(step)
        assert data["arrays"][data["leaves"][0]["grad"]]["rows"] == w.grad.cpu().numpy().tolist()


def test_after_the_fact_it_shows_what_is_kept(tmp_path):
    w = minigrad.tensor([1.0, 2.0], requires_grad=True)
    loss = (w * 3 + 1).sum()
    minigrad.replay(loss, tmp_path / "loss.html")
    assert w.grad is None
    data = data_of(tmp_path / "loss.html")
    assert data["hint"].startswith("The graph keeps only what its rules read")
    results = [one["after"][0]["array"] for one in data["steps"] if one["phase"] == "forward"]
    assert results[0] is None
    assert data["arrays"][results[-1]]["rows"] == [[11.0]]
    with pytest.raises(RuntimeError, match="there is no graph"):
        minigrad.replay(minigrad.ones(2), tmp_path / "none.html")


# Rules ---------------------------------------------------------------------------------------------------------


def of_several_lines(g: Any, _out: Any, a: Any, *, kept: Any = None) -> Any:
    """A rule."""
    if kept is None:
        result = (
            g  # the first
            * a
        )
    else:
        result = g
        result = result * 2
    return result


def test_the_lines_of_a_rule_that_did_not_run():
    lines = listing(of_several_lines, Run({2, 4, 5, 10}, {}))
    assert lines == [
        ("def of_several_lines(g, _out, a, kept):", True),
        ("    if kept is None:", True),
        ("        result = (", True),
        ("            g", True),
        ("            * a", True),
        ("        )", True),
        ("    else:", False),
        ("        result = g", False),
        ("        result = result * 2", False),
        ("    return result", True),
    ]


def test_a_rule_that_was_not_run_again_is_shown_whole():
    assert all(ran for _, ran in listing(of_several_lines, None))
    assert listing(lambda g, _out, a: g * a, None)[0][1]
    assert listing(len, None) == []


# The command, and the pages that are committed -----------------------------------------------------------------


def test_on_the_command_line(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    ended = python("-m", "minigrad", "--replay", "page.html", "--step", "3", "script.py", cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "epoch 0\nepoch 1\n"
    assert "model.0.weight" in {leaf["name"] for leaf in data_of(tmp_path / "page.html")["leaves"]}
    ended = python("-m", "minigrad", "--replay", "script.py", cwd=tmp_path)
    assert ended.returncode == 2
    assert "--replay needs the name of a page, which ends in .html" in ended.stderr


@needs_graphviz
def test_the_pages_of_the_docs_are_of_today(tmp_path):
    for program in DOCS.glob("*.py"):
        shutil.copy(program, tmp_path)
    ended = python(str(tmp_path / "make.py"))
    assert (ended.returncode, ended.stderr) == (0, "")
    names = sorted(file.name for file in DOCS.glob("*.html"))
    assert (
        names
        == sorted(file.name for file in tmp_path.glob("*.html"))
        == ["circles.html", "cnn.html", "expression.html"]
    )
    for name in names:
        same_page((tmp_path / name).read_text(encoding="utf-8"), (DOCS / name).read_text(encoding="utf-8"))


def same_page(ours: str, theirs: str) -> None:
    """Two pages are equal but for the last digits of numbers, and for where Graphviz puts things."""
    same(
        *(
            re.sub(r"<svg width.*?</svg>|<svg\s+role.*?</svg>|<script type.*?</script>", "", each, flags=re.DOTALL)
            for each in (ours, theirs)
        )
    )
    same(*(re.findall(r"<text.*?>(.*?)</text>", each) for each in (ours, theirs)))
    same(*map(data_of, (ours, theirs)))


def same(ours: Any, theirs: Any) -> None:
    """Equal, but for the last digits of numbers."""
    assert type(ours) is type(theirs) or {type(ours), type(theirs)} == {int, float}
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys()
        for key in ours.keys() - {"torch", "tiles"}:  # the last digits of PyTorch's; the last bits of images
            same(ours[key], theirs[key])
    elif isinstance(ours, list):
        assert len(ours) == len(theirs)
        for each in zip(ours, theirs):
            same(*each)
    elif isinstance(ours, str):
        numbers = r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?"
        assert re.sub(numbers, "N", ours) == re.sub(numbers, "N", theirs)
        found = [np.array([float(x) for x in re.findall(numbers, each)]) for each in (ours, theirs)]
        np.testing.assert_allclose(*found, rtol=1e-2, atol=1e-6)
    elif isinstance(ours, (int, float)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-6)
    else:
        assert ours == theirs

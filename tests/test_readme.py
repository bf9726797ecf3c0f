"""The README's programs run and print what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from engines import needs_torch
from processes import python

README = (Path(__file__).parent.parent / "README.md").read_text()
PROGRAMS = re.findall(r"```python\n(import minigrad.*?)```\n(?:\n```\n(.*?)```)?", README, flags=re.DOTALL)


def test_the_readme_has_programs_with_their_output():
    assert sum(bool(output) for _, output in PROGRAMS) >= 2


@pytest.mark.parametrize(("program", "output"), PROGRAMS, ids=range(len(PROGRAMS)))
def test_a_program_of_the_readme(program, output, tmp_path):
    script = tmp_path / "program.py"
    script.write_text(program)
    run = python(script)
    assert run.returncode == 0, run.stderr
    if output:
        assert run.stdout == output


def test_the_first_program_prints_the_same_on_pytorch(tmp_path):
    needs_torch()
    program, output = PROGRAMS[0]
    script = tmp_path / "program.py"
    script.write_text(program.replace("import minigrad as torch", "import torch"))
    for launcher in ([], ["-m", "minigrad"]):
        run = python(*launcher, script)
        assert run.stdout == output, run.stderr


def test_every_file_that_the_readme_names_is_there():
    root = Path(__file__).parent.parent
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (root / target).exists(), target


def test_the_debugger_session_of_the_readme(tmp_path):
    program = next(program for program, _ in PROGRAMS if "c = a @ b" in program)
    script = tmp_path / "step.py"
    script.write_text(program)
    commands = "until 5\nstep\nbreak matmul_da\ncontinue\nargs\nnext\nnext\nup\np node.line\nquit\n"
    run = python("-m", "pdb", script, input=commands)
    assert "matmul(" in run.stdout
    assert "return g @ b.swapaxes(-2, -1)" in run.stdout
    assert "g = array([[1.]], dtype=float32)" in run.stdout
    assert f"{script}:5: c = a @ b" in run.stdout


def test_the_debugger_session_in_a_lesson():
    needs_torch()
    commands = re.findall(r"\(Pdb\) (.*)", README)
    lesson = Path(__file__).parent.parent / "comparisons" / "lessons" / "circles.py"
    run = python("-m", "pdb", "-m", "minigrad", lesson, input="\n".join([*commands, "quit"]))
    assert "linear_dweight()" in run.stdout
    assert "'model(X_train)'" in run.stdout

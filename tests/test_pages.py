"""The README and the other pages: what they tell a reader to do works, and prints what they say."""

from __future__ import annotations

import ast
import re
import shutil
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from engines import needs_torch
from pages import PAGES, PROJECT, Step, agree, follow, numbered, run, steps

from minigrad import launcher

BIN = Path(sys.executable).parent
NEVER = {
    "make test": "these tests are part of it",
    "make slow\nmake fuzz MINUTES=5": "this test is part of the first",
    "make check": "it runs the tests of what is not committed",
    "make benchmarks": "it takes an hour, and compilers",
    "make gpu": "it needs a GPU",
    'pip install -e ".[cuda13]"': "it needs a GPU, and brings gigabytes",
    "python -m comparisons --device cuda circles": "it needs a GPU",
}
"""Commands that no test runs, and why.  That make and pyproject.toml know them is tested."""

LONG = ("pip ", "make ", "python3 -m venv", "--compare", "python -m comparisons", "python -m benchmarks", "pytest")
"""What only the slow test runs: it makes an environment, or takes minutes."""


def is_addition(step: Step) -> bool:
    """Whether a program is to be added to a file of minigrad."""
    return (PROJECT / step.what.file).is_file()


def is_quick(step: Step) -> bool:
    return not (step.what.language == "sh" and any(part in step.what.text for part in LONG)) and is_run(step)


def is_run(step: Step) -> bool:
    is_program = step.what.language == "sh" or step.what.file or step.prints is not None
    return bool(is_program) and step.what.text.partition("#")[0].strip() not in NEVER and not is_addition(step)


@pytest.mark.parametrize("page", PAGES)
def test_programs_and_short_commands_of_a_page(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    monkeypatch.setenv("MPLBACKEND", "agg")
    for folder in ("comparisons", "benchmarks"):
        (tmp_path / folder).symlink_to(PROJECT / folder)
    for step in steps(page):
        if "comparisons" in step.what.text:
            needs_torch()
        if is_quick(step):
            follow(step, tmp_path, BIN)


@pytest.mark.slow
def test_all_pages_word_for_word_in_a_fresh_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The README first, which says how to install; then the others, as its reader would."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    project = tmp_path / "minigrad"
    left_out = shutil.ignore_patterns(".*", "*.egg-info", "__pycache__", "out", "build")
    shutil.copytree(PROJECT, project, ignore=left_out)
    for page in PAGES:
        for step in filter(is_run, steps(page)):
            follow(step, project, project / ".venv" / "bin")


@pytest.mark.parametrize("command", NEVER)
def test_what_no_test_runs_is_known(command: str) -> None:
    makefile, settings = ((PROJECT / name).read_text() for name in ("Makefile", "pyproject.toml"))
    for target in re.findall(r"^make (\w+)", command):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)
    for extra in re.findall(r"\.\[(\w+)\]", command):
        assert re.search(rf"^{extra} = ", settings, flags=re.MULTILINE)
    assert any(command == step.what.text.strip() for page in PAGES for step in steps(page))


def test_the_first_program_prints_the_same_on_pytorch(tmp_path: Path) -> None:
    needs_torch()
    shown = list(steps("README.md"))
    save, command = next(pair for pair in pairwise(shown) if pair[0].what.file == "first.py")
    follow(save, tmp_path, BIN)
    on_torch = run(command.what.text.replace("-m minigrad ", ""), tmp_path, BIN)
    assert command.prints is not None
    assert agree(command.prints, on_torch.stdout)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file(page: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", PAGES[page]):
        assert ((PROJECT / page).parent / target).exists(), target


def test_the_numbers_of_names_are_counted() -> None:
    rows = re.findall(r"`(torch\S*)` \((\d+)(?: names)?\)", PAGES["README.md"])
    assert len(rows) > 5
    counted = {group: len(names) for group, names in launcher.names_of_groups().items()}
    assert {group: int(number) for group, number in rows} == {group: counted[group] for group, _ in rows}


@pytest.mark.parametrize("page", PAGES)
def test_lines_of_minigrads_files_are_those_of_today(page: str) -> None:
    assert numbered(PAGES[page]) == PAGES[page], "`python tests/pages.py` writes them anew"


def test_what_is_printed_is_compared() -> None:
    assert agree("a\n...\nd\n", "a\nb\nc\nd\n")
    assert agree("(Pdb) p 1\n1\n(Pdb) quit\n", "(Pdb) 1\n(Pdb) ")
    assert agree("took 3.1 s\n", "took 0.2 s\n")
    assert not agree("1\n", "2\n")
    assert not agree("a\nd\n", "a\nb\nd\n")


def test_an_op_is_added_as_contributing_says(tmp_path: Path) -> None:
    """The op is taken out of a copy of the project, put in again, with its names in the lists, and tried."""
    needs_torch()
    project = tmp_path / "minigrad"
    for folder in ("minigrad", "tests"):
        shutil.copytree(PROJECT / folder, project / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", project)
    contributing = list(steps("CONTRIBUTING.md"))
    function, method = filter(is_addition, contributing)
    name = ast.parse(function.what.text).body[0].name  # type: ignore[attr-defined]

    def edit(file: str, old: str, new: str) -> None:
        text = (project / file).read_text()
        assert text.count(old) == 1, old
        (project / file).write_text(text.replace(old, new))

    edit(function.what.file, function.what.text, "")
    edit(function.what.file, f'    "{name}",\n', "")
    edit(method.what.file, method.what.text, "")
    edit("tests/registry.py", f'"cos", "{name}", ', '"cos", ')

    with (project / function.what.file).open("a") as file:
        file.write("\n\n" + function.what.text)
    edit(function.what.file, '    "exp",\n', f'    "exp",\n    "{name}",\n')
    edit(method.what.file, "    exp = elementwise.exp\n", f"    exp = elementwise.exp\n{method.what.text}")
    edit("tests/registry.py", '"exp", "sin"', f'"exp", "{name}", "sin"')
    command = next(step.what.text for step in contributing if f'"{name} or' in step.what.text)
    ended = run(f"PYTHONPATH={project} {command}", project, BIN)
    assert ended.returncode == 0, ended.stdout
    assert int(re.findall(r"(\d+) passed", ended.stdout)[0]) > 5

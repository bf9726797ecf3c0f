"""The exercises of the lessons: a right answer passes, on both engines, and each wrong one gets its hint."""

import inspect
import sys
from pathlib import Path

import pytest
from engines import torch
from exercise_answers import RIGHT, WRONG
from processes import python

import minigrad
from comparisons.__main__ import LESSONS
from comparisons.exercise import NUMBERS, checked, checks_of, listed, parts, task_of, told

PROJECT = Path(__file__).parent.parent
CASES = [(lesson, *change) for lesson, changes in WRONG.items() for change in changes]


@pytest.fixture
def on_minigrad(monkeypatch):
    """An answer that imports torch gets minigrad."""
    for name, module in (("torch", minigrad), ("torch.nn", minigrad.nn)):
        monkeypatch.setitem(sys.modules, name, module)


def results(lesson, text, folder, engine):
    """What the check says of an answer: titles, and the hint or None."""
    file = folder / "my_answer.py"
    file.write_text(text)
    return list(checked(task_of(lesson), file, engine))


@pytest.mark.parametrize("lesson", NUMBERS)
def test_a_right_answer_passes_on_minigrad(lesson, tmp_path, on_minigrad):
    got = results(lesson, RIGHT[lesson], tmp_path, minigrad)
    assert [hint for _, hint in got if hint] == []
    assert len(got) == len(checks_of(task_of(lesson)))


@pytest.mark.parametrize("lesson", NUMBERS)
def test_a_right_answer_passes_on_pytorch(lesson, tmp_path):
    torch.Tensor  # noqa: B018 - skips the test where it is not installed
    assert [hint for _, hint in results(lesson, RIGHT[lesson], tmp_path, torch) if hint] == []


@pytest.mark.parametrize(("lesson", "old", "new", "hint"), CASES)
def test_a_wrong_answer_gets_its_hint(lesson, old, new, hint, tmp_path, on_minigrad):
    assert RIGHT[lesson].count(old) >= 1
    got = results(lesson, RIGHT[lesson].replace(old, new), tmp_path, minigrad)
    assert hint in (got[-1][1] or "")


@pytest.mark.parametrize("lesson", NUMBERS)
def test_what_an_exercise_begins_with_is_no_answer_yet(lesson, tmp_path, on_minigrad):
    assert results(lesson, task_of(lesson).START, tmp_path, minigrad)[-1][1] is not None


@pytest.mark.parametrize("lesson", NUMBERS)
def test_every_check_can_fail(lesson, tmp_path, on_minigrad):
    """Each check of an exercise is the one that stops some wrong answer, but for those that train."""
    stopped = {
        results(lesson, RIGHT[lesson].replace(old, new), tmp_path, minigrad)[-1][0] for old, new, _ in WRONG[lesson]
    }
    titles = {
        inspect.getdoc(check).partition("\n")[0]
        for check in checks_of(task_of(lesson))
        if "train" not in check.__name__
    }
    assert titles <= stopped


def test_every_lesson_has_an_exercise():
    assert list(NUMBERS) == list(LESSONS)
    for lesson in NUMBERS:
        assert list(parts(task_of(lesson))) == ["Look at", "Picture", "Exercise"]
        assert task_of(lesson).START.strip() in told(task_of(lesson))
    assert len(list(listed())) == len(LESSONS)


def test_the_page_of_lessons_has_a_row_for_each():
    page = (PROJECT / "comparisons" / "README.md").read_text(encoding="utf-8")
    rows = [row.split(" | ") for row in page.splitlines() if row.startswith("| ") and row[2].isdigit()]
    assert [row[0].strip("| ") for row in rows] == [str(number) for number in range(1, len(LESSONS) + 1)]
    assert [row[1].partition("]")[0].strip("[") for row in rows] == list(LESSONS)
    for row in rows:
        assert row[-1].rstrip("| ") == parts(task_of(row[1].partition("]")[0].strip("[")))["Exercise"].rstrip(".")


def test_the_command(tmp_path):
    (tmp_path / "right.py").write_text("import torch\n" + RIGHT["learning_rates"])
    (tmp_path / "wrong.py").write_text(
        "import torch\nassert 'minigrad' in torch.__file__\ndef largest_rate(X): return 2.0"
    )

    def command(*words):
        return python("-m", "comparisons.exercise", *words, cwd=PROJECT)

    right, wrong = (command("2", str(tmp_path / f"{name}.py")) for name in ("right", "wrong"))
    assert (right.returncode, wrong.returncode) == (0, 1), right.stderr + wrong.stderr
    assert "  1. right:   With 95 % of the rate" in right.stdout
    assert "  1. not yet: With 95 % of the rate" in wrong.stdout
    assert "and the next one come back?" in " ".join(wrong.stdout.split())
    assert command("2").stdout == told(task_of("2")) + "\n"
    assert command().stdout.splitlines() == "\n".join(listed()).splitlines()
    assert "no exercise '99'" in command("99").stderr

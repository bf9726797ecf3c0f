"""The lessons run on minigrad, on the CPU and (those that choose a device) on the stand-in for CuPy."""

import os
from pathlib import Path

import pytest
from processes import python

from comparisons.__main__ import LESSONS as LESSONS_IN_ORDER

TESTS = Path(__file__).parent
LESSONS = TESTS.parent / "comparisons" / "lessons"
ON_THE_STAND_IN = """
import sys
sys.path.insert(0, sys.argv[1])
from stand_in import installed
from minigrad import launcher
with installed():
    launcher.install()
    launcher.run(sys.argv[2])
"""


def printed(*command: str) -> list[str]:
    environment = {**os.environ, "MPLBACKEND": "agg"}
    ended = python(*command, env=environment)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


@pytest.mark.parametrize("name", ["template", "mistakes"])
def test_on_the_stand_in_a_lesson_prints_what_it_prints_on_the_cpu(name):
    script = str(LESSONS / f"{name}.py")
    here = printed("-m", "minigrad", script)
    there = printed("-c", ON_THE_STAND_IN, str(TESTS), script)
    about_devices = [line for line in there if "device" in line or "to('cuda')" in line]
    assert [line for line in there if line not in about_devices] == [line for line in here if "device" not in line]
    if name == "mistakes":
        assert about_devices == [
            "3. Data on another device: RuntimeError",
            "   With X_test.to('cuda'): 450 predictions",
        ]


SMALL = [script.stem for script in sorted(LESSONS.glob("*.py")) if not script.stem.startswith("mnist")]


def compared(out, *arguments):
    ended = python("-m", "comparisons", *arguments, "--out", out, cwd=TESTS.parent)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_lesson_is_listed():
    assert sorted(LESSONS_IN_ORDER) == sorted(script.stem for script in LESSONS.glob("*.py"))
    assert len(SMALL) == 21


@pytest.mark.parametrize("lesson", SMALL)
def test_a_small_lesson_agrees_with_pytorch(lesson, tmp_path):
    compared(tmp_path, lesson)


@pytest.mark.slow
def test_mnist_lessons_agree_with_pytorch(tmp_path):
    compared(tmp_path, "mnist_sgd", "mnist_adam", "mnist_cnn")


@pytest.mark.slow
def test_mnist_lessons_agree_with_pytorch_on_all_images(tmp_path):
    compared(tmp_path, "mnist_sgd", "mnist_adam", "--full")


@pytest.mark.slow
def test_lessons_agree_with_pytorch_in_float64(tmp_path):
    compared(tmp_path, *SMALL, "--dtype", "float64")

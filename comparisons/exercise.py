"""`python -m comparisons.exercise 3 my_answer.py`: an exercise to each lesson, and a check of the answer.

Without an answer it says what to look at in the lesson, and what to write; without a number it lists the exercises.
The answer is a file that imports torch: it runs on minigrad, or with --torch on PyTorch.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import inspect
import linecache
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from comparisons.__main__ import FOLDER, LESSONS, description
from comparisons.tasks import NotYet
from minigrad.__main__ import show

TASKS = Path(__file__).parent / "tasks"
NUMBERS = {lesson: number for number, lesson in enumerate(LESSONS, start=1) if (TASKS / f"{lesson}.py").is_file()}
"""The lessons that have an exercise, and their numbers."""
WIDTH = 100


def main(words: list[str]) -> int:
    """Tell of an exercise, or check an answer to it; 0 when that is right."""
    parser = argparse.ArgumentParser(prog="python -m comparisons.exercise", description=__doc__)
    parser.add_argument("exercise", nargs="?", help="its number, or the lesson's name; without it: list them")
    parser.add_argument("answer", nargs="?", type=Path, metavar="my_answer.py", help="without it: tell the exercise")
    parser.add_argument("--torch", action="store_true", help="run the answer on PyTorch (default: on minigrad)")
    arguments = parser.parse_args(words)
    if arguments.exercise is None:
        show("\n".join(listed()))
        return 0
    try:
        task = task_of(arguments.exercise)
    except ValueError as error:
        parser.error(str(error))
    if arguments.answer is None:
        show(told(task))
        return 0
    if not arguments.answer.is_file():
        parser.error(f"no such file: {arguments.answer}")
    if not arguments.torch:
        from minigrad import launcher

        launcher.install()
    print(heading(task))
    return int(not report(checked(task, arguments.answer, importlib.import_module("torch"))))


def task_of(choice: str) -> ModuleType:
    """The module of an exercise by its number or its lesson's name.  ValueError where there is none."""
    for lesson, number in NUMBERS.items():
        if choice in (lesson, str(number)):
            return importlib.import_module(f"comparisons.tasks.{lesson}")
    numbers = [str(number) for number in NUMBERS.values()]
    raise ValueError(f"no exercise {choice!r}; there are {', '.join(numbers)}")


# What an exercise says ----------------------------------------------------------------------------------------


def lesson_of(task: ModuleType) -> str:
    """The lesson that an exercise belongs to."""
    return task.__name__.rpartition(".")[2]


def parts(task: ModuleType) -> dict[str, str]:
    """What its docstring says, by the word that each part begins with: Look at, Picture, Exercise."""
    found: dict[str, str] = {}
    for line in (task.__doc__ or "").splitlines():
        word, colon, rest = line.partition(": ")
        if colon and word in ("Look at", "Picture", "Exercise"):
            part, found[word] = word, rest
        elif line.strip():
            found[part] += " " + line
    return found


def heading(task: ModuleType) -> str:
    """Its number and its task."""
    return f"{NUMBERS[lesson_of(task)]} {lesson_of(task)}: {parts(task)['Exercise']}"


def listed() -> Iterator[str]:
    """A line for each exercise."""
    for lesson, number in NUMBERS.items():
        said = parts(task_of(lesson))["Exercise"]
        yield textwrap.fill(f"{number:2} {lesson}: {said}", WIDTH, subsequent_indent="   ")


def told(task: ModuleType) -> str:
    """The whole of an exercise."""
    lesson = lesson_of(task)
    paragraphs = [
        f"{NUMBERS[lesson]} {lesson}",
        description(FOLDER / f"{lesson}.py"),
        f"The lesson: comparisons/lessons/{lesson}.py. `python -m comparisons {lesson}` draws its figures into "
        f"out/{lesson}.png.",
        *(f"{word}: {text}" for word, text in parts(task).items()),
        f"Begin with this, and check it by `python -m comparisons.exercise {NUMBERS[lesson]} my_answer.py`:",
    ]
    return "\n\n".join([*(textwrap.fill(text, WIDTH) for text in paragraphs), task.START.strip()])


# Checking an answer -------------------------------------------------------------------------------------------


def checks_of(task: ModuleType) -> list[Callable[[ModuleType, Any], None]]:
    """Its checks, in the order in which they stand there."""
    return [check for name, check in vars(task).items() if name.startswith("check_")]


def checked(task: ModuleType, file: Path, torch: Any) -> Iterator[tuple[str, str | None]]:
    """What is right of an answer, with None; at last, where something is not, what should be and a hint."""
    try:
        answer = loaded(file)
        expect_names(task, answer)
    except NotYet as hint:
        yield "It can be run.", str(hint)
        return
    for check in checks_of(task):
        title = (inspect.getdoc(check) or "").partition("\n")[0]
        try:
            check(answer, torch)
        except NotYet as hint:
            yield title, str(hint)
            return
        except Exception as error:
            yield title, raised(error, file)
            return
        yield title, None


def loaded(file: Path) -> ModuleType:
    """The answer as a module.  NotYet where it cannot be run."""
    spec = importlib.util.spec_from_file_location("my_answer", file)
    assert spec is not None
    assert spec.loader is not None
    answer = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(answer)
    except Exception as error:
        raise NotYet(raised(error, file)) from None
    return answer


def expect_names(task: ModuleType, answer: ModuleType) -> None:
    """NotYet where the answer lacks a function or class that START has."""
    for node in ast.parse(task.START).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not hasattr(answer, node.name):
            raise NotYet(f"There is no `{node.name}` in it.")


def raised(error: Exception, file: Path) -> str:
    """An error, and the last line of the answer's on the way to it."""
    said = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).resolve() == file.resolve():
            text = linecache.getline(frame.filename, frame.lineno or 0).strip()
            return f"Line {frame.lineno}, `{text}`, raises {said}"
    return said


def report(results: Iterator[tuple[str, str | None]]) -> bool:
    """Print each check as it is done; whether all are right."""
    hint = None
    for number, (title, hint) in enumerate(results, start=1):
        print(f"  {number}. {'right:  ' if hint is None else 'not yet:'} {title}")
    if hint is not None:
        print(textwrap.fill(hint, WIDTH, initial_indent="     ", subsequent_indent="     "))
    return hint is None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

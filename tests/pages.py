"""The pages of the project: what they tell a reader to save and to run, and what they say will be printed.

A page's code blocks are programs (```python; a file name after it says what to save the program as), commands (```sh)
and, right after either, what is printed (```text).  In what is printed a line `...` stands for any lines.  Commands
that a debugger is given stand in what it prints, after its prompt.

The lines of minigrad's files that pages name are those of today: `python tests/pages.py` writes them anew.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

PROJECT = Path(__file__).parent.parent
PAGES = {
    page.relative_to(PROJECT).as_posix(): page.read_text(encoding="utf-8")
    for page in (PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md")))
}
PROMPT = "(Pdb) "


@dataclass(frozen=True)
class Block:
    """A block of code of a page."""

    language: str
    file: str
    text: str


@dataclass(frozen=True)
class Step:
    """What a page tells the reader to do, and what that prints; None where it does not say."""

    page: str
    what: Block
    prints: str | None


def steps(page: str) -> Iterator[Step]:
    """What a page tells its reader to do, in order."""
    found = re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", PAGES[page], flags=re.DOTALL | re.MULTILINE)
    blocks = [Block(*each) for each in found]
    for block, following in pairwise([*blocks, Block("", "", "")]):
        if block.language in ("python", "sh"):
            yield Step(page, block, following.text if following.language == "text" else None)


def run(command: str, folder: Path, bin: Path, inputs: str = "") -> subprocess.CompletedProcess[str]:
    """Run commands in a folder, in a shell that finds an environment's programs first."""
    environment = {**os.environ, "PATH": f"{bin}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "100"}
    return subprocess.run(
        ["bash", "-ec", command],
        cwd=folder,
        env=environment,
        input=inputs,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def follow(step: Step, folder: Path, bin: Path) -> None:
    """Do what a page says.  AssertionError where a command fails, or prints something else."""
    block = step.what
    if block.language == "python" and block.file:
        (folder / block.file).write_text(block.text, encoding="utf-8")
        return
    command = block.text
    if block.language == "python":
        (folder / "program.py").write_text(block.text, encoding="utf-8")
        command = "python program.py"
    session = step.prints is not None and PROMPT in step.prints
    fails = step.prints is not None and step.prints.startswith("Traceback (most recent call last):\n")
    inputs = "".join(re.findall(rf"^{re.escape(PROMPT)}(.*\n)", step.prints or "", flags=re.MULTILINE))
    ended = run(command, folder, bin, inputs)
    assert (ended.returncode != 0) == fails or session, f"{step.page}: {command}{ended.stdout}"
    if step.prints is not None:
        assert agree(step.prints, ended.stdout), f"{step.page}: {command}prints\n{ended.stdout}\nand not\n{step.prints}"


def agree(said: str, printed: str) -> bool:
    """Whether what a page says is what was printed."""
    said = re.sub(rf"^{re.escape(PROMPT)}.*\n", PROMPT, said, flags=re.MULTILINE)  # what is typed is not echoed
    parts = re.split(r"^(?:\(Pdb\) )?\.\.\.\n", anywhere(said), flags=re.MULTILINE)
    pattern = r"(?:.*\n)*?(?:\(Pdb\) )?".join(map(re.escape, parts))
    return re.fullmatch(pattern + r"\s*", anywhere(printed)) is not None


def numbered(text: str) -> str:
    """The text with the lines at which minigrad's functions stand now, where a debugger or `explain` tells them."""

    def stop(found: re.Match[str]) -> str:
        file, function, line = found.group("file", "function", "line")
        return f"> {file}({place_of(file, function, line)}){function}()\n-> {line}"

    def definition(found: re.Match[str]) -> str:
        before, function, between, file = found.group("before", "function", "between", "file")
        return f"{before}{function}{between}{file}:{place_of(file, function)}"

    file, function = rf"(?P<file>(?:{'|'.join(map(re.escape, FILES))}))", r"(?P<function>\w+)"
    text = re.sub(rf"> {file}\(\d+\){function}\(\)\n-> (?P<line>.*)", stop, text)
    text = re.sub(rf"(?P<before>break ){function}(?P<between>\nBreakpoint \d+ at ){file}:\d+", definition, text)
    return re.sub(rf"(?P<before>by ){function}(?P<between>, (?:minigrad/\w+/)){file}:\d+", definition, text)


FILES = {path.name: path for folder in ("ops", "engine") for path in (PROJECT / "minigrad" / folder).glob("[a-z]*.py")}


def place_of(file: str, function: str, line: str = "") -> int:
    """The number of a line of a function of minigrad's; by default of its first."""
    lines = FILES[file].read_text(encoding="utf-8").splitlines()
    first = next(i for i, each in enumerate(lines) if each.startswith(f"def {function}("))
    return 1 + next(i for i in range(first, len(lines)) if line in lines[i])


def anywhere(text: str) -> str:
    """The text without what depends on the place and the machine: folders, lines of files, times, rounding."""
    text = re.sub(r"(?:/\S*/)?([\w.-]+\.py)(?:\(\d+\)|:\d+)", r"\1(N)", text)
    text = re.sub(r"\b\d+(?:\.\d+)?(?= ?(?:us|ms|s|min|minutes|seconds|MB)\b)", "N", text)
    text = re.sub(r"\b\d+\.\d+(?=e-\d)|\b\d+\.\d+(?=  \()|\b\d+(?= of \d)|(?<=torch )2\.13\S+", "N", text)
    text = re.sub(r"(?<=N)e-\d+", "", text)
    return re.sub(r" +$", "", re.sub(r" +", " ", text), flags=re.MULTILINE)


if __name__ == "__main__":
    for page, text in PAGES.items():
        (PROJECT / page).write_text(numbered(text), encoding="utf-8")

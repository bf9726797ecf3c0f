"""`make check`: the tests of what has changed since a commit, a first look of about a minute.

Run are test_autograd.py and test_ops.py, and of the other test files those that
- have changed, or import a helper of the tests that has,
- import a changed module of minigrad (`from minigrad.ops import losses`),
- or have its name or its folder's: test_serialization.py is about minigrad/serialization/archive.py.
The tests that try each op try those of the changed modules and of the ones that import them: 40 at most, in
equal distances, and where the tests themselves have changed, 40 of all.
What else a change reaches, `make test` tells.
"""

from __future__ import annotations

import ast
import operator
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from registry import OPS

import minigrad

PROJECT = Path(__file__).parent.parent
MOST_OPS = 40


def changed_since(commit: str) -> set[str]:
    """The files that differ from a commit, new ones too."""
    commands = (["diff", "--name-only", commit], ["ls-files", "--others", "--exclude-standard"])
    lines = [subprocess.check_output(["git", *words], cwd=PROJECT, text=True).splitlines() for words in commands]
    return {file for each in lines for file in each}


def imports(file: str) -> set[str]:
    """The files that a file may import, by the names in its import statements."""
    names = set()
    for node in ast.walk(ast.parse((PROJECT / file).read_text())):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    paths = {name.replace(".", "/") + ".py" for name in names}
    return paths | {f"tests/{path}" for path in paths}


def with_importers(files: set[str], among: Iterable[str]) -> set[str]:
    """The files, and all that import one of them, or one that does."""
    imported = {file: imports(file) for file in among}
    while more := {file for file in imported if imported[file] & files} - files:
        files = files | more
    return files


def python_files(folder: str) -> set[str]:
    """The Python files in a folder, less those that only gather what is in others."""
    return {str(p.relative_to(PROJECT)) for p in (PROJECT / folder).rglob("*.py") if p.name != "__init__.py"}


def test_files(changed: set[str]) -> set[str]:
    """The files of tests to run."""
    tests = python_files("tests")
    words = {word.lower() for file in changed for word in (Path(file).stem, *Path(file).parts[:-1])}
    words -= {"minigrad", "tests", "ops"}
    named = {file for file in tests if any(f"{Path(file).stem}_".startswith(f"test_{word}_") for word in words)}
    importing = {file for file in tests if imports(file) & changed}
    found = {"tests/test_autograd.py", "tests/test_ops.py"} | named | importing | with_importers(changed & tests, tests)
    return {file for file in found if file.startswith("tests/test_")}


def ops_of(changed: set[str]) -> list[str]:
    """The names of the ops whose functions are in changed files, or in files that import them."""
    reached = with_importers(changed, python_files("minigrad")) if changed & python_files("minigrad") else set()
    names = [op.name for op in OPS.values() if any(file_of(spelling) in reached for spelling in op.calls)]
    names = names or list(OPS)
    return names[:: -(-len(names) // MOST_OPS)]


def file_of(spelling: str) -> str:
    """Where the function behind `exp` or `Tensor.__add__` is."""
    try:
        function = operator.attrgetter(spelling.partition(",")[0])(minigrad)
    except AttributeError:
        return ""
    return str(getattr(function, "__module__", "")).replace(".", "/") + ".py"


def main(commit: str) -> int:
    changed = changed_since(commit)
    command = [sys.executable, "-m", "pytest", "-n", "auto", *sorted(test_files(changed))]
    command += ["--ops", ";".join(ops_of(changed))]
    print(f"Changed since {commit}: {', '.join(sorted(changed)) or 'nothing'}\n{' '.join(command[1:])}", flush=True)
    return subprocess.call(command, cwd=PROJECT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

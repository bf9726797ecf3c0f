"""From elementwise.txt to minigrad/ops/functions.py: for each line an op, its derivative rules, and its other names."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
TABLE = HERE / "elementwise.txt"
FILE = HERE.parents[1] / "minigrad" / "ops" / "functions.py"

HEADER = '''"""Further functions of each element, written from tests/tables/elementwise.txt.

Those of one operand are as in `minigrad.ops.elementwise`, those of two as in `minigrad.ops.arithmetic`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minigrad.arrays import array_module, quiet
from minigrad.engine.graph import raw, record, unrecorded
from minigrad.engine.order import ordered
from minigrad.kernels import special as kernels
from minigrad.kernels.special import complementary_error_function, inverse_error_function, log_gamma
from minigrad.ops.elementwise import cos, exp, sqrt, square, zeros_for
from minigrad.ops.mixing import bessel_i1, nonzero_square, polygamma
from minigrad.ops.pairs import floats, numbers
from minigrad.ops.promotion import array_of, floating
from minigrad.ops.selection import where

if TYPE_CHECKING:
    from minigrad.tensor import Tensor
'''


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    second: str
    aliases: tuple[str, ...]
    kind: str
    value: str
    rules: tuple[str, ...]
    text: str


def rows() -> list[Row]:
    """The table."""
    return [row(line) for line in TABLE.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]


def row(line: str) -> Row:
    """One line of it; the description may contain semicolons."""
    names, kind, value, *rest = (part.strip() for part in line.split(" ; "))
    number = 1 if rest[0] == "-" else len(kind)
    first, *aliases = names.split(" = ")
    name, _, second = first.rstrip(")").partition("(")
    rules = () if rest[0] == "-" else tuple(rest[:number])
    return Row(name, second or "other", tuple(aliases), kind, value, rules, " ; ".join(rest[number:]))


def source() -> str:
    """The whole file."""
    table = rows()
    names = sorted(name for each in table for name in (each.name, *each.aliases))
    listed = "".join(f'    "{name}",\n' for name in names)
    return formatted("\n\n".join([f"{HEADER}\n__all__ = [\n{listed}]", *map(functions, table)]))


def formatted(text: str) -> str:
    """Source in the project's format."""
    ruff = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "written.py", "-"]
    return subprocess.run(ruff, input=text, capture_output=True, text=True, check=True, cwd=HERE.parents[1]).stdout


def functions(row: Row) -> str:
    """An op, its rules, and its other names."""
    parts = [unary(row) if len(row.kind) == 1 else binary(row)]
    parts += [rule(row, letter, formula) for letter, formula in zip("ab", row.rules, strict=False)]
    parts += [alias(row, name) for name in row.aliases]
    return "\n\n".join(parts)


def unary(row: Row) -> str:
    """An op of one operand."""
    operand = "floating(input)" if row.kind == "F" else "input"
    lines = [f"def {row.name}(input: Tensor) -> Tensor:", f'    """{row.text}"""']
    lines += [f"    a = {operand}", "    x = raw(a)"] if row.kind == "F" else ["    x = array_of(input)"]
    lines += computation(row)
    result = "a" if row.kind == "F" else "input"
    if not row.rules:
        return "\n".join([*lines, f"    return unrecorded({value(row)}, {result})\n"])
    return "\n".join([*lines, f"    return record({value(row)}, ({result},), ({row.name}_da,){printed(row)})\n"])


def binary(row: Row) -> str:
    """An op of two operands."""
    operands = "floats" if row.kind == "FF" else "numbers"
    lines = [f"def {row.name}(input: Any, {row.second}: Any) -> Tensor:", f'    """{row.text}"""']
    lines += [f'    a, b = {operands}("{row.name}", input, {row.second})', "    x, y = raw(a), raw(b)"]
    lines += computation(row)
    if not row.rules:
        return "\n".join([*lines, f"    return unrecorded({value(row)}, a, b)\n"])
    rules = f"({row.name}_da, {row.name}_db)"
    return "\n".join([*lines, f"    return record({value(row)}, (a, b), {rules}{printed(row)})\n"])


def computation(row: Row) -> list[str]:
    """The lines that compute the value."""
    if row.value.count("xp.") > 1:
        return ["    xp = array_module(x)", "    with quiet():", f"        value = {row.value}"]
    return ["    with quiet():", f"        value = {row.value.replace('xp.', 'array_module(x).')}"]


def value(row: Row) -> str:
    """The value in PyTorch's order in memory: a single function of NumPy's gives it that by itself."""
    operands = ", ".join("xy"[: len(row.kind)])
    is_one_function = re.fullmatch(rf"xp\.\w+\({operands}\)", row.value)
    return "value" if is_one_function else f"ordered(value, {operands})"


PRINTED = {"deg2rad": "Deg2RadBackward0", "rad2deg": "Rad2DegBackward0", "logaddexp2": "Logaddexp2Backward0"}
"""What PyTorch prints, where it is not what follows from the name of the rule."""


def printed(row: Row) -> str:
    """The argument that says what PyTorch prints for the op."""
    return f', name="{PRINTED[row.name]}"' if row.name in PRINTED else ""


def rule(row: Row, letter: str, formula: str) -> str:
    """The rule for one operand; what its formula does not read has an underscore."""
    read = set(re.findall(r"\w+", formula))
    parameters = ["out", *"ab"[: len(row.kind)]]
    listed = ", ".join(f"{name if name in read else '_' + name}: Tensor" for name in parameters)
    g = "g" if "g" in read else "_g"
    return f"def {row.name}_d{letter}({g}: Tensor, {listed}) -> Tensor:\n    return {formula}\n"


def alias(row: Row, name: str) -> str:
    """Another name of an op."""
    given = "input: Tensor" if len(row.kind) == 1 else f"input: Any, {row.second}: Any"
    passed = "input" if len(row.kind) == 1 else f"input, {row.second}"
    return f'def {name}({given}) -> Tensor:\n    """As `{row.name}`."""\n    return {row.name}({passed})\n'

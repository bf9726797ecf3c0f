"""The likely cause of a mistake, read from the source of the user's function: on the way to an error, and only there.

What a tensor or an optimizer does not remember, for it would cost every step, stands in the user's own lines.  What
is found is a guess, and is said to be one; where nothing is found, nothing is said.
"""

from __future__ import annotations

import ast
import dis
import linecache
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from itertools import pairwise
from types import FrameType
from typing import Any

from minigrad.engine.graph import TensorBase
from minigrad.engine.places import user_frame

Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef


def best_effort(find: Callable[..., str]) -> Callable[..., str]:
    """A cause that cannot be found is not told: what happened is, in any case."""

    @wraps(find)
    def found_or_nothing(*args: Any) -> str:
        try:
            return find(*args)
        except Exception:
            return ""

    return found_or_nothing


# The user's source ------------------------------------------------------------------------------------------


def scope_of(frame: FrameType) -> Scope:
    """The function that a frame runs, or its file outside of any."""
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    scope: Scope = ast.parse("".join(lines))
    for node in ast.walk(scope):
        is_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == frame.f_code.co_name
        if is_function and first_line(node) <= frame.f_code.co_firstlineno <= node.lineno:  # type: ignore[arg-type, attr-defined]
            scope = node  # type: ignore[assignment]
    return scope


def first_line(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The line of a function's first decorator, or of its def."""
    return min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])


def within(node: ast.AST) -> Iterator[ast.AST]:
    """All that is in a scope, without what is in functions and classes inside of it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield child
            yield from within(child)


def methods_called(scope: ast.AST, *names: str) -> list[ast.Call]:
    """The calls of methods of these names, in the order of their lines."""
    calls = [node for node in within(scope) if isinstance(node, ast.Call)]
    found = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in names]
    return sorted(found, key=lambda call: (call.end_lineno, call.end_col_offset))


def assignment_of(name: str, scope: ast.AST, before: int) -> Any:
    """The last statement before a line that gives a name its value: `name = ...`."""
    statements = [node for node in within(scope) if isinstance(node, (ast.Assign, ast.AnnAssign))]
    assigning = [node for node in statements if node.lineno < before and name in names_assigned(node)]
    return max(assigning, key=lambda node: node.lineno, default=None)


def names_assigned(statement: ast.Assign | ast.AnnAssign) -> set[str]:
    """The names on the left of an assignment."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}


def line_in(frame: FrameType, node: Any) -> str:
    """A place for people, as engine.places has it: `script.py:12: y = x.exp()`."""
    text = linecache.getline(frame.f_code.co_filename, node.lineno).strip()
    return f"{frame.f_code.co_filename}:{node.lineno}: {text}"


def value_of(expression: Any, frame: FrameType) -> Any:
    """The present value of a name, or of an attribute of one; None for any other expression."""
    if isinstance(expression, ast.Name):
        return frame.f_locals.get(expression.id, frame.f_globals.get(expression.id))
    if isinstance(expression, ast.Attribute):
        return getattr(value_of(expression.value, frame), expression.attr, None)
    return None


def called_by(call: ast.Call, frame: FrameType) -> Any:
    """What is called; of a model that is made on the spot, `Net()(x)`, the class."""
    if isinstance(call.func, ast.Call) and isinstance(cls := value_of(call.func.func, frame), type):
        return getattr(cls, "forward", None)
    return value_of(call.func, frame)


def is_module(x: Any) -> bool:
    """Whether it is a layer or a model, which the engine does not know."""
    return hasattr(x, "forward") and hasattr(x, "named_parameters") and not isinstance(x, type)


# Why there is no graph --------------------------------------------------------------------------------------

NO_DERIVATIVE = "has no derivative"
CUTTING_METHODS = {
    "item": "gives a plain number",
    "tolist": "gives plain numbers",
    "numpy": "gives a NumPy array",
    "detach": "gives a tensor without the graph",
    "data": "gives a tensor without the graph",
    "argmax": NO_DERIVATIVE,
    "argmin": NO_DERIVATIVE,
    "long": "makes integers, which have no derivative",
    "int": "makes integers, which have no derivative",
    "bool": "makes bools, which have no derivative",
}
CUTTING_FUNCTIONS = {
    "tensor": "copies the numbers without the graph",
    "Tensor": "copies the numbers without the graph",
    "float": "gives a plain number",
    "argmax": NO_DERIVATIVE,
    "argmin": NO_DERIVATIVE,
}


@best_effort
def of_no_graph() -> str:
    """Where the graph of a tensor was cut whose backward() was called."""
    frame = user_frame(sys._getframe(1))
    scope = scope_of(frame)
    calls = [c for c in methods_called(scope, "backward") if c.lineno <= frame.f_lineno <= (c.end_lineno or 0)]
    cut = cut_in(calls[0].func.value, calls[0], frame, scope, set())  # type: ignore[attr-defined]
    return f" Likely cut at {cut}." if cut else ""


def cut_in(expression: ast.AST, at: Any, frame: FrameType, scope: Scope, seen: set[str]) -> str:
    """Where, and by what, an expression that stands in a statement lost its graph; empty if that is not to be seen."""
    cuts = [(operand, what) for operand, what in map(cutting, ast.walk(expression)) if operand is not None]
    behind_cuts = [node for operand, _ in cuts for node in ast.walk(operand)]
    for node in [node for node in ast.walk(expression) if node not in behind_cuts] + behind_cuts:
        value = value_of(node, frame)
        if is_module(value) and not any(p.requires_grad for p in value.parameters()):
            return f"{line_in(frame, at)} (no parameter of {ast.unparse(node)} requires grad)"
        if carries_graph(node, frame):
            by = [what for operand, what in cuts if node in ast.walk(operand)]
            by += ["it is computed under no_grad"] if is_under_no_grad(at, scope) else []
            return f"{line_in(frame, at)} ({by[0]})" if by else ""
        if isinstance(node, ast.Name) and node.id not in seen and not callable(value):
            seen.add(node.id)
            before = assignment_of(node.id, scope, at.lineno)
            cut = before and cut_in(before.value, before, frame, scope, seen)
            if cut:
                return str(cut)
    return ""


def cutting(node: ast.AST) -> tuple[ast.AST | None, str]:
    """The operand of an operation that leaves the graph, and why it does."""
    if isinstance(node, ast.Compare):
        return node, "a comparison has no derivative"
    if isinstance(node, ast.Attribute) and node.attr in CUTTING_METHODS:
        is_function = node.attr in CUTTING_FUNCTIONS and isinstance(node.value, ast.Name) and node.value.id == "torch"
        call = "" if node.attr == "data" else "()"
        return (None, "") if is_function else (node.value, f".{node.attr}{call} {CUTTING_METHODS[node.attr]}")
    if isinstance(node, ast.Call) and node.args:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in CUTTING_FUNCTIONS:
            return node.args[0], f"{name}() {CUTTING_FUNCTIONS[name]}"
    return None, ""


def carries_graph(node: ast.AST, frame: FrameType) -> bool:
    """Whether an expression names a tensor that requires grad, or a model with a parameter that does."""
    value = value_of(node, frame)
    if is_module(value):
        return any(p.requires_grad for p in value.parameters())
    return isinstance(value, TensorBase) and bool(value.requires_grad)  # type: ignore[attr-defined]


def is_under_no_grad(statement: Any, scope: Scope) -> bool:
    """Whether a statement stands within `with torch.no_grad():`, or in a function decorated so."""
    contexts = [node for node in within(scope) if isinstance(node, ast.With)]
    around = [c for node in contexts if node.lineno <= statement.lineno <= (node.end_lineno or 0) for c in node.items]
    said = [ast.unparse(item.context_expr) for item in around]
    said += [ast.unparse(decorator) for decorator in getattr(scope, "decorator_list", ())]
    return any("no_grad" in text or "inference_mode" in text or "grad_enabled(False)" in text for text in said)


# Why an operand is None -------------------------------------------------------------------------------------


@best_effort
def of_none() -> str:
    """Which function in the user's statement, or in one that made its operand, gave None since it has no `return`."""
    frame = user_frame(sys._getframe(1))
    scope = scope_of(frame)
    statements = [node for node in within(scope) if isinstance(node, ast.stmt)]
    here = [node for node in statements if node.lineno <= frame.f_lineno <= (node.end_lineno or 0)]
    looked_at = [max(here, key=lambda node: node.lineno)]
    for node in ast.walk(looked_at[0]):
        if isinstance(node, ast.Name) and value_of(node, frame) is None:
            looked_at.append(assignment_of(node.id, scope, looked_at[0].lineno))
    for statement in filter(None, looked_at):
        for call in [node for node in ast.walk(statement) if isinstance(node, ast.Call)]:
            for function in functions_of(called_by(call, frame)):
                if gives_none(function):
                    code = function.__code__
                    return (
                        f". {function.__qualname__} gave None: it has no `return` ({code.co_filename}:"
                        f"{code.co_firstlineno}). Write `return` before what it computes"
                    )
    return ""


def functions_of(called: Any) -> list[Any]:
    """The functions that a call runs, as far as they are the user's: those of all parts of a model."""
    return [type(module).forward for module in called.modules()] if is_module(called) else [called]


def gives_none(function: Any) -> bool:
    """Whether a function ends without a `return` of a value, on all its ways."""
    instructions = list(dis.get_instructions(function.__code__)) if hasattr(function, "__code__") else []
    values = [
        before.argval if before.opname == "LOAD_CONST" else before
        for before, now in pairwise(instructions)
        if now.opname == "RETURN_VALUE"
    ]
    values += [now.argval for now in instructions if now.opname == "RETURN_CONST"]
    return bool(values) and all(value is None for value in values)


# Why there is no gradient -----------------------------------------------------------------------------------


@best_effort
def of_no_gradient(params: list[Any]) -> str:
    """Why a step of an optimizer found no gradient at all."""
    if not any(p.requires_grad for p in params):
        return " None of them requires grad: set requires_grad=True on those to be trained."
    frame = user_frame(sys._getframe(1))
    mine = {id(p) for p in params}
    for name, value in {**frame.f_globals, **frame.f_locals}.items():
        if is_module(value):
            theirs = list(value.parameters())
            if any(p.grad is not None for p in theirs) and not any(id(p) in mine for p in theirs):
                return f" Those of `{name}` have some: was the optimizer made of the parameters of another model?"
    scope = innermost_loop(scope_of(frame), frame.f_lineno)
    for node in within(scope):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Attribute) and node.value.attr == "backward":
            return f" backward is not called at {line_in(frame, node)}. Write {ast.unparse(node)}()."
    calls = [c for c in methods_called(scope, "backward", "zero_grad") if c.lineno <= frame.f_lineno]
    names = [call.func.attr for call in calls]  # type: ignore[attr-defined]
    if "backward" in names and names[-1] == "zero_grad":
        return f" Likely cleared after backward(), at {line_in(frame, calls[-1])}. Call zero_grad() before backward()."
    if methods_called(scope, "backward") and "backward" not in names:
        return f" backward() comes after step(), at {line_in(frame, methods_called(scope, 'backward')[0])}."
    if "backward" not in names and not methods_called(ast.Module(all_functions(frame), []), "backward"):
        return " Likely loss.backward() is missing before it."
    return " Was the loss computed from other parameters, or were the gradients cleared after backward()?"


def innermost_loop(scope: Scope, line: int) -> ast.AST:
    """The innermost loop of a scope around a line; the scope itself outside of any."""
    loops = [node for node in within(scope) if isinstance(node, (ast.For, ast.While))]
    around = [node for node in loops if node.lineno <= line <= (node.end_lineno or 0)]
    return max(around, key=lambda node: node.lineno, default=scope)


def all_functions(frame: FrameType) -> list[ast.stmt]:
    """The bodies of all functions in a frame's file."""
    tree = ast.parse("".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals)))
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return [statement for function in functions for statement in function.body]

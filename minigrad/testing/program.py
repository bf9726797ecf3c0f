"""The program that shows what a check has found: to be saved and run, it prints both numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from minigrad.testing.calls import Run, results, start_arrays, upstream
from minigrad.testing.checks import Subject
from minigrad.testing.finding import Found
from minigrad.testing.samples import Sample
from minigrad.testing.writing import Written


def program(
    subject: Subject,
    mine: Written,
    theirs: Written | None,
    sample: Sample,
    check: str,
    kind: str,
    found: Found,
    ran: Run,
) -> str:
    """The whole program.  check: the name of the check that fails; ran: the call that it fails on."""
    engine = subject.engine.__name__
    if check not in ("values", "gradients"):
        theirs = None
    names = names_of(subject, sample)
    lines = beginning([engine, *([subject.reference.__name__] if theirs else [])], mine, theirs)
    if "nan" in (numbers := " ".join(map(repr, flat(sample)))) or "inf" in numbers:
        lines += ['nan, inf = float("nan"), float("inf")']
    grad = check not in ("values", "kept", "memory", "gpu")
    lines += [f"{name} = {made(engine, x, grad and is_leaf(x, i, sample))}" for i, (name, x) in enumerate(names)]
    call = mine.call(*(name for name, _ in names), *options(engine, sample))
    lines += [""] if lines[-1] else []
    leaves = subject.leaves(sample)
    if check in ("first", "kinks", "second") and found.number is not None:
        lines += beside_differences(subject, call, leaves, check, kind, found, ran)
    elif theirs is not None and subject.reference is not None:
        lines += beside_reference(subject, sample, call, theirs, check, kind, found, ran)
    else:
        lines += by_itself(mine, [name for name, _ in names], options(engine, sample), leaves, check)
    return re.sub(r"(?m)^(\w+ = .*\n)\n(?=\w+ = .*$)", r"\1", "\n".join(lines))


def beginning(engines: list[str], *each: Written | None) -> list[str]:
    """The imports of a program, and what it defines."""
    used = [one for one in each if one is not None]
    imports = {*(f"import {engine}" for engine in engines), *(line for one in used for line in one.imports)}
    lines = [*sorted(imports, key=lambda line: (not line.startswith("import"), line)), ""]
    for one in used:
        lines += ["", *one.source.splitlines(), "", ""] if one.source else []
    return lines


def names_of(subject: Subject, sample: Sample) -> list[tuple[str, Any]]:
    """The operands and their names."""
    return [(subject.names[i] if i < len(subject.names) else f"x{i}", x) for i, x in enumerate(sample.operands)]


def is_leaf(x: Any, number: int, sample: Sample) -> bool:
    """Whether an operand requires grad."""
    return number not in sample.constants and (not isinstance(x, np.ndarray) or x.dtype.kind == "f")


def flat(sample: Sample) -> Iterator[Any]:
    """All numbers of a sample."""
    for x in (*sample.operands, *sample.options.values()):
        yield x.tolist() if isinstance(x, np.ndarray) else x


def made(engine: str, x: Any, requires_grad: bool = False) -> str:
    """What makes a tensor, a list of them, or anything else, as it is written in a program."""
    if isinstance(x, (list, tuple)):
        inner = ", ".join(made(engine, each, requires_grad) for each in x)
        return f"[{inner}]" if isinstance(x, list) else f"({inner}{',' if len(x) == 1 else ''})"
    if not isinstance(x, np.ndarray):
        return repr(x)
    dtype, grad = f"dtype={engine}.{x.dtype.name}", ", requires_grad=True" if requires_grad else ""
    if x.size == 0:
        return f"{engine}.zeros({x.shape}, {dtype}{grad})"
    plain = x.flags.c_contiguous or (sum(n > 1 for n in x.shape) < 2 and x.base is None)
    if plain:
        return f"{engine}.tensor({listed(x)}, {dtype}{grad})"
    steps = tuple(step // x.itemsize for step in x.strides)
    memory = np.zeros(1 + sum((n - 1) * step for n, step in zip(x.shape, steps)), x.dtype)
    np.ndarray(x.shape, x.dtype, memory, 0, x.strides)[...] = x
    strided = f"{engine}.tensor({listed(memory)}, {dtype}).as_strided({x.shape}, {steps})"
    return strided + (".requires_grad_()" if requires_grad else "")


def listed(x: Any) -> Any:
    """An array's elements in lists, with the digits that its dtype needs."""
    if x.ndim:
        return [listed(each) for each in x]
    return float(str(x[()])) if x.dtype.kind == "f" else x.item()


def options(engine: str, sample: Sample) -> list[str]:
    """The options, as they are written in a call."""
    named = ("dtype", "memory_format")
    items = sample.options.items()
    return [f"{name}={engine}.{x}" if name in named else f"{name}={made(engine, x)}" for name, x in items]


def weighted(engine: str, call: str, kind: str, ran: Run) -> tuple[list[str], str]:
    """A call whose result is one number, and what is to be written before."""
    weights = starts(kind, ran)
    if not isinstance(ran.result, (list, tuple)):
        if kind == "ones":
            return [], f"{call}.sum()"
        return [f"w = {made(engine, weights[0])}"], f"({call} * w).sum()"
    return [f"ws = {made(engine, weights)}"], f"sum((y * w).sum() for y, w in zip({wanted(call, ran)}, ws))"


def starts(kind: str, ran: Run) -> list[Any]:
    """The gradients that a pass starts from."""
    return [g for g, y in zip(start_arrays(ran.result, kind), results(ran.result)) if y.requires_grad]


def wanted(call: str, ran: Run) -> str:
    """The results of a call that require grad."""
    return f"[y for y in {call} if y.requires_grad]" if isinstance(ran.result, (list, tuple)) else call


def beside_differences(
    subject: Subject, call: str, leaves: list[str], check: str, kind: str, found: Found, ran: Run
) -> list[str]:
    """The gradient and the difference quotient of the number that is wrong."""
    engine, number = subject.engine.__name__, found.number
    assert number is not None
    if check == "second":
        leaves, lines = second(subject, call, leaves, kind, ran)
    else:
        before, loss = weighted(engine, call, kind, ran)
        lines = [*before, *([""] if before else []), f"def f({', '.join(leaves)}):", f"    return {loss}", ""]
    name, at = number.operand, number.at

    def f(sign: str = "") -> str:
        return f"f({', '.join(f'{x} {sign} step' if sign and x == name else x for x in leaves)})"

    lines += [f"step = {engine}.zeros_like({name})", f"step{at or '[...]'} = 1e-6"]
    if not ran.differentiable:
        lines += [f'print("the gradient:       None, as f requires grad:", {f()}.requires_grad)']
    elif number.mine is None:
        lines += [f'print("the gradient:      ", {engine}.autograd.grad({f()}, {name}, allow_unused=True)[0])']
    else:
        lines += [
            f"gradient = {engine}.autograd.grad({f()}, {name})[0]",
            f'print("the gradient:      ", gradient{at}.item())',
        ]
    if check == "kinks":
        return [
            *lines,
            f'print("slope to the left: ", (({f()} - {f("-")}) / 1e-6).item())',
            f'print("slope to the right:", (({f("+")} - {f()}) / 1e-6).item())',
        ]
    return [*lines, f'print("finite differences:", (({f("+")} - {f("-")}) / 2e-6).item())']


def second(subject: Subject, call: str, leaves: list[str], kind: str, ran: Run) -> tuple[list[str], list[str]]:
    """A function f of the operands and the gradients that arrive: the sum of the gradients.  Its arguments."""
    engine = subject.engine.__name__
    arriving = [f"g{i or ''}" for i in range(len(ran.differentiable))]
    lines = [f"{g} = {made(engine, start, True)}" for g, start in zip(arriving, starts(kind, ran))]
    gradients = f"{engine}.autograd.grad({wanted(call, ran)}, [{', '.join(leaves)}], [{', '.join(arriving)}]"
    total = "sum(gradient.sum() for gradient in gradients if gradient is not None)"
    if kind != "ones":
        start = upstream(subject.engine, ran.result, kind)
        grad = subject.engine.autograd.grad
        found = grad(ran.differentiable, ran.leaves, start, create_graph=True, allow_unused=True)
        lines.append(f"ws = {made(engine, start_arrays([g for g in found if g is not None], kind))}")
        total = "sum((x * w).sum() for x, w in zip([x for x in gradients if x is not None], ws))"
    arguments = [*leaves, *arriving]
    lines += [
        "",
        f"def f({', '.join(arguments)}):",
        f"    gradients = {gradients}, create_graph=True, allow_unused=True)",
        f"    return {total}",
        "",
    ]
    return arguments, lines


def beside_reference(
    subject: Subject, sample: Sample, call: str, theirs: Written, check: str, kind: str, found: Found, ran: Run
) -> list[str]:
    """What the op gives, and what the reference gives."""
    engine, other = subject.engine.__name__, subject.reference.__name__
    names = names_of(subject, sample)
    if check == "values":
        again = [] if other == engine else [f"{name} = {made(other, x)}" for name, x in names]
        arguments = [*(name for name, _ in names), *options(other, sample)]
        return [f"print({call})", *again, f"print({theirs.call(*arguments)})"]
    leaves = subject.leaves(sample)
    shown = (found.number.of if found.number else f"{leaves[0]}.grad").replace("y", leaves[0] + ".grad")
    before, loss = weighted(engine, call, kind, ran)
    lines = [*before, f"{loss}.backward()", f"print({shown})", ""]
    lines += [f"{name} = {made(other, x, is_leaf(x, i, sample))}" for i, (name, x) in enumerate(names)]
    arguments = [*(name for name, _ in names), *options(other, sample)]
    before, loss = weighted(other, theirs.call(*arguments), kind, ran)
    return [*lines, *before, f"{loss}.backward()", f"print({shown})"]


def by_itself(mine: Written, names: list[str], given: list[str], leaves: list[str], check: str) -> list[str]:
    """The op alone; given: its options."""
    call = mine.call(*names, *given)
    if check == "kept":
        return [f"print({call})"]
    if check == "gpu":
        moved = [f'    {name} = {name}.to("cuda")' for name in names]
        imported = "from minigrad.testing.stand_in import installed"
        return [imported, "", "with installed():", *moved, f"    print({call})"]
    if check == "reduction":
        others = [each for each in given if not each.startswith("reduction=")]
        kinds = [f'reduction="{kind}"' for kind in ("none", "sum", "mean")]
        return [f"print({mine.call(*names, *others, kind)})" for kind in kinds]
    if check == "memory":
        return [f"y = {call}", f"{names[0]}.zero_()", "print(y)  # it was changed, too"]
    gradients = ", ".join(f"{leaf}.grad" for leaf in leaves)
    backward = ["y.sum().backward()", f"print({gradients})"]
    if check == "modes":
        again = [f"{leaf}.grad = None" for leaf in leaves]
        return [f"y = {call}", *backward, *again, f"y = {call}", "y.sum().backward(create_graph=True)", backward[1]]
    if check == "repeatable":
        return [f"print({call})", f"print({call})"]
    if check == "unchanged":
        return [f"y = {call}", "g = y.detach() * 0 + 1", "y.backward(g)", f"print({', '.join(names)}, g)"]
    return [f"y = {call}", "print(y)", *(backward if leaves else [])]

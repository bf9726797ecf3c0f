"""The ladder (docs/ladder): its files print what they say, alone and in order, and end in the real engine."""

from __future__ import annotations

import ast
import gc
import importlib
import inspect
import io
import re
import runpy
import shutil
import sys
import textwrap
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from engines import needs_torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import agree
from processes import python

import minigrad

GRAPH, PASS, FITTING, CHANGES, LINEAR = (
    importlib.import_module(f"minigrad.{module}")
    for module in ("engine.graph", "engine.backward", "engine.broadcasting", "engine.changes", "ops.linear_algebra")
)
ARITHMETIC, ELEMENTWISE = (importlib.import_module(f"minigrad.ops.{name}") for name in ("arithmetic", "elementwise"))
LADDER = Path(__file__).parent.parent / "docs" / "ladder"
FILES = [path.stem for path in sorted(LADDER.glob("[0-9]*.py"))]
TEXT = {file: (LADDER / f"{file}.py").read_text(encoding="utf-8") for file in FILES}
WITH_NUMPY_ALONE = FILES[:10]
BARE = """
import runpy, sys
sys.modules.update({name: None for name in ("matplotlib", "minigrad", "torch")})
sys.path.insert(0, ".")
runpy.run_path(sys.argv[1], run_name="__main__")
"""
"""Runs a file where neither minigrad nor anything but NumPy is installed."""


def step(number: int):
    """The definitions of a file of the ladder; what it prints on the way is not shown."""
    if str(LADDER) not in sys.path:
        sys.path.append(str(LADDER))
    with redirect_stdout(io.StringIO()):
        return importlib.import_module(FILES[number - 1])


# What a file says and prints


def said(file: str) -> str:
    """What a file's docstring says that it prints."""
    docstring = ast.get_docstring(ast.parse(TEXT[file])) or ""
    return textwrap.dedent(docstring.partition("Prints:\n\n")[2]) + "\n"


def printed(file: str) -> str:
    """What a file prints, run as its reader would; the first ten with nothing but NumPy."""
    command = ("-c", BARE, f"{file}.py") if file in WITH_NUMPY_ALONE else (f"{file}.py",)
    ended = python(*command, cwd=LADDER)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def printed_here(file: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a file of a folder prints, run in this process, where PyTorch is imported already."""
    monkeypatch.syspath_prepend(folder)
    for name in FILES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    with redirect_stdout(io.StringIO()) as out:
        runpy.run_path(str(folder / f"{file}.py"), run_name="__main__")
    for name in FILES:
        sys.modules.pop(name, None)
    return out.getvalue()


@pytest.mark.parametrize("file", FILES)
def test_a_file_prints_what_it_says(file, monkeypatch):
    if file == "11_same_numbers":
        needs_torch()
        assert printed_here(file, LADDER, monkeypatch) == said(file)
    elif "\n...\n" in said(file):
        assert agree(said(file), printed(file))
    else:
        assert printed(file) == said(file)


def test_the_plot_of_the_second_derivative_is_drawn_where_matplotlib_is(monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setenv("MPLBACKEND", "agg")
    drawn = f"import runpy; runpy.run_path('08_twice.py', run_name='__main__'); {LINES_DRAWN}"
    ended = python("-c", f"import sys; sys.path.insert(0, '.'); {drawn}", cwd=LADDER)
    assert ended.stdout.splitlines()[-1] == "['f', \"f'\", \"f''\"]", ended.stderr


LINES_DRAWN = "import matplotlib.pyplot as plt; print([line.get_label() for line in plt.gca().lines])"


@pytest.mark.parametrize("file", FILES)
def test_a_file_has_its_parts(file):
    docstring = ast.get_docstring(ast.parse(TEXT[file])) or ""
    for part in ("Shows: ", "New: ", "Ends in: ", "Prints:\n"):
        assert f"\n{part}" in docstring
    for part in ("# %% Question: ", "# Break it: "):
        assert TEXT[file].count(part) == 1
    number = int(file[:2])
    assert (f"# %% Answers to {number - 1:02}." in TEXT[file]) == (number > 1)


@pytest.mark.parametrize("file", FILES)
def test_the_names_that_a_file_ends_in_are_there(file):
    ending = (ast.get_docstring(ast.parse(TEXT[file])) or "").partition("Ends in: ")[2].partition("\n\n")[0]
    names = re.findall(r"minigrad(?:\.\w+)+", ending)
    assert names
    for name in names:
        module, _, attribute = name.rpartition(".")
        assert callable(getattr(importlib.import_module(module), attribute)), name


def test_the_index_lists_every_file_and_what_it_ends_in():
    index = (LADDER / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\((\d\d_\w+)\.py\)", index) == FILES
    for target in re.findall(r"\]\(([^)#:]+)\)", index):
        assert (LADDER / target).exists(), target


# Its size


def lines_of_definitions(file: str) -> Counter[str]:
    """The lines of a file's functions and classes, without docstrings, and how often each is there."""
    tree = Bare().visit(ast.parse(TEXT[file]))
    tree.body = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    return Counter(line.strip() for line in ast.unparse(ast.fix_missing_locations(tree)).splitlines() if line.strip())


@pytest.mark.parametrize("file", FILES)
def test_a_file_is_short_and_adds_little_to_the_one_before(file):
    program = TEXT[file].partition('\n"""\n')[2]  # after its docstring
    assert 40 <= sum(1 for line in program.splitlines() if line.strip()) <= 120
    before = FILES.index(file) - 1
    added = lines_of_definitions(file) - (lines_of_definitions(FILES[before]) if before >= 0 else Counter())
    assert sum(added.values()) <= 60


# What there is to break

BREAKS = {
    "01_slope": ("eps=1e-6", "eps=1e-15", "01_slope", "17.7636"),
    "02_scalar": ("return g * b", "return b", "02_scalar", "by w: 4, loss by b: 10"),
    "03_order": ("gradients.get(edge, 0.0) + contribution", "contribution", "03_order", "result b a x, slope 6"),
    "04_adding": ("node = max(", "node = min(", "04_adding", "w.grad -12.0000"),
    "05_arrays": ("g.copy()", "g", "05_arrays", "b.grad [100. 100.]"),
    "06_broadcast": ("x.sum(axes)", "x.mean(axes)", "06_broadcast", "loss 0.1747, w [2.14 3.14], bias [0.6]"),
    "07_rules": ("return g * a", "return g * raw(a)", "08_twice", " 0.0   1.0000  -0.0000  -1.0000  -2.0000"),
    "08_twice": ("    out.node = node\n", "", "08_twice", " 1.0   0.3679  -0.7358  -0.7358   0.7358"),
    "09_in_place": ("    refuse_changed(node)\n", "", "09_in_place", "h * h, and h changed: 28"),
    "10_layers": ("relu(self.hidden(x))", "self.hidden(x)", "10_layers", "epoch 500: loss 0.6921, accuracy 52.0%"),
    "11_same_numbers": ("out != 0", "out >= 0", "11_same_numbers", "   1    0.68073    0.67866"),
    "12_compiled": (", X, y)\n    o", ", X[:50], y[:50])\n    o", "12_compiled", "the same bits: False"),
}
"""Of each file: what is broken and how, the file that is run then, and a part of what it prints."""


@pytest.mark.parametrize("file", FILES)
def test_what_there_is_to_break_does_what_the_answer_says(file, tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    if file == "11_same_numbers":
        needs_torch()
    old, new, runs, prints = BREAKS[file]
    for path in LADDER.glob("*.py"):
        shutil.copy(path, tmp_path)
    changed = tmp_path / ("10_layers.py" if file == "11_same_numbers" else f"{file}.py")
    assert changed.read_text().count(old) == 1
    changed.write_text(changed.read_text().replace(old, new))
    assert prints not in said(runs)
    assert prints in printed_here(runs, tmp_path, monkeypatch)


# The same bits as minigrad's, on drawn inputs: whole numbers, of which no sum is rounded

FEW = settings(max_examples=25)
WHOLE = st.integers(-3, 3).map(float)
PROGRAMS = st.lists(st.tuples(st.sampled_from(["add", "mul"]), st.integers(0, 9), st.integers(0, 9)), max_size=4)
"""Ops, each with the numbers of its operands among the values so far."""
SHAPES = st.sampled_from([(), (3,), (1, 3), (2, 1), (2, 3)])


def follow(program, ops, leaves):
    """The last value of a program that begins with the leaves."""
    values = list(leaves)
    for name, i, j in program:
        values.append(ops[name](values[i % len(values)], values[j % len(values)]))
    return values[-1]


def of_minigrad(program, arrays):
    """The gradients of the leaves (0 where there is none), by minigrad."""
    leaves = [minigrad.tensor(array, dtype=minigrad.float64, requires_grad=True) for array in arrays]
    follow(program, {"add": minigrad.add, "mul": minigrad.mul}, leaves).sum().backward()
    return [np.zeros_like(leaf.array) if leaf.grad is None else leaf.grad.array for leaf in leaves]


def same_bits(ours, theirs):
    assert [np.asarray(x).tobytes() for x in ours] == [np.asarray(x, np.float64).tobytes() for x in theirs]


@FEW
@given(WHOLE, WHOLE)
def test_slope_is_gradchecks(x, factor):
    def cubic(x):
        return factor * x * x * x + x

    leaf = minigrad.tensor([x], dtype=minigrad.float64, requires_grad=True)
    numerical_jacobians = importlib.import_module("minigrad.autograd.gradcheck").numerical_jacobians
    (jacobian,) = numerical_jacobians(cubic, (leaf,), 0, 1e-6)
    assert step(1).slope(cubic, x) == jacobian.item()


@FEW
@given(PROGRAMS, WHOLE, WHOLE)
def test_gradients_of_numbers_are_minigrads(program, a, b):
    expected = [float(g) for g in of_minigrad(program, [a, b])]
    for number in (2, 3, 4):
        ladder = step(number)
        leaves = [ladder.Scalar(value, requires_grad=True) for value in (a, b)]
        result = follow(program, vars(ladder), leaves)
        gradients = {}
        if number == 2:
            with redirect_stdout(io.StringIO()):
                ladder.backward(result.node, 1.0, gradients)
        elif number == 3:
            gradients = ladder.backward(ladder.newest_first(result.node))
        else:
            result.backward()
            gradients = {leaf.node: leaf.grad for leaf in leaves if leaf.grad is not None}
        assert [gradients.get(leaf.node, 0.0) for leaf in leaves] == expected


@FEW
@given(st.data(), PROGRAMS)
def test_gradients_of_arrays_are_minigrads(data, program):
    for number, shapes in ((5, st.just((2, 3))), (6, SHAPES)):
        arrays = [np.array(data.draw(arrays_of(data.draw(shapes)))) for _ in range(2)]
        ladder = step(number)
        leaves = [ladder.Tensor(array, requires_grad=True) for array in arrays]
        follow(program, vars(ladder), leaves).sum().backward()
        ours = [np.zeros_like(leaf.array) if leaf.grad is None else leaf.grad.array for leaf in leaves]
        same_bits(ours, of_minigrad(program, arrays))


def arrays_of(shape):
    """Arrays of whole numbers, as nested lists."""
    strategy = WHOLE
    for n in reversed(shape):
        strategy = st.lists(strategy, min_size=n, max_size=n)
    return strategy


@FEW
@given(arrays_of((2, 3)), arrays_of((3, 2)))
def test_gradients_of_a_product_are_minigrads(a, b):
    def grads(engine):
        leaves = [
            engine.Tensor(np.array(x), requires_grad=True)
            if engine is not minigrad
            else minigrad.tensor(x, dtype=minigrad.float64, requires_grad=True)
            for x in (a, b)
        ]
        product = leaves[0] @ leaves[1]
        (product * product).sum().backward()
        return [leaf.grad.array for leaf in leaves]

    same_bits(grads(step(5)), grads(minigrad))


@FEW
@given(arrays_of((2, 3)), arrays_of((3,)))
def test_the_pass_of_07_and_its_ops_are_minigrads(a, b):
    rules = step(7)
    leaves = [rules.Tensor(x, requires_grad=True) for x in (a, b)]
    out = rules.mul(leaves[0], leaves[1]) * leaves[0] * 2.0
    received = rules.backward({out.node: np.ones((2, 3))})
    theirs = [minigrad.tensor(x, dtype=minigrad.float64, requires_grad=True) for x in (a, b)]
    (theirs[0] * theirs[1] * theirs[0] * 2.0).sum().backward()
    same_bits([received[leaf.node] for leaf in leaves], [leaf.grad.array for leaf in theirs])
    for shape in ((), (3,), (1, 3), (2, 1)):
        same_bits([rules.sum_to(np.array(a), shape)], [FITTING.sum_to(np.array(a), shape)])
    same_bits([rules.broadcast_to(np.array(b), (2, 3))], [FITTING.broadcast_to(np.array(b), (2, 3))])


@FEW
@given(arrays_of((3,)))
def test_derivatives_to_the_third_are_minigrads(a):
    twice = step(8)
    x = twice.Tensor(np.array(a) / 4, requires_grad=True)
    theirs = minigrad.tensor(np.array(a) / 4, requires_grad=True)
    y, z = twice.f(x), minigrad.exp(-1.0 * (theirs * theirs))
    for _ in range(3):
        y = twice.grad(y, x, create_graph=True)
        (z,) = minigrad.autograd.grad(z.sum(), theirs, create_graph=True)
        same_bits([y.array], [z.detach().numpy()])


@settings(max_examples=100)
@given(
    st.lists(st.sampled_from(["add", "mul", "exp", "add_"]), max_size=6).filter(lambda names: names.count("exp") < 3),
    st.integers(0, 5),
)
def test_an_in_place_change_gives_minigrads_gradient_or_its_refusal(names, other):
    """Every value is kept, and each op takes the last one and an earlier one; so an earlier value may have changed."""

    def outcome(x, ops, grad):
        values = [ops["mul"](x, 0.5)]
        for place, name in enumerate(names):
            last, earlier = values[-1], values[min(other, place) % len(values)]
            if name == "add_":
                ops["add_"](earlier, 1.0)
            else:
                values.append(ops[name](last) if name == "exp" else ops[name](last, earlier))
        try:
            return grad(values[-1])
        except RuntimeError as error:
            return str(error)[:80]

    in_place = step(9)
    x = in_place.Tensor(0.25, requires_grad=True)
    ours = outcome(x, vars(in_place), lambda y: float(in_place.backward({y.node: np.ones(())})[x.node]))
    theirs = minigrad.tensor(0.25, dtype=minigrad.float64, requires_grad=True)
    ops = {"add": minigrad.add, "mul": minigrad.mul, "exp": minigrad.exp, "add_": minigrad.Tensor.add_}
    assert ours == outcome(theirs, ops, lambda y: minigrad.autograd.grad(y, theirs)[0].item())


def drawn_points(seed):
    """Two points and their classes: a sum of two numbers is the same in any order, so nothing is rounded otherwise."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(2, 2)).astype(np.float32), np.array([[0], [1]], np.float32)


@FEW
@given(st.integers(0, 1000))
def test_steps_of_a_network_are_minigrads(seed):
    layers = step(10)
    X, y = drawn_points(seed)
    ours = layers.Network(np.random.default_rng(seed))
    theirs = minigrad.nn.Sequential(minigrad.nn.Linear(2, 16), minigrad.nn.ReLU(), minigrad.nn.Linear(16, 1))
    with minigrad.no_grad():
        for p, q in zip(theirs.parameters(), ours.parameters()):
            p.copy_(minigrad.tensor(q.array))
    optimizers = layers.SGD(ours.parameters(), lr=0.5), minigrad.optim.SGD(theirs.parameters(), lr=0.5)
    for _ in range(3):
        losses = (
            layers.binary_cross_entropy_with_logits(ours(layers.Tensor(X)), layers.Tensor(y)),
            minigrad.nn.functional.binary_cross_entropy_with_logits(theirs(minigrad.tensor(X)), minigrad.tensor(y)),
        )
        for loss, optimizer in zip(losses, optimizers):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        assert float(losses[0].array) == losses[1].item()
        for p, q in zip(ours.parameters(), theirs.parameters()):
            assert p.grad.array.tobytes() == q.grad.numpy().tobytes()
            assert p.array.tobytes() == q.detach().numpy().tobytes()


@FEW
@given(st.integers(0, 1000))
def test_a_compiled_step_gives_the_bits_of_the_step(seed):
    layers, compiled = step(10), step(12)
    X, y = drawn_points(seed)
    models = [layers.Network(np.random.default_rng(seed)) for _ in range(2)]
    program, _ = compiled.compiled(models[0], layers.SGD(models[0].parameters(), lr=0.5), X, y)
    optimizer = layers.SGD(models[1].parameters(), lr=0.5)
    compiled.step(models[1], optimizer, X, y)
    for seed_of_points in range(seed, seed + 3):
        X, y = drawn_points(seed_of_points)
        loss = program(*[p.array for p in models[0].parameters()], X, y)
        assert loss == compiled.step(models[1], optimizer, X, y)
    for p, q in zip(models[0].parameters(), models[1].parameters()):
        assert p.array.tobytes() == q.array.tobytes()


@pytest.fixture
def no_collection():
    """No garbage collection falls into a step: hypothesis is told of each, and writes a global then."""
    gc.disable()
    yield
    gc.enable()


def test_the_compiled_step_is_the_real_ones(no_collection):
    """The same bits as a step of minigrad that torch.compile has made a program of, and the same functions in it."""
    layers, compiled = step(10), step(12)
    ours = layers.Network(np.random.default_rng(0))
    theirs = minigrad.nn.Sequential(minigrad.nn.Linear(2, 16), minigrad.nn.ReLU(), minigrad.nn.Linear(16, 1))
    with minigrad.no_grad():
        for p, q in zip(theirs.parameters(), ours.parameters()):
            p.copy_(minigrad.tensor(q.array))
    optimizer = minigrad.optim.SGD(theirs.parameters(), lr=0.5)

    @minigrad.compile(fullgraph=True)
    def real(X, y):
        loss = minigrad.nn.functional.binary_cross_entropy_with_logits(theirs(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    program, text = compiled.compiled(ours, layers.SGD(ours.parameters(), lr=0.5), *drawn_points(0))
    real(*map(minigrad.tensor, drawn_points(0)))
    for seed in range(1, 6):
        loss = program(*[p.array for p in ours.parameters()], *drawn_points(seed))
        assert loss == real(*map(minigrad.tensor, drawn_points(seed))).item()
    for p, q in zip(ours.parameters(), theirs.parameters()):
        assert p.array.tobytes() == q.detach().numpy().tobytes()
    for function in ("exp", "log1p", "absolute", "negative", "maximum"):
        assert text.count(f"np.{function}(") == str(real.program).count(f"np.{function}(") > 0


# From 07 on: the same syntax tree as the real one, but for these lines


class Bare(ast.NodeTransformer):
    """Without docstrings, types and decorators; and without what a learner's engine does not guard against."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.returns, node.decorator_list = None, []
        return self.without_docstring(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.generic_visit(node)
        return self.without_docstring(node)

    def without_docstring(self, node):
        if isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant):
            node.body = node.body[1:] or [ast.Pass()]
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_Try(self, node: ast.Try) -> list[ast.stmt]:
        self.generic_visit(node)
        return node.body

    def visit_With(self, node: ast.With) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        return node.body if ast.unparse(node.items[0]) == "quiet()" else node


def bare(function) -> list[str]:
    """The lines of a function as its syntax tree has them."""
    tree = Bare().visit(ast.parse(textwrap.dedent(inspect.getsource(function))))
    return ast.unparse(ast.fix_missing_locations(tree)).splitlines()


THE_PASS = {
    "def backward(gradients, targets=None, retain_graph=False, create_graph=False, allow_unused=True):": (
        "def backward(gradients, create_graph=False):"
    ),
    "on_the_way, ends = (None, set()) if targets is None else ways_to(targets, gradients, allow_unused)": None,
    "turns = sorted(zip(map(turn, ...": ("turns = sorted(zip(map(turn, gradients), gradients))"),
    "visited, arrived = ([], {})": None,
    "mode, silence = (recording.set(create_graph), numpy_errors.set(SILENT))": None,
    "g = run_hooks(node, gradients.pop(node), silence) if node.hooks else gradients.pop(node)": (
        "g = gradients.pop(node)"
    ),
    "if node.receiver is not None or (targets is not None and node in targets):": None,
    "arrived[node] = g": None,
    "visited.append(node)": None,
    "if edge is not None and (on_the_way is None or edge in on_the_way):": "if edge is not None:",
    "if observer is not None:": None,
    "observer.sent(node, edge, rule, arguments, contribution, gradients)": None,
    "if contribution.shape != edge.shape or contribution.dtype != edge.dtype:": "if contribution.shape != edge.shape:",
    "contribution = fit(contribution, edge, rule)": "contribution = sum_to(contribution, edge.shape)",
    "if contribution is None:": None,
    "continue": None,
    "if edge.edges and edge not in ends:": "if edge.edges:",
    "while gradients:": None,
    "end, g = gradients.popitem()": None,
    "arrived[end] = run_hooks(end, g, silence) if end.hooks else g": None,
    "if not retain_graph:": None,
    "free(visited)": None,
    "return arrived": "return gradients",
}
ARRAYS_ALONE = {
    "def backward(gradients, create_graph=False):": "def backward(gradients):",
    "arguments = rule_arguments(node, g, create_graph)": "arguments = rule_arguments(node, g)",
}
"""What the pass of 07 has besides: it knows no create_graph yet."""
RECORDED = (
    "out.node = new_node(out.array, edges, rules, user_place(sys._getframe(2)), kept, inputs, static, saved, name)"
)
LISTED = {
    "raw": {
        "return (x.array if type(x.array) is ndarray else on_its_gpu(x.array)) if isinstance(x, TensorBase) else x": (
            "return x.array if isinstance(x, Tensor) else x"
        )
    },
    "record": {
        "def record(value, inputs, rules, *static, saved=(), name=None):": "def record(value, inputs, rules, *static):",
        "is_tensor, needed, edges = (False, 0, [])": "is_tensor, edges = (False, [])",
        "if isinstance(x, TensorBase):": "if isinstance(x, Tensor):",
        "is_tensor, node = (True, x.node if x.view_of is None else x.view_of.edge(x))": (
            "is_tensor, node = (True, x.node)"
        ),
        "needed = needed * 2 + (node is not None)": None,
        "out = new(TENSOR)": "out = Tensor(value)",
        "out.array = value if type(value) is ndarray else result_array(value, inputs)": None,
        "if needed and is_recording() and (out.array.dtype.kind == 'f'):": "if any(edges):",
        "kept = KEPT.get((rules, needed)) or kept_for(rules, needed, edges)": None,
        RECORDED: "out.node = Node(out.array, edges, rules, inputs, static)",
    },
    "backward": THE_PASS,
    "rule_arguments": {
        "if node.inputs is None or changes.latest > node.serial or type(g) not in IN_MEMORY:": None,
        "prepare(node, g)": None,
        "return (g, out_tensor(node), *node.inputs, *node.static, *node.saved)": (
            "return (g, out_tensor(node), *node.inputs, *node.static)"
        ),
        "arrays = map(getattr, node.inputs, repeat('array'), node.inputs)": None,
        "return (g, node.out, *arrays, *node.static, *node.saved)": (
            "return (g, node.out, *map(raw, node.inputs), *node.static)"
        ),
    },
    "out_tensor": {"if node.out is None:": None, "return None": None, "out = wrap(node.out)": "out = Tensor(node.out)"},
    "sum_to": {
        "value = summed(x, axes)": "value = x.sum(axes).reshape(shape)",
        "if value.shape != shape:": None,
        "value = value.reshape(shape)": None,
        "return value if a is x else record(value, (a,), (sum_to_da,), x.shape)": (
            "return record(value, (a,), (sum_to_da,), x.shape)"
        ),
    },
    "broadcast_to": {"value = array_module(x).empty(shape, x.dtype)": "value = np.empty(shape, x.dtype)"},
    "mul": {"def mul(input, other):": "def mul(a, b):", "a, b = operands(...": None},
    "add": {
        "def add(input, other, *, alpha=1):": "def add(a, b):",
        "a, b = operands(...": None,
    },
    "exp": {
        "def exp(input):": "def exp(a):",
        "a = floating(input)": None,
        "x = raw(a)": "x = raw(a)",
        "value = array_module(x).exp(x)": "value = np.exp(x)",
    },
    "refuse_changed": {
        "looked_at = [getattr(x, 'changes', None) for x in node.inputs or ()]": (
            "looked_at = [getattr(x, 'changes', None) for x in node.inputs]"
        ),
        "if node.out is not None and node.changes is not None and (node.changes.serial != node.written):": (
            "if node.out is not None and node.changes is not None:"
        ),
    },
    "linear_dinput": {
        "def linear_dinput(g, _out, _input, weight, _bias=None):": "def linear_dinput(g, _out, _input, weight, _bias):",
        "if len(weight) == 1:": None,
        "return (weight.swapaxes(-2, -1) * g.swapaxes(-2, -1)).swapaxes(-2, -1) if g.ndim > 1 else g * weight[0]": None,
    },
    "linear_dweight": {
        "def linear_dweight(g, _out, input, _weight, _bias=None):": (
            "def linear_dweight(g, _out, input, _weight, _bias):"
        ),
        "if input.ndim != 2:": None,
        "g, input = (as_matrix(g), as_matrix(input))": None,
    },
}
"""Lines of the real functions, and the ladder's in their place; None for those that it leaves out.

One that ends in three dots stands for any that begins so.
"""

HELD = [
    *((7, GRAPH, name) for name in ("raw", "record")),
    *((7, FITTING, name) for name in ("sum_to", "sum_to_da", "broadcast_to", "broadcast_to_da")),
    *((7, ARITHMETIC, name) for name in ("mul", "mul_da", "mul_db")),
    *((number, PASS, "backward") for number in (7, 8, 9)),
    *((8, PASS, name) for name in ("rule_arguments", "out_tensor")),
    *((8, ARITHMETIC, name) for name in ("add", "add_da", "add_db")),
    *((8, ELEMENTWISE, name) for name in ("exp", "exp_da")),
    *((9, CHANGES, name) for name in ("changes_of", "refuse_changed")),
    *((10, LINEAR, name) for name in ("linear_dinput", "linear_dweight", "linear_dbias")),
]


def stands_for(key: str, line: str) -> bool:
    """Whether a listed line is this one, or one that begins so."""
    return line.startswith(key.removesuffix("...")) if key.endswith("...") else line == key


@pytest.mark.parametrize(("number", "module", "name"), HELD, ids=lambda x: x if isinstance(x, (int, str)) else "")
def test_a_function_has_the_real_ones_syntax_tree_but_for_listed_lines(number, module, name):
    listed, met, expected = LISTED.get(name, {}), set(), []
    for line in bare(getattr(module, name)):
        text = line.strip()
        key = next((key for key in listed if stands_for(key, text)), None)
        met.add(key)
        to = text if key is None else listed[key]
        if (number, name) == (7, "backward"):
            to = ARRAYS_ALONE.get(to, to)
        if to is not None:
            expected.append(line[: len(line) - len(line.lstrip())] + to)
    assert listed.keys() <= met, "a listed line is none of the real function's any more"
    assert bare(getattr(step(number), name)) == expected


def test_a_loop_that_is_said_to_be_that_of_the_step_before_is():
    assert bare(step(5).backward) == bare(step(4).backward)
    assert bare(step(9).backward) == bare(step(8).backward)
    fitted = [
        line.replace("fit(rule(g, node.out, *node.inputs), edge)", "rule(g, node.out, *node.inputs)")
        for line in bare(step(6).backward)
    ]
    assert fitted == bare(step(5).backward)

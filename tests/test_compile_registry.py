"""Every op and rule of the registry, captured: on other values the program gives what the op does, or it is refused."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from parity import bind, results
from registry import OPS

import minigrad
from minigrad.compiled import tape as tapes
from minigrad.compiled.program import Otherwise, Program
from minigrad.compiled.reads import Reads
from minigrad.engine.order import same_places

pytestmark = pytest.mark.filterwarnings("ignore")


def computed(function, leaves):
    """The arrays of an op's results, and of the gradients of what requires one."""
    out = [y for y in results(function(*leaves)) if isinstance(y, minigrad.Tensor)]
    roots = [y for y in out if y.requires_grad]
    g = [minigrad.ones_like(y) * 0.5 for y in roots]
    grads = minigrad.autograd.grad(roots, leaves, g, allow_unused=True) if roots else []
    return [x.array for x in (*out, *grads) if x is not None]


def exchange(leaves):
    """Other values for the same arrays: their elements in another order."""
    for leaf in leaves:
        leaf.array[...] = leaf.array.reshape(-1)[::-1].reshape(leaf.array.shape).copy()


def outcome(call, sample, requires_grad=True):
    """Why an op is refused, or what differs; nothing where its program is right."""
    function, leaves = bind(call, minigrad, sample)
    leaves = [minigrad.Tensor.requires_grad_(leaf, requires_grad) for leaf in leaves]
    try:
        before = computed(function, leaves)
    except Exception:
        return "", ""  # an error for these operands is another test's
    tape = tapes.Tape()
    with tapes.recording(tape):
        arrays = [tapes.plain(x) for x in computed(function, leaves)]
    if tape.refused:
        return tape.refused[0], ""
    if not all(map(same, arrays, before)) or not all(map(same_places, arrays, before)):
        return "", "recorded"
    program = Program(tape, Reads(tape), call.__name__, {})
    exchange(leaves)
    try:
        want = computed(function, leaves)
    except Exception:
        return "", ""
    try:
        with minigrad.arrays.quiet():
            program.step()
    except Otherwise:
        return "", ""
    return "", "" if all(map(same, arrays, want)) else str(program)


def same(x, y):
    """Whether two arrays are the same to the bit, and nan where the other is."""
    return x.shape == y.shape and x.dtype == y.dtype and np.array_equal(x, y, equal_nan=x.dtype.kind == "f")


@pytest.mark.parametrize("name", [name for name, op in OPS.items() if op.defined])
def test_an_op(name):
    op = OPS[name]

    @settings(
        max_examples=3,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(op.samples())
    def check(drawn):
        spelling, sample = drawn
        reason, different = outcome(op.calls[spelling], sample)
        if reason:
            print("REASON", name, spelling, reason)
        assert not different, different

    check()

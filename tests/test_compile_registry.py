"""Every op and rule of the registry, captured: on other values the program gives what the op does, or it is refused."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from parity import bind, results
from registry import OPS

import minigrad
from minigrad.compiled import tape as tapes
from minigrad.compiled.library import plain
from minigrad.compiled.program import Otherwise, Program
from minigrad.compiled.reads import Reads
from minigrad.compiled.recording import recording
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


REASONS = (
    "the values of a tensor are read as numbers",
    "the array's `nonzero`",
    "x[mask], whose size goes by the values of the mask",
    *("np.argwhere", "np.bincount", "np.unique", "np.lexsort", "np.searchsorted", "np.interp"),
    *("np.linalg", "np.qr", "np.svd", "np.eigh", "np.eigvalsh", "np.slogdet", "np.lstsq", "np.pinv", "np.cond"),
    "Generator.drawn_seed",
)
"""Why an op is refused: its result's size, or the way that it is computed, goes by values."""

SEED = minigrad.manual_seed


@pytest.fixture(autouse=True)
def seeded_from_outside(monkeypatch):
    """The registry's calls seed the random numbers themselves, which no program does: here that is done before them."""
    monkeypatch.setattr(minigrad, "manual_seed", lambda _: None)


def outcome(call, sample):
    """Why an op is refused, or what differs; nothing where its program is right, or the operands are wrong."""
    function, leaves = bind(call, minigrad, sample)
    leaves = [leaf.requires_grad_() for leaf in leaves]
    try:
        SEED(1)
        before = computed(function, leaves)
    except Exception:
        return "", ""
    tape = tapes.Tape()
    SEED(1)
    with recording(tape):
        arrays = [plain(x) for x in computed(function, leaves)]
    if tape.refused:
        return tape.refused[0], ""
    if not all(map(same, arrays, before)) or not all(map(same_places, arrays, before)):
        return "", "recorded"
    program = Program(tape, Reads(tape), call.__name__, {})
    exchange(leaves)
    try:
        SEED(2)
        want = computed(function, leaves)
        SEED(2)
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
        assert not different, different
        assert not reason or reason.startswith(REASONS), reason

    check()

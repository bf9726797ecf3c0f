"""NumPy's warnings: none from minigrad, where PyTorch is silent; and the user's own code keeps its."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from parity import results, run, upstream
from registry import Op
from samples import Sample
from silent_cases import CASES
from test_ops import EVERY_OP, examples, for_samples

import minigrad
from minigrad.ops import arithmetic

TESTS = Path(__file__).parent


@contextmanager
def strict() -> Iterator[None]:
    """What NumPy would warn of is an error: that of its arithmetic (underflow too), and that of its Python code."""
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


# Every op ---------------------------------------------------------------------------------------------------


@EVERY_OP
@examples(20)
@pytest.mark.filterwarnings("ignore")
def test_ops_are_silent(op: Op, examples: int) -> None:
    """On the samples of test_ops.py, and on these with the largest and the smallest numbers among theirs."""
    for_samples(op, examples, check_silence)


def check_silence(op: Op, spelling: str, sample: Sample) -> None:
    """An op, its gradients, and the gradients recorded, have no errors but those that they have anyway."""
    for each in (sample, extreme(sample)):
        for create_graph in (False, True):
            with strict():
                ran = run(op.calls[spelling], minigrad, each, requires_grad=True)
            if isinstance(ran.error, (FloatingPointError, RuntimeWarning)):
                raise ran.error
            if not op.differentiable:
                continue
            outputs = [y for y in results(ran.result) if y.requires_grad]
            starts = upstream(minigrad, ran.result)
            with strict():
                minigrad.autograd.backward(outputs, starts, create_graph=create_graph)


def extreme(sample: Sample) -> Sample:
    """The sample with half of its floats replaced by numbers whose sums, products and powers overflow or vanish."""
    rng = np.random.default_rng(3)

    def changed(x: Any) -> Any:
        if isinstance(x, (list, tuple)):
            return type(x)(changed(each) for each in x)
        if isinstance(x, np.ndarray) and x.dtype.kind == "f":
            limits = np.finfo(x.dtype)
            numbers = [limits.max, limits.min, limits.tiny, -limits.smallest_subnormal, 0, -1, np.inf, np.nan]
            return np.where(rng.random(x.shape) < 0.5, rng.choice(np.array(numbers, x.dtype), x.shape), x)
        return x

    return Sample(changed(sample.operands), {name: changed(x) for name, x in sample.options.items()}, sample.constants)


# Named cases ------------------------------------------------------------------------------------------------


def run_python(*arguments: str) -> str:
    """What a new Python prints, its errors included."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_cases_are_silent_under_w_error() -> None:
    assert run_python("-W", "error", str(TESTS / "silent_cases.py")) == ""


@pytest.mark.parametrize("compute", CASES.values(), ids=CASES)
def test_cases_are_silent_whatever_the_user_has_set(compute: Callable[[], Any]) -> None:
    with strict():
        compute()


@pytest.mark.parametrize("compute", CASES.values(), ids=CASES)
def test_cases_are_silent_in_a_thread(compute: Callable[[], Any]) -> None:
    def in_thread() -> None:
        with strict():
            compute()

    with ThreadPoolExecutor(1) as threads:
        threads.submit(in_thread).result()


# The user's own code ----------------------------------------------------------------------------------------


def overflowing_step() -> None:
    x = minigrad.tensor([1e30], requires_grad=True)
    optimizer = minigrad.optim.SGD([x], lr=1e30)
    (x * x * x).sum().backward()
    optimizer.step()


def test_numpy_warns_the_user_before_and_after() -> None:
    before = np.geterr()
    for _ in range(2):
        with pytest.warns(RuntimeWarning, match="divide by zero"):
            np.log(np.zeros(1))
        overflowing_step()
        assert np.geterr() == before


def test_the_users_setting_is_back_after_each_op() -> None:
    with np.errstate(divide="raise", over="print", under="warn", invalid="call"):
        own = np.geterr()
        overflowing_step()
        assert np.geterr() == own
        with pytest.raises(FloatingPointError):
            np.log(np.zeros(1))
    with np.errstate(all="ignore"):
        np.seterr(divide="raise")
        overflowing_step()
        assert np.geterr()["divide"] == "raise"


FAILURES = {
    "before it computes": lambda x: x + minigrad.ones(3, 1),
    "in NumPy": lambda x: x @ x,
    "in linear": lambda x: minigrad.nn.functional.linear(x, x.T),
    "while it writes": lambda x: x.__setitem__(slice(None), minigrad.ones(3)),
    "in a checked target": lambda x: minigrad.nn.functional.cross_entropy(x[0], minigrad.tensor(7)),
    "in a rule": lambda x: failing(x.requires_grad_()).sum().backward(),
    "in a hook": lambda x: hooked(x, lambda g: 1 / 0),
    "in an optimizer": lambda x: minigrad.optim.SGD([with_gradient(x)], lr="much").step(),  # type: ignore[arg-type]
}


def failing(x: Any) -> Any:
    def failing_dx(g: Any, _out: Any, _x: Any) -> Any:
        raise ValueError("no gradient")

    return minigrad.autograd.record(minigrad.autograd.raw(x), (x,), (failing_dx,))


def hooked(x: Any, hook: Callable[[Any], Any]) -> None:
    x.requires_grad_().register_hook(hook)
    (x * 2).sum().backward()


def with_gradient(x: Any) -> Any:
    x.requires_grad_().grad = minigrad.ones(2, 1)
    return x


@pytest.mark.parametrize("fail", FAILURES.values(), ids=FAILURES)
def test_the_users_setting_is_back_after_an_error(fail: Callable[[Any], Any]) -> None:
    with np.errstate(divide="raise", over="print"):
        own = np.geterr()
        with pytest.raises((RuntimeError, ValueError, IndexError, TypeError, ZeroDivisionError)):
            fail(minigrad.ones(2, 1))
        assert np.geterr() == own


def test_the_users_setting_is_back_after_an_error_within_an_op(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arithmetic, "raw", lambda x: 1 / 0)
    with np.errstate(over="raise"):
        own = np.geterr()
        with pytest.raises(ZeroDivisionError):
            _ = minigrad.ones(1) * minigrad.ones(1)
        assert np.geterr() == own


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_hook_has_the_users_setting(create_graph: bool) -> None:
    seen = []

    def hook(g: Any) -> Any:
        seen.append(np.geterr()["over"])
        return g * 1e38

    x = minigrad.tensor([1e38], requires_grad=True)
    y = x * 1e38
    y.register_hook(hook)
    x.register_hook(hook)
    with np.errstate(over="raise"):
        y.sum().backward(create_graph=create_graph)
        assert seen == ["raise", "raise"]


def test_a_closure_and_hooks_of_an_optimizer_have_the_users_setting() -> None:
    seen = []
    optimizer = minigrad.optim.SGD([with_gradient(minigrad.ones(2, 1))], lr=0.1)
    optimizer.register_step_pre_hook(lambda *_: seen.append(np.geterr()["over"]))
    optimizer.register_step_post_hook(lambda *_: seen.append(np.geterr()["over"]))
    with np.errstate(over="raise"):
        optimizer.step(lambda: seen.append(np.geterr()["over"]))
    assert seen == ["raise"] * 3


def test_each_thread_has_its_own_setting() -> None:
    with np.errstate(all="raise"), ThreadPoolExecutor(1) as threads:
        threads.submit(overflowing_step).result()
        assert threads.submit(np.geterr).result()["over"] == "warn"
        assert np.geterr()["over"] == "raise"


# Importing --------------------------------------------------------------------------------------------------

IMPORT = """
import contextvars, decimal, gc, locale, os, signal, sys, threading, warnings
import numpy as np

def state():
    return {
        "warnings.filters": list(warnings.filters), "showwarning": warnings.showwarning, "np.geterr": np.geterr(),
        "np.geterrcall": np.geterrcall(), "bufsize": np.getbufsize(), "printing": str(np.get_printoptions()),
        "flags": sys.flags, "hooks": [sys.excepthook, sys.displayhook, threading.excepthook, sys.unraisablehook],
        "context": dict(contextvars.copy_context().items()), "environment": dict(os.environ), "path": list(sys.path),
        "recursion": sys.getrecursionlimit(), "switching": sys.getswitchinterval(), "gc": gc.get_threshold(),
        "signals": [signal.getsignal(n) for n in signal.valid_signals()], "locale": locale.setlocale(locale.LC_ALL),
        "decimal": str(decimal.getcontext()), "finders": list(map(type, sys.meta_path)),
        "numpy's random state": str(np.random.get_state()), "tracing": [sys.gettrace(), sys.getprofile()],
    }

state()  # decimal adds to the context when it is first asked
before = state()
import minigrad
after = state()
print([name for name in before if before[name] != after[name]])
"""


def test_importing_minigrad_changes_nothing_of_the_process() -> None:
    """But what memory.py says of the C library's memory."""
    assert run_python("-W", "error", "-c", IMPORT) == "[]\n"

"""For tests: `assert_close` and tensors of random numbers as torch.testing, and checks of ops of one's own.

The checks draw their samples by hypothesis: `pip install "minigrad[testing]"`.  `check_op`, `check_module`,
`check_loss` and `check_optimizer` raise a CheckError; `op_checks`, `module_checks`, `loss_checks` and
`optimizer_checks` are tests for the pytest plugin; `tensors`, `broadcastable` and `losses_targets` are strategies.
"""

from typing import Any

from minigrad.on_use import found, names_in
from minigrad.testing.closeness import assert_allclose, assert_close
from minigrad.testing.making import make_tensor

__all__ = ["assert_allclose", "assert_close", "make_tensor"]

OWN = {
    "minigrad.testing.module": "check_loss check_module loss_checks module_checks",
    "minigrad.testing.optimizer": "OptimizerChecks check_optimizer optimizer_checks",
    "minigrad.testing.op": "Checks CheckError check_op op_checks",
    "minigrad.testing.strategies": "broadcastable losses_targets tensors",
}
"""What PyTorch does not have; it is imported when it is first used, as it needs hypothesis."""


def __getattr__(name: str) -> Any:
    try:
        return found(__name__, OWN, name)
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        hint = 'pip install "minigrad[testing]"'
        raise ModuleNotFoundError(f"minigrad.testing.{name} needs hypothesis: {hint}", name="hypothesis") from None


def __dir__() -> list[str]:
    return [*globals(), *names_in(OWN)]

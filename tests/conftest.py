"""How hypothesis and PyTorch are run in the tests: the same examples each time, on one thread."""

import pytest
import torch
from hypothesis import HealthCheck, settings

import minigrad
from minigrad.gpu.finding import find_gpu

settings.register_profile(
    "minigrad", deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("minigrad")
pytest.register_assert_rewrite("parity")
torch.set_num_threads(1)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests marked `cuda` need a GPU: elsewhere they are skipped, and say why."""
    if item.get_closest_marker("cuda") and not minigrad.cuda.is_available():
        pytest.skip(f"no GPU: {find_gpu()[1]}")

"""How hypothesis and PyTorch are run in the tests: the same examples each time, on one thread."""

import pytest
import torch
from hypothesis import HealthCheck, settings

settings.register_profile(
    "minigrad", deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("minigrad")
pytest.register_assert_rewrite("parity")
torch.set_num_threads(1)

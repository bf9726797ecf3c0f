"""Freed memory is kept for the next arrays, and what a user has set is left alone."""

import platform

import pytest
from processes import python

from minigrad import memory

FAULTS = """
import resource
import numpy as np
{imports}
def step():
    arrays = [np.ones(1 << 20, np.float32) for _ in range(8)]

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

for _ in range(3):
    step()
before = faults()
for _ in range(10):
    step()
print(faults() - before)
"""


def faults_of_ten_steps(imports: str, **environment: str) -> int:
    """How many pages the system has to bring anew in ten steps of which each makes and frees 32 MB."""
    return int(python("-c", FAULTS.format(imports=imports), env=environment).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_freed_memory_is_kept():
    """Compared with each other, for systems have pages of 4 kB to 2 MB."""
    thresholds = {"MALLOC_TRIM_THRESHOLD_": "100000", "MALLOC_MMAP_THRESHOLD_": "100000"}
    assert faults_of_ten_steps("import minigrad") < faults_of_ten_steps("import minigrad", **thresholds) / 10


@pytest.mark.parametrize("name", memory.OWN_SETTINGS)
def test_settings_of_the_user_s_own_are_left_alone(name, monkeypatch):
    monkeypatch.setenv(name, "1")
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: pytest.fail("the C library was asked"))
    memory.keep_freed_memory()


@pytest.mark.parametrize("error", [AttributeError, OSError, TypeError])
def test_another_c_library_is_no_error(error, monkeypatch):
    def refuse(_):
        raise error

    for name in memory.OWN_SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(memory.ctypes, "CDLL", refuse)
    memory.keep_freed_memory()

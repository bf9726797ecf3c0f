"""What code in a worker process can ask about where it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class WorkerInfo:
    """One of a loader's worker processes: its number, how many there are, its random seed, its copy of the dataset."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


current: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """The worker process that this is; None in the main process.

    https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.get_worker_info
    """
    return current

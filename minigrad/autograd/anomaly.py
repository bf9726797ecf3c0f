"""Anomaly detection, as torch.autograd.detect_anomaly: an error where a backward pass makes nan, and where from."""

from __future__ import annotations

import warnings
from typing import Any

__all__ = ["detect_anomaly", "is_anomaly_check_nan_enabled", "is_anomaly_enabled", "set_detect_anomaly"]

anomalies: Any = None
"""The watcher of all threads while anomaly detection is on."""
check_nan = True


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on: what `autograd.set_detect_anomaly` set last."""
    return anomalies is not None


def is_anomaly_check_nan_enabled() -> bool:
    """Whether nan in a gradient is an error while anomaly detection is on."""
    return check_nan


def set_anomaly_enabled(mode: bool, check: bool = True) -> None:
    """Switch anomaly detection on or off, in all threads."""
    from minigrad.watch.nonfinite import Anomalies
    from minigrad.watch.observers import leave_all_threads, watch_all_threads

    global anomalies, check_nan
    check_nan = check
    if mode and anomalies is None:
        anomalies = Anomalies()
        watch_all_threads(anomalies)
    elif not mode and anomalies is not None:
        leave_all_threads(anomalies)
        anomalies = None
    if anomalies is not None:
        anomalies.check_nan = check


class set_detect_anomaly:
    """Switches anomaly detection on or off, by mode, at once; as a context manager until it is left.

    check_nan: as for `detect_anomaly`.
    https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.set_detect_anomaly
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.before = is_anomaly_enabled(), is_anomaly_check_nan_enabled()
        set_anomaly_enabled(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        set_anomaly_enabled(*self.before)


class detect_anomaly:
    """Within it a backward pass in which a rule returns nan is a RuntimeError, in PyTorch's words.

    A note says where the nan comes from: the first op or rule that made it of finite numbers, the user's expression,
    and the values.  A pass that starts from nan gives no error, as in PyTorch, but a warning that says the same.
    check_nan=False: nan is no error, and nothing is looked for.
    https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.detect_anomaly
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.before = is_anomaly_enabled(), is_anomaly_check_nan_enabled()
        self.check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        set_anomaly_enabled(True, self.check_nan)

    def __exit__(self, *error: object) -> None:
        set_anomaly_enabled(*self.before)

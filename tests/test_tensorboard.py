"""SummaryWriter writes the events that PyTorch's writes."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from engines import error_of, torch

import minigrad

pytest.importorskip("tensorboard")
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from torch.utils.tensorboard import SummaryWriter as TorchWriter

from minigrad.utils.tensorboard import SummaryWriter

BOTH = ((minigrad, SummaryWriter), (torch, TorchWriter))


def events(folder):
    """All events below a folder, by the folder of their file, without what tells of time and of the writer."""
    found = []
    for path in sorted(folder.rglob("events*"), key=lambda path: str(path.parent)):
        for event in EventFileLoader(str(path)).Load():
            event.ClearField("wall_time")
            event.ClearField("source_metadata")
            found.append((str(path.parent.relative_to(folder)), str(event)))
    return found


def figure():
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    made, axes = plt.subplots(figsize=(2, 1))
    axes.plot([0, 1, 4])
    return made


def numbers(lib, *shape, dtype="float32"):
    return lib.tensor(np.random.default_rng(0).random(shape).astype(dtype))


WRITTEN = {
    "scalars": lambda lib, w: [w.add_scalar("loss", lib.tensor(0.5 / (i + 1)), i) for i in range(3)],
    "a number": lambda lib, w: (w.add_scalar("a", 3, 1), w.add_scalar("b", np.float64(0.1), 2)),
    "new style": lambda lib, w: w.add_scalar("a", 0.1, 1, new_style=True, double_precision=True),
    "a chart": lambda lib, w: w.add_scalars("acc/all", {"train": 0.5, "test": lib.tensor([0.25])}, 7),
    "a histogram": lambda lib, w: w.add_histogram("w", numbers(lib, 50) - 0.3, 1),
    "few bins": lambda lib, w: w.add_histogram("w", numbers(lib, 50), 1, bins=7, max_bins=3),
    "bins of numpy": lambda lib, w: w.add_histogram("w", numbers(lib, 50), 1, bins="auto"),
    "a histogram of integers": lambda lib, w: w.add_histogram("w", lib.arange(10), 1),
    "a picture": lambda lib, w: w.add_image("p", numbers(lib, 3, 5, 4), 1),
    "a grey picture": lambda lib, w: w.add_image("p", numbers(lib, 1, 5, 4)),
    "bytes": lambda lib, w: w.add_image("p", lib.arange(60, dtype=lib.uint8).reshape(5, 4, 3), 1, dataformats="HWC"),
    "a plane": lambda lib, w: w.add_image("p", numbers(lib, 5, 4), dataformats="HW"),
    "pictures": lambda lib, w: w.add_images("p", numbers(lib, 11, 3, 5, 4), 2),
    "grey pictures": lambda lib, w: w.add_images("p", numbers(lib, 3, 5, 4, 1), dataformats="NHWC"),
    "a figure": lambda lib, w: w.add_figure("f", figure(), 1),
    "figures": lambda lib, w: w.add_figure("f", [figure(), figure()], 1),
    "text": lambda lib, w: w.add_text("t", "words *and* more", 3),
    "hyperparameters": lambda lib, w: w.add_hparams(
        {"lr": 0.1, "kind": "adam", "deep": True, "t": lib.tensor([2.0]), "none": None},
        {"loss": 0.5},
        {"kind": ["adam", "sgd"]},
        run_name="run",
    ),
    "again after close": lambda lib, w: (w.add_scalar("a", 1, 1), w.flush(), w.close()),
}


@pytest.mark.parametrize("case", WRITTEN)
def test_events_are_those_of_pytorch(case, tmp_path):
    found = []
    for lib, writer in BOTH:
        folder = tmp_path / lib.__name__
        with writer(str(folder), purge_step=4) as each:
            WRITTEN[case](lib, each)
            assert each.get_logdir() == str(folder)
        found.append(events(folder))
    assert found[0] == found[1]
    assert len(found[0]) > 3


REFUSED = {
    "several numbers": lambda lib, w: w.add_scalar("a", numbers(lib, 2)),
    "text for a number": lambda lib, w: w.add_scalar("a", [1]),
    "an empty histogram": lambda lib, w: w.add_histogram("a", lib.zeros(0)),
    "other dimensions": lambda lib, w: w.add_image("a", numbers(lib, 5, 4)),
    "no dict": lambda lib, w: w.add_hparams([], {}),
    "a list as hyperparameter": lambda lib, w: w.add_hparams({"a": [1]}, {}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_pytorch_refuses_is_refused(case, tmp_path):
    errors = []
    for lib, writer in BOTH:
        with writer(str(tmp_path / lib.__name__)) as each:
            errors.append(error_of(lambda lib=lib, each=each: REFUSED[case](lib, each)))
    assert errors[0][0] == errors[1][0] if isinstance(errors[1], tuple) else type(errors[0]) is type(errors[1])


def test_graphs_and_embeddings_are_refused(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        with pytest.raises(NotImplementedError, match="add_graph"):
            writer.add_graph(minigrad.nn.Linear(1, 1), minigrad.ones(1))
        with pytest.raises(NotImplementedError, match="add_embedding"):
            writer.add_embedding(minigrad.ones(2, 2))


def test_the_package_that_it_needs_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    monkeypatch.delitem(sys.modules, "minigrad.utils.tensorboard")
    with pytest.raises(ModuleNotFoundError, match="pip install tensorboard"):
        import minigrad.utils.tensorboard  # noqa: F401

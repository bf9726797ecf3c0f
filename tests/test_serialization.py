"""What PyTorch saved loads in minigrad, what minigrad saved loads in PyTorch, and training goes on."""

import io
import math
import os
import pickle
import re
import stat
import subprocess
import sys
import textwrap
import zipfile
from collections import Counter, OrderedDict, defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from engines import ENGINES, INSTALLED, torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from processes import LIMIT, python

import minigrad


class OldTorch:
    """PyTorch, saving as it did before version 1.6."""

    __name__ = "old torch"

    def __getattr__(self, name):
        return getattr(torch, name)

    def save(self, obj, f):
        torch.save(obj, f, _use_new_zipfile_serialization=False)


WAYS = [(a, b) for a in (*ENGINES, OldTorch()) for b in ENGINES if minigrad in (a, b)]
NAMES = [f"{a.__name__} to {b.__name__}" for a, b in WAYS]
both_ways = pytest.mark.parametrize(("writer", "reader"), WAYS, ids=NAMES)
trust = pytest.mark.parametrize("weights_only", [True, False])
DTYPES = ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool"]


def through_a_file(writer, reader, obj, **options):
    file = io.BytesIO()
    writer.save(obj, file)
    file.seek(0)
    return reader.load(file, **options)


def plain(obj):
    """An object's values, types and flags, in a form that compares equal for both engines."""
    kind = type(obj).__name__
    if isinstance(obj, (torch.Tensor, minigrad.Tensor)):
        array = obj.detach().numpy()
        return kind, array.shape, array.dtype.name, obj.requires_grad, obj.is_leaf, array.tobytes()
    if isinstance(obj, dict):
        return kind, [(key, plain(value)) for key, value in obj.items()]
    if isinstance(obj, (list, tuple)):
        return kind, [plain(value) for value in obj]
    if isinstance(obj, (torch.dtype, minigrad.dtype)):
        return kind, str(obj).partition(".")[2]
    if isinstance(obj, (torch.device, minigrad.device)):
        return kind, str(obj)
    return kind, obj


def values(lib):
    """One of everything that may be saved."""
    tensor = lib.arange(12.0).reshape(3, 4)
    weight = lib.nn.Parameter(lib.ones(2, 3))
    return {
        "dtypes": [lib.tensor([[0, 1, 2], [3, 4, 5]]).to(getattr(lib, name)) for name in DTYPES],
        "0-d": lib.tensor(1.5),
        "empty": [lib.zeros(0), lib.zeros(2, 0, 3), tensor[5:]],
        "strided": [tensor.t(), tensor[:, 1], tensor[::2, 1:3], tensor[1], tensor.reshape(2, 2, 3).permute(2, 0, 1)],
        "expanded": lib.tensor([1.0]).expand(3, 2),
        "not finite": lib.tensor([math.inf, -math.inf, -0.0]),
        "requires grad": lib.ones(2, requires_grad=True),
        "with a grad_fn": lib.ones(2, requires_grad=True) * 2,
        "parameters": [weight, lib.nn.Parameter(lib.ones(1), requires_grad=False), weight],
        "numbers": [0, -1, 255, 65536, -(2**31), 2**31, 2**70, -(2**70), 1.5, -0.0, 1e-300, True, False, 1 + 2j],
        "texts": ["", "text", "\u00e4\u00f6\u2192\U0001f642", "a\nb", b"bytes", b"\xff\x00", bytearray(b"x")],
        "none": None,
        "containers": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [[]], {}, {1: {2: {}}}, {1, 2}, set()],
        "ordered": OrderedDict(a=1, b=OrderedDict()),
        "counter": Counter("aab"),
        "size": [tensor.shape, lib.Size([]), lib.Size([2, 0])],
        "dtype": [getattr(lib, name) for name in DTYPES],
        "device": [lib.device("cpu"), lib.device("cpu", 0)],
        (1, "key"): "a tuple as key",
        None: "None as key",
    }


@both_ways
@trust
@pytest.mark.parametrize("name", list(values(minigrad)), ids=str)
def test_values(writer, reader, weights_only, name):
    original = values(writer)[name]
    loaded = through_a_file(writer, reader, {name: original}, weights_only=weights_only)
    assert list(loaded) == [name]
    expected = plain(values(reader)[name])
    if name == "with a grad_fn":  # what is loaded is a leaf
        assert loaded[name].is_leaf
        expected = (*expected[:4], True, expected[5])
    assert plain(loaded[name]) == expected


@both_ways
def test_everything_in_one_file(writer, reader):
    loaded = through_a_file(writer, reader, values(writer))
    assert list(loaded) == list(values(reader))
    assert loaded["parameters"][0] is loaded["parameters"][2]


@both_ways
@given(
    array=arrays.arrays(
        st.sampled_from([*map(np.dtype, DTYPES)]), arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
    ),
    data=st.data(),
)
def test_any_view_of_any_array(writer, reader, array, data):
    axes = data.draw(st.permutations(range(array.ndim)))
    index = data.draw(arrays.basic_indices(array.shape, allow_ellipsis=False)) if array.ndim else ()
    steps = index if isinstance(index, tuple) else (index,)
    if any(isinstance(step, slice) and (step.step or 1) < 0 for step in steps):
        index = ()
    view = np.asarray(array[index])
    axes = [axis for axis in axes if axis < view.ndim]
    tensor = writer.from_numpy(view.transpose(axes))
    loaded = through_a_file(writer, reader, tensor)
    assert plain(loaded)[1:] == plain(tensor)[1:]
    loaded.numpy()[...] = 0  # its memory is its own, and may be written


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner, inner),
    max_leaves=20,
))  # fmt: skip
@pytest.mark.parametrize("reader", ENGINES)
def test_any_plain_value(reader, value):
    file = io.BytesIO()
    minigrad.save(value, file)
    file.seek(0)
    if reader is torch and b"__builtin__\nbytes" in file.getvalue():
        with pytest.raises(pickle.UnpicklingError):  # b"" is beyond PyTorch's own unpickler
            torch.load(file)
    else:
        assert reader.load(file) == value


# Shared memory ----------------------------------------------------------------------------------------------


@both_ways
def test_tensors_that_share_memory_still_do(writer, reader):
    base = writer.arange(12.0)
    tied = writer.nn.Linear(3, 3)
    tied.again = tied.weight
    saved = [base, base[2:8:2], base.reshape(3, 4).t(), writer.arange(12.0), tied.state_dict()]
    whole, view, transposed, other, state = through_a_file(writer, reader, saved)
    with reader.no_grad():
        whole[4] = 100.0
        state["weight"][0, 0] = 7.0
    assert view.tolist() == [2, 100, 6]
    assert transposed.tolist() == [[0, 100, 8], [1, 5, 9], [2, 6, 10], [3, 7, 11]]
    assert other.tolist() == list(range(12))
    assert state["again"][0, 0].item() == 7


@both_ways
def test_columns_of_one_matrix(writer, reader):
    """Their spans overlap, but not their elements."""
    matrix = writer.arange(6.0).reshape(3, 2)
    left, right = through_a_file(writer, reader, [matrix[:, 0], matrix[:, 1]])
    assert left.tolist() == [0, 2, 4]
    assert right.tolist() == [1, 3, 5]


def records(file):
    """The sizes of the storages in a file, and the bytes of each."""
    with zipfile.ZipFile(file) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist() if "/data/" in name}


def test_memory_outside_of_the_tensors_is_not_saved():
    file = io.BytesIO()
    everything = np.arange(1000, dtype=np.int64)
    minigrad.save([minigrad.from_numpy(everything[2:4]), minigrad.from_numpy(everything[10:20:3])], file)
    pair, spread = records(file).values()
    assert np.frombuffer(pair, np.int64).tolist() == [2, 3]
    assert np.frombuffer(spread, np.int64).tolist() == [10, 0, 0, 13, 0, 0, 16, 0, 0, 19]


def test_each_state_of_an_optimizer_has_a_storage_of_its_own():
    """Though the optimizer keeps the states of small parameters in one array."""
    sizes = []
    for lib in ENGINES:
        file = io.BytesIO()
        lib.save(trained(lib)[1].state_dict(), file)
        sizes.append(sorted(len(data) for data in records(file).values()))
    assert sizes[0] == sizes[1]


def test_two_dtypes_in_one_memory_are_refused():
    array = np.arange(4, dtype=np.int32)
    with pytest.raises(RuntimeError, match="view the same data as different types"):
        minigrad.save([minigrad.from_numpy(array), minigrad.from_numpy(array.view(np.float32))], io.BytesIO())


@pytest.mark.parametrize("view", [lambda a: a[::-1], lambda a: a.reshape(3, 2)[:, ::-1]])
def test_strides_that_pytorch_lacks_are_saved_as_copies(view):
    array = view(np.arange(6.0))
    assert through_a_file(minigrad, torch, minigrad.from_numpy(array)).tolist() == array.tolist()


# Training that goes on --------------------------------------------------------------------------------------

OPTIMIZERS = {
    "SGD": {"lr": 0.1, "momentum": 0.9, "nesterov": True},
    "Adam": {"lr": 0.01},
    "AdamW": {"lr": 0.01, "amsgrad": True},
    "RMSprop": {"lr": 0.01, "momentum": 0.5, "centered": True},
    "Adagrad": {"lr": 0.1},
    "Adadelta": {"lr": 1.0},
}


def trained(lib, name="Adam", steps=5, checkpoint=None, dtype="float64"):
    """A small model and its optimizer after some steps, from a checkpoint or from a fixed start."""
    lib.manual_seed(3)
    model = lib.nn.Sequential(lib.nn.Linear(4, 8), lib.nn.ReLU(), lib.nn.Linear(8, 3)).to(getattr(lib, dtype))
    optimizer = getattr(lib.optim, name)(model.parameters(), **OPTIMIZERS[name])
    if checkpoint is not None:
        model.load_state_dict(checkpoint["model"])
        optimizer.load_state_dict(checkpoint["optimizer"])
    numbers = np.random.default_rng(0)
    x = lib.tensor(numbers.standard_normal((16, 4)).astype(dtype))
    y = lib.tensor(numbers.integers(0, 3, 16))
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = lib.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return model, optimizer, losses


def checkpoint_of(model, optimizer, losses):
    return {"epoch": 5, "model": model.state_dict(), "optimizer": optimizer.state_dict(), "losses": losses}


@both_ways
@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_goes_on_across_the_border(tmp_path, writer, reader, name, dtype):
    path = tmp_path / "checkpoint.pth"
    started = trained(writer, name, dtype=dtype)
    writer.save(checkpoint_of(*started), path)
    checkpoint = reader.load(path)
    assert plain(checkpoint)[1][0] == ("epoch", ("int", 5))
    assert checkpoint["losses"] == started[2]

    model, optimizer, losses = trained(reader, name, checkpoint=checkpoint, dtype=dtype)
    there = writer.load(path)
    same_model, same_optimizer, same_losses = trained(writer, name, checkpoint=there, dtype=dtype)
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(losses, same_losses, rtol=tolerance)
    for p, q in zip(model.parameters(), same_model.parameters(), strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=tolerance, atol=tolerance)
    state, same_state = optimizer.state_dict(), same_optimizer.state_dict()
    assert list(state) == list(same_state)
    assert list(state["state"]) == list(same_state["state"])
    for number, kept in state["state"].items():
        assert list(kept) == list(same_state["state"][number])
        for key in kept:
            if kept[key] is None or same_state["state"][number][key] is None:
                assert kept[key] is same_state["state"][number][key]
            else:
                assert plain(kept[key])[:4] == plain(same_state["state"][number][key])[:4]
    if name.startswith("Adam"):
        assert state["state"][0]["step"].item() == 10


@both_ways
def test_resumed_training_is_as_if_never_stopped(tmp_path, writer, reader):
    """To the last bit where it is the same engine, else as near as the engines are to each other."""
    path = tmp_path / "checkpoint.pth"
    writer.save(checkpoint_of(*trained(writer)), path)
    resumed = trained(reader, checkpoint=reader.load(path))[2]
    unbroken = trained(writer, steps=10)[2][5:]
    if writer is reader:
        assert resumed == unbroken
    np.testing.assert_allclose(resumed, unbroken, rtol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_state_dict_has_the_keys_of_pytorchs_file(name):
    theirs, ours = ([plain(part) for part in checkpoint_of(*trained(lib, name)).values()] for lib in ENGINES)
    assert [shape(part) for part in theirs] == [shape(part) for part in ours]


def shape(part):
    """Keys, types and order without the numbers."""
    kind, content = part[0], part[1]
    if isinstance(content, list) and kind in ("dict", "OrderedDict"):
        return kind, [(key, shape(value)) for key, value in content]
    if isinstance(content, list):
        return kind, [shape(value) for value in content]
    return part[:4] if kind in ("Tensor", "Parameter") else kind


@both_ways
def test_buffers_and_layers_of_every_kind(writer, reader):
    def model(lib):
        nn = lib.nn
        parts = [
            nn.Conv2d(1, 2, 3),
            nn.BatchNorm2d(2),
            nn.Flatten(),
            nn.Linear(8, 3),
            nn.BatchNorm1d(3),
            nn.LayerNorm(3),
        ]
        return nn.Sequential(*parts)

    x = np.random.default_rng(0).standard_normal((5, 1, 4, 4)).astype("float32")
    started, resumed = model(writer), model(reader)
    started(writer.from_numpy(x))
    loaded = through_a_file(writer, reader, started.state_dict())
    assert str(resumed.load_state_dict(loaded)) == "<All keys matched successfully>"
    assert plain(resumed.state_dict()) == plain(started.state_dict())
    there = started.eval()(writer.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(resumed.eval()(reader.from_numpy(x)).detach().numpy(), there, rtol=1e-4, atol=1e-5)


@both_ways
def test_schedulers_go_on_across_the_border(writer, reader):
    def made(lib):
        optimizer = lib.optim.SGD([lib.ones(1, requires_grad=True)], lr=0.1)
        plateau = lib.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1)
        return optimizer, [lib.optim.lr_scheduler.StepLR(optimizer, 2), plateau]

    def stepped(optimizer, schedulers, losses):
        rates = []
        for loss in losses:
            optimizer.step()
            schedulers[0].step()
            schedulers[1].step(loss)
            rates.append(optimizer.param_groups[0]["lr"])
        return rates

    losses = [1.0, 0.9, 0.95, 0.96, 0.97, 0.98, 0.5, 0.6]
    started, resumed, unbroken = made(writer), made(reader), made(writer)
    stepped(*started, losses[:4])
    state = [started[0].state_dict(), *(scheduler.state_dict() for scheduler in started[1])]
    for part, saved in zip([resumed[0], *resumed[1]], through_a_file(writer, reader, state), strict=True):
        part.load_state_dict(saved)
    assert stepped(*resumed, losses[4:]) == stepped(*unbroken, losses)[4:]


def test_metadata_of_pytorchs_state_dict_is_kept():
    state = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.BatchNorm1d(1)).state_dict()
    loaded = through_a_file(torch, minigrad, state)
    assert loaded._metadata == state._metadata
    assert through_a_file(minigrad, torch, loaded)._metadata == state._metadata


# The container ----------------------------------------------------------------------------------------------


def layout(path):
    with zipfile.ZipFile(path) as archive:
        return {info.filename: info for info in archive.infolist()}


def test_layout_of_the_archive(tmp_path):
    names = []
    for lib in ENGINES:
        path = tmp_path / lib.__name__ / "a model.v2.pth"
        path.parent.mkdir()
        lib.save(lib.nn.Linear(3, 5).state_dict(), path)
        found = layout(path)
        names.append([name for name in found if name.split("/")[1] not in (".format_version", ".storage_alignment")])
        content = path.read_bytes()
        for name, info in found.items():
            assert info.compress_type == zipfile.ZIP_STORED
            start = info.header_offset + 30 + sum(np.frombuffer(content, "<u2", 2, info.header_offset + 26).tolist())
            assert start % 64 == 0, name
    assert names[0] == names[1]


def test_large_records(tmp_path, monkeypatch):
    """With sizes in 64 bits, as they are from 2 GB on."""
    monkeypatch.setattr("minigrad.serialization.archive.LARGE", 20)
    path = tmp_path / "model.pth"
    minigrad.save({"large": minigrad.arange(6), "small": minigrad.ones(2)}, path)
    content = path.read_bytes()
    for name, info in layout(path).items():
        start = info.header_offset + 30 + sum(np.frombuffer(content, "<u2", 2, info.header_offset + 26).tolist())
        assert start % 64 == 0, name
    for lib in ENGINES:
        for mmap in (False, True):
            loaded = lib.load(path, mmap=mmap)
            assert loaded["large"].tolist() == [0, 1, 2, 3, 4, 5]
            assert loaded["small"].tolist() == [1, 1]


def test_a_buffers_folder_is_archive():
    for lib in ENGINES:
        file = io.BytesIO()
        lib.save(1, file)
        assert "archive/data.pkl" in layout(file)


def test_the_same_object_gives_the_same_bytes():
    files = io.BytesIO(), io.BytesIO()
    for file in files:
        minigrad.save(values(minigrad), file)
    assert files[0].getvalue() == files[1].getvalue()


def test_the_pickle_is_pytorchs():
    """To the byte, for a state_dict without the metadata that only PyTorch's has."""
    pickles = []
    for lib in ENGINES:
        lib.manual_seed(0)
        model = lib.nn.Sequential(lib.nn.Linear(2, 3), lib.nn.Linear(3, 1))
        file = io.BytesIO()
        lib.save(OrderedDict(model.state_dict().items()), file)
        with zipfile.ZipFile(file) as archive:
            pickles.append(archive.read("archive/data.pkl"))
    assert pickles[0] == pickles[1]


def test_unaligned_and_other_writers_archives_load(tmp_path):
    """Packed by any zip program that stores the records as they are."""
    path, packed = tmp_path / "a.pth", tmp_path / "b.pth"
    torch.save({"x": torch.arange(5.0)}, path)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    assert minigrad.load(packed)["x"].tolist() == [0, 1, 2, 3, 4]
    assert minigrad.load(packed, mmap=True)["x"].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("weights_only", [True, False])
def test_big_endian_files(tmp_path, weights_only):
    path, swapped = tmp_path / "a.pth", tmp_path / "b.pth"
    saved = [
        torch.arange(5.0),
        torch.tensor([1, 2**40]),
        torch.tensor([True, False]),
        torch.tensor([1, 200], dtype=torch.uint8),
    ]
    torch.save(saved, path)
    sizes = {"data/0": 4, "data/1": 8, "data/2": 1, "data/3": 1}
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(swapped, "w") as new:
        for name in old.namelist():
            data, record = old.read(name), name.partition("/")[2]
            if record == "byteorder":
                data = b"big"
            if record in sizes:
                data = np.frombuffer(data, f"V{sizes[record]}").view(f"u{sizes[record]}").byteswap().tobytes()
            new.writestr(name, data)
    assert plain(minigrad.load(swapped, weights_only=weights_only)) == plain(saved)


# Files ------------------------------------------------------------------------------------------------------


@both_ways
@pytest.mark.parametrize("kind", [str, Path, open])
def test_paths_and_files(tmp_path, writer, reader, kind):
    path = tmp_path / "model.pt"
    if kind is open:
        with open(path, "wb") as file:
            writer.save({"x": writer.ones(2)}, file)
        with open(path, "rb") as file:
            loaded = reader.load(file)
    else:
        writer.save({"x": writer.ones(2)}, kind(path))
        loaded = reader.load(kind(path))
    assert plain(loaded["x"]) == plain(reader.ones(2))


@both_ways
def test_a_file_that_begins_in_the_middle(writer, reader):
    file = io.BytesIO()
    file.write(b"before")
    writer.save([writer.ones(2)], file)
    file.seek(6)
    assert plain(reader.load(file)) == plain([reader.ones(2)])


def test_only_write_and_flush_are_asked_of_a_file():
    class Pipe:
        def __init__(self):
            self.parts = []

        def write(self, data):
            self.parts.append(bytes(data))

        def flush(self):
            self.parts.append(b"")

    pipe = Pipe()
    minigrad.save(minigrad.ones(3), pipe)
    assert torch.load(io.BytesIO(b"".join(pipe.parts))).tolist() == [1, 1, 1]
    assert pipe.parts[-1] == b""


def test_not_a_file():
    for lib in ENGINES:
        with pytest.raises(AttributeError, match="expected 'f' to be string, path, or a file-like object"):
            lib.save(1, 3)
        with pytest.raises(AttributeError, match=r"You can only torch\.load from a file that is seekable"):
            lib.load(3)
        with pytest.raises(FileNotFoundError):
            lib.load("no such file.pth")
        with pytest.raises(RuntimeError, match=r"Parent directory .* does not exist"):
            lib.save(1, "no such folder/model.pth")


def test_mmap(tmp_path):
    path = tmp_path / "model.pth"
    for writer in ENGINES:
        writer.save({"x": writer.arange(6.0), "b": writer.tensor([True, False])}, path)
        before = path.read_bytes()
        loaded = minigrad.load(path, mmap=True)
        loaded["x"].add_(1)
        assert loaded["x"].tolist() == [1, 2, 3, 4, 5, 6]
        assert loaded["b"].tolist() == [True, False]
        assert path.read_bytes() == before
    assert torch.load(path, mmap=True)["x"].tolist() == [0, 1, 2, 3, 4, 5]  # minigrad wrote it last
    for lib in ENGINES:
        with pytest.raises(ValueError, match="f must be a file path in order to use the mmap argument"):
            lib.load(io.BytesIO(before), mmap=True)


# Saving replaces the file at once ---------------------------------------------------------------------------


class Unsavable:
    def __reduce__(self):
        raise ValueError("cannot be saved")


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.pth"
    minigrad.save([1], path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="cannot be saved"):
        minigrad.save([minigrad.ones(3), Unsavable()], path)
    assert path.read_bytes() == before
    for name in ("fsync", "replace"):
        with monkeypatch.context() as patched:
            patched.setattr(os, name, fail)
            with pytest.raises(OSError, match="no space left"):
                minigrad.save([minigrad.ones(3)], path)
        assert path.read_bytes() == before
        assert os.listdir(tmp_path) == ["model.pth"]


def fail(*args):
    raise OSError("no space left")


def test_a_failed_save_to_a_new_file_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="cannot be saved"):
        minigrad.save([Unsavable()], tmp_path / "model.pth")
    with pytest.raises((AttributeError, pickle.PicklingError), match="lambda"):
        minigrad.save(lambda: None, tmp_path / "model.pth")
    file = io.BytesIO()
    with pytest.raises(ValueError, match="cannot be saved"):
        minigrad.save([Unsavable()], file)
    assert os.listdir(tmp_path) == []
    assert file.getvalue() == b""


def test_a_killed_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "model.pth"
    minigrad.save([1], path)
    script = f"""
        import os, minigrad
        os.fsync = lambda _: os._exit(9)
        minigrad.save([minigrad.ones(1000)], {str(path)!r})
    """
    assert python("-c", textwrap.dedent(script)).returncode == 9
    assert minigrad.load(path) == [1]


def writer_of(path, at_the_end):
    """A process that is about to put a file in its place."""
    script = f"""
        import os, sys, minigrad
        os.fsync = lambda _: ({at_the_end})
        minigrad.save([minigrad.ones(1000)], {str(path)!r})
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_the_next_save_removes_what_a_killed_one_left(tmp_path):
    killed = writer_of(tmp_path / "model.pth", "print('ready', flush=True), sys.stdin.read()")
    assert killed.stdout.readline() == "ready\n"
    killed.kill()
    killed.wait(LIMIT)
    (leftover,) = os.listdir(tmp_path)
    others = [".hidden.tmp", leftover.replace(".tmp", ".txt"), "." + leftover]
    for name in others:
        (tmp_path / name).touch()
    minigrad.save(1, tmp_path / "other.pth")
    assert sorted(os.listdir(tmp_path)) == sorted(["other.pth", *others])


def test_no_save_removes_the_file_of_another_that_is_at_work(tmp_path):
    path = tmp_path / "model.pth"
    slow = writer_of(path, "print('ready', flush=True), sys.stdin.read()")
    assert slow.stdout.readline() == "ready\n"
    minigrad.save(1, path)
    assert minigrad.load(path) == 1
    slow.communicate(timeout=LIMIT)
    assert slow.returncode == 0
    assert minigrad.load(path)[0].shape == (1000,)
    assert os.listdir(tmp_path) == ["model.pth"]


def test_what_only_looks_like_a_leftover_is_no_hindrance(tmp_path):
    os.mkfifo(tmp_path / ".minigrad-pipe.tmp")
    (tmp_path / ".minigrad-folder.tmp").mkdir()
    (tmp_path / ".minigrad-nothing.tmp").symlink_to("nothing")
    before = set(os.listdir(tmp_path))
    minigrad.save(1, tmp_path / "model.pth")
    assert set(os.listdir(tmp_path)) == {*before, "model.pth"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list any folder")
def test_a_folder_that_may_not_be_listed(tmp_path):
    tmp_path.chmod(0o300)
    minigrad.save(1, tmp_path / "model.pth")
    assert minigrad.load(tmp_path / "model.pth") == 1
    tmp_path.chmod(0o700)


def test_threads_save_to_one_folder_at_once(tmp_path):
    def save_often(number):
        for _ in range(50):
            minigrad.save(number, tmp_path / "one.pth")
            minigrad.save(number, tmp_path / f"{number}.pth")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(save_often, range(4)))
    assert sorted(os.listdir(tmp_path)) == ["0.pth", "1.pth", "2.pth", "3.pth", "one.pth"]
    assert [minigrad.load(tmp_path / f"{number}.pth") for number in range(4)] == [0, 1, 2, 3]


def test_permissions_and_links_stay(tmp_path):
    path, link = tmp_path / "model.pth", tmp_path / "link.pth"
    old = os.umask(0o022)
    try:
        minigrad.save(1, path)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    path.chmod(0o600)
    link.symlink_to(path)
    minigrad.save(2, link)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert link.is_symlink()
    assert minigrad.load(path) == 2


def test_what_is_not_a_plain_file_is_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    minigrad.save([1, 2], pipe)
    assert minigrad.load(io.BytesIO(reader.communicate(timeout=LIMIT)[0])) == [1, 2]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


# Devices ----------------------------------------------------------------------------------------------------


def on_cuda():
    """A file as PyTorch writes it where a tensor is on a GPU."""
    file, moved = io.BytesIO(), io.BytesIO()
    torch.save({"x": torch.ones(2), "n": 1}, file)
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(moved, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0"))
    moved.seek(0)
    return moved


@pytest.mark.parametrize("options", [{}, {"map_location": "cuda"}, {"map_location": {"cuda:0": "cuda:1"}}])
def test_a_cuda_tensor_without_a_gpu(options):
    if minigrad.cuda.is_available() or torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    messages = []
    for lib in ENGINES:
        with pytest.raises(RuntimeError, match="Attempting to deserialize object on a CUDA device") as error:
            lib.load(on_cuda(), **options)
        messages.append(str(error.value))
    assert messages[0] == messages[1]


@pytest.mark.parametrize(
    "place",
    [
        lambda _: "cpu",
        lambda lib: lib.device("cpu"),
        lambda _: {"cuda:0": "cpu"},
        lambda _: lambda storage, location: storage,
        lambda _: lambda storage, location: storage.cpu() if location == "cuda:0" else None,
    ],
)
def test_map_location(place):
    for lib in ENGINES:
        loaded = lib.load(on_cuda(), map_location=place(lib))
        assert plain(loaded["x"]) == plain(torch.ones(2))
        assert str(loaded["x"].device) == "cpu"


def test_a_function_that_leaves_the_location_as_it_is():
    seen = []
    file = io.BytesIO()
    minigrad.save([minigrad.ones(2), minigrad.zeros(3, dtype=minigrad.int8)], file)
    file.seek(0)
    minigrad.load(
        file, lambda storage, location: seen.append((len(storage), storage.nbytes(), str(storage.device), location))
    )
    assert seen == [(2, 8, "cpu", "cpu"), (3, 3, "cpu", "cpu")]
    for function in (lambda storage, location: storage.nothing, lambda storage, location: "cpu"):
        file.seek(0)
        with pytest.raises(RuntimeError, match="map_location"):
            minigrad.load(file, function)
    with pytest.raises(TypeError, match="map_location must be"):
        minigrad.load(file, map_location=3)


# Whole models -----------------------------------------------------------------------------------------------


class Net(minigrad.nn.Module):
    def __init__(self):
        super().__init__()
        self.inside = minigrad.nn.Sequential(minigrad.nn.Linear(2, 3), minigrad.nn.ReLU(), minigrad.nn.Linear(3, 1))
        self.scale = minigrad.nn.Parameter(minigrad.tensor(2.0))
        self.register_buffer("seen", minigrad.tensor(3))
        self.register_buffer("scratch", minigrad.zeros(2), persistent=False)
        self.note = "an attribute"

    def forward(self, x):
        return self.inside(x) * self.scale


class TorchNet(torch.nn.Module if torch in INSTALLED else object):
    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(2.0))


def test_a_whole_model():
    net = Net().eval()
    loaded = through_a_file(minigrad, minigrad, net, weights_only=False)
    assert isinstance(loaded, Net)
    assert repr(loaded) == repr(net)
    assert not loaded.training
    assert loaded.note == "an attribute"
    assert plain(loaded.state_dict()) == plain(net.state_dict())
    x = minigrad.ones(1, 2)
    loaded(x).backward()
    assert plain(loaded(x)) == plain(net(x))
    assert all(p.grad is not None for p in loaded.parameters())


def test_a_whole_model_needs_trust():
    with pytest.raises(pickle.UnpicklingError) as error:
        through_a_file(minigrad, minigrad, Net())
    text = str(error.value)
    assert text.startswith("Weights only load failed. <BytesIO> cannot be loaded: ")
    assert f"GLOBAL {__name__}.Net was not an allowed global by default" in text
    assert "runs whatever code it names" in text
    assert "state_dict" in text


def test_models_and_optimizers_of_the_library():
    model, optimizer, _ = trained(minigrad)
    twin, twin_optimizer = through_a_file(minigrad, minigrad, [model, optimizer], weights_only=False)
    assert twin_optimizer.param_groups[0]["params"][0] is next(twin.parameters())
    assert plain(twin_optimizer.state_dict()) == plain(optimizer.state_dict())


@pytest.mark.parametrize("model", [lambda: torch.nn.Linear(1, 1), TorchNet, lambda: torch.optim.SGD([torch.ones(1)])])
@trust
def test_pytorchs_own_objects_are_refused(model, weights_only):
    with pytest.raises(pickle.UnpicklingError, match=r"state_dict|was not an allowed global"):
        through_a_file(torch, minigrad, model(), weights_only=weights_only)


def test_a_pytorch_model_of_a_class_that_minigrad_could_import(monkeypatch):
    """Under the launcher the user's class is minigrad's Module, but the file has the insides of PyTorch's."""
    file = io.BytesIO()
    torch.save(TorchNet(), file)
    file.seek(0)
    monkeypatch.setitem(globals(), "TorchNet", Net)
    with pytest.raises(pickle.UnpicklingError, match="a whole model, Net, that PyTorch saved"):
        minigrad.load(file, weights_only=False)


@pytest.mark.parametrize("dtype", ["bfloat16", "complex64", "uint16"])
@trust
def test_dtypes_that_minigrad_lacks(dtype, weights_only):
    tensor = torch.ones(1, dtype=getattr(torch, dtype))
    with pytest.raises(pickle.UnpicklingError, match=r"which minigrad does not have|not an allowed|a class of PyTorch"):
        through_a_file(torch, minigrad, tensor, weights_only=weights_only)


@trust
def test_attributes_of_tensors(weights_only):
    """They are PyTorch's to write; minigrad keeps them on tensors that it loads, if they are new names."""
    tensor, parameter = torch.ones(2), torch.nn.Parameter(torch.ones(2))
    tensor.note, parameter.note = "a", "b"
    loaded = through_a_file(torch, minigrad, [tensor, parameter], weights_only=weights_only)
    assert [each.note for each in loaded] == ["a", "b"]
    tensor.array = "not one"
    with pytest.raises(pickle.UnpicklingError, match="replaces the attribute 'array'"):
        through_a_file(torch, minigrad, tensor)


class Marked(minigrad.Tensor):
    pass


def test_a_tensor_of_the_users_class_keeps_its_class():
    tensor = Marked([1.0, 2.0])
    loaded = through_a_file(minigrad, minigrad, tensor, weights_only=False)
    assert type(loaded) is Marked
    assert loaded.tolist() == [1, 2]
    with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL minigrad\.tensor\.unpickled"):
        through_a_file(minigrad, minigrad, tensor)


def test_numpy_values_need_trust():
    """As in PyTorch: to build them NumPy's own functions are called."""
    for value in (np.float64(0.5), np.arange(3)):
        assert np.array_equal(through_a_file(minigrad, minigrad, value, weights_only=False), value)
        with pytest.raises(pickle.UnpicklingError, match="GLOBAL numpy"):
            through_a_file(minigrad, minigrad, value)


@pytest.mark.parametrize(
    "value",
    [frozenset({1}), range(3), slice(1), defaultdict(list), Path("x"), date(2020, 1, 1), Decimal(1), Fraction(1, 2)]
    + [int, len, np.bool_(True), np.dtype("f4"), SimpleNamespace(a=1), re.compile("x"), ValueError("x")],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("writer", ENGINES)
def test_what_pytorch_refuses_is_refused(writer, value):
    for reader in ENGINES:
        with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL|Unsupported"):
            through_a_file(writer, reader, [value])
    for weights_only in (None, True):
        with pytest.raises(pickle.UnpicklingError):
            through_a_file(writer, minigrad, [value], weights_only=weights_only)
    loaded = through_a_file(writer, minigrad, [value], weights_only=False)
    assert type(loaded[0]) is type(value)


def test_random_states():
    minigrad.manual_seed(5)
    loaded = through_a_file(minigrad, torch, minigrad.get_rng_state())
    torch.set_rng_state(loaded)
    assert torch.rand(3).tolist() == minigrad.rand(3).tolist()


def test_saving_imports_what_it_needs_only_then():
    script = """
        import sys, numpy
        before = set(sys.modules)
        import minigrad
        heavy = {"zipfile", "mmap", "safetensors", "minigrad.safetensors", "minigrad.serialization.archive"}
        print(sorted(heavy & set(sys.modules) - before))
    """
    answer = python("-c", textwrap.dedent(script))
    assert answer.stdout == "[]\n"


def test_under_the_launcher(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
        import torch
        from torch import nn
        from torch.serialization import load
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = nn.Linear(1, 1)
        torch.save(Net(), "model.pth")
        print(type(torch.load("model.pth", weights_only=False)).__name__)
        torch.save(Net().state_dict(), "weights.pth")
        print(list(load("weights.pth")))
    """)
    )
    answer = python("-m", "minigrad", script, cwd=tmp_path)
    assert answer.stdout == "Net\n['layer.weight', 'layer.bias']\n", answer.stderr
    assert list(torch.load(tmp_path / "weights.pth")) == ["layer.weight", "layer.bias"]


def test_a_dtype_is_saved_twice() -> None:
    saved = io.BytesIO()
    minigrad.save([minigrad.float64, {"again": minigrad.float64}, minigrad.float32], saved)
    for lib in ENGINES:
        saved.seek(0)
        assert lib.load(saved) == [lib.float64, {"again": lib.float64}, lib.float32]

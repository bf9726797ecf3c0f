"""Files of the safetensors format, to and from safetensors.torch."""

import os
import sys
import textwrap

import numpy as np
import pytest
from engines import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from processes import python

import minigrad
import minigrad.safetensors as ours

theirs = pytest.importorskip("safetensors.torch", reason="needs the safetensors library (extra `safetensors`)")
safetensors = pytest.importorskip("safetensors")

LIBRARIES = {torch: theirs, minigrad: ours}
WAYS = [(a, b) for a in LIBRARIES for b in LIBRARIES if minigrad in (a, b)]
both_ways = pytest.mark.parametrize(("writer", "reader"), WAYS, ids=[f"{a.__name__} to {b.__name__}" for a, b in WAYS])
DTYPES = ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool"]


def plain(tensors):
    return {
        name: (tensor.shape, str(tensor.dtype).partition(".")[2], tensor.detach().numpy().tobytes())
        for name, tensor in tensors.items()
    }


def state(lib):
    lib.manual_seed(1)
    return lib.nn.Sequential(lib.nn.Linear(3, 2), lib.nn.ReLU(), lib.nn.Linear(2, 1)).state_dict()


@both_ways
def test_a_state_dict(tmp_path, writer, reader):
    path = tmp_path / "model.safetensors"
    LIBRARIES[writer].save_file(dict(state(writer)), path, {"format": "pt"})
    loaded = LIBRARIES[reader].load_file(path)
    assert plain(loaded) == plain(state(reader))
    model = reader.nn.Sequential(reader.nn.Linear(3, 2), reader.nn.ReLU(), reader.nn.Linear(2, 1))
    assert str(model.load_state_dict(loaded)) == "<All keys matched successfully>"
    with safetensors.safe_open(path, "np") as file:
        assert file.metadata() == {"format": "pt"}


@both_ways
@given(st.dictionaries(st.text(min_size=1, max_size=5), arrays.arrays(
    st.sampled_from([*map(np.dtype, DTYPES)]), arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
), max_size=4))  # fmt: skip
def test_any_tensors(writer, reader, tensors):
    tensors = {name: array for name, array in tensors.items() if name != "__metadata__"}
    data = LIBRARIES[writer].save({name: writer.from_numpy(array.copy()) for name, array in tensors.items()})
    loaded = LIBRARIES[reader].load(data)
    assert plain(loaded) == plain({name: reader.from_numpy(array) for name, array in tensors.items()})
    for tensor in loaded.values():
        tensor.zero_()  # its memory is its own, and may be written


def test_the_same_bytes():
    tensors = [{"b": lib.ones(2, 3), "a": lib.arange(4)} for lib in LIBRARIES]
    assert theirs.save(tensors[0]) == ours.save(tensors[1])


@pytest.mark.parametrize(
    ("tensors", "kind"),
    [
        (lambda lib: [lib.ones(2)], ValueError),
        (lambda lib: {"a": 1}, ValueError),
        (lambda lib: {"a": lib.ones(2, 3).t()}, ValueError),
        (lambda lib: {"a": (x := lib.ones(4)), "b": x}, RuntimeError),
        (lambda lib: {"a": (x := lib.ones(4)), "b": x[1:]}, RuntimeError),
        (lambda lib: {"a": (x := lib.ones(4)), "b": x.detach()}, RuntimeError),
    ],
)
def test_what_the_format_cannot_hold(tmp_path, tensors, kind):
    path = tmp_path / "model.safetensors"
    for lib, library in LIBRARIES.items():
        with pytest.raises(kind):
            library.save_file(tensors(lib), path)
        assert not path.exists()


def test_parts_of_one_memory_that_do_not_overlap():
    for lib, library in LIBRARIES.items():
        x = lib.arange(4)
        assert plain(library.load(library.save({"a": x[:2], "b": x[2:]}))) == plain({"a": x[:2], "b": x[2:]})


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    ours.save_file({"a": minigrad.ones(2)}, path)
    before = path.read_bytes()

    def fail(*args):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space left"):
        ours.save_file({"a": minigrad.zeros(2)}, path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.safetensors"]


def test_load_knows_the_ending(tmp_path):
    path = tmp_path / "model.safetensors"
    theirs.save_file({"a": torch.ones(2)}, path)
    for lib in LIBRARIES:
        assert plain(lib.load(path)) == plain({"a": torch.ones(2)})
        assert plain(lib.load(str(path), map_location="cpu")) == plain({"a": torch.ones(2)})
        with pytest.raises(RuntimeError):
            lib.load(path, map_location=lambda storage, location: storage)


@given(st.data())
def test_damaged_files(data):
    whole = theirs.save({"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor([True, False])})
    start, stop = sorted((data.draw(st.integers(0, len(whole))), data.draw(st.integers(0, len(whole)))))
    damaged = (
        whole[:start] + data.draw(st.sampled_from([b"", b"\xff", b"\0", b"9", whole[start:stop][::-1]])) + whole[stop:]
    )
    try:
        loaded = ours.load(damaged)
    except (safetensors.SafetensorError, RuntimeError) as error:
        loaded = {"refused": str(error)}
    assert all(isinstance(tensor, minigrad.Tensor) for tensor in loaded.values()) or loaded["refused"]


def test_dtypes_that_minigrad_lacks():
    for dtype in (torch.bfloat16, torch.uint16):
        with pytest.raises(RuntimeError, match="which minigrad does not have"):
            ours.load(theirs.save({"weight": torch.ones(2, dtype=dtype)}))


def test_under_the_launcher(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
        import torch
        from safetensors.torch import load_file, save_file
        save_file({"weight": torch.ones(2)}, "model.safetensors")
        print(load_file("model.safetensors"), torch.load("model.safetensors"))
    """)
    )
    answer = python("-m", "minigrad", script, cwd=tmp_path)
    assert answer.stdout == "{'weight': tensor([1., 1.])} {'weight': tensor([1., 1.])}\n", answer.stderr


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=r'pip install ".\[safetensors\]"'):
        ours.save({"a": minigrad.ones(1)})
    with pytest.raises(ImportError, match=r'pip install ".\[safetensors\]"'):
        ours.load(b"")

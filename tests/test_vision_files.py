"""Grids of images, and pictures in files: torchvision.utils and torchvision.io."""

from __future__ import annotations

import io as bytes_io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import python
from real_vision import both, torchvision
from same_draws import bits

import minigrad
from minigrad.vision import io, utils

PROJECT = Path(__file__).parent.parent
NUMBERS = np.random.default_rng(5)


def images(*shape, dtype="float32"):
    if dtype == "uint8":
        return NUMBERS.integers(0, 256, shape, np.uint8)
    return (NUMBERS.standard_normal(shape) * 3).astype(dtype)


# Grids


@given(
    st.sampled_from([(5, 4), (1, 5, 4), (3, 5, 4), (1, 3, 5, 4), (7, 1, 5, 4), (9, 3, 2, 6), (2, 2, 3, 3)]),
    st.integers(1, 9),
    st.integers(0, 3),
    st.booleans(),
    st.none() | st.just((-1.0, 2.0)) | st.just((1, 1)),
    st.booleans(),
    st.sampled_from([0.0, 1.0, -0.5]),
    st.sampled_from(["float32", "float64"]),
)
def test_grids_are_those_of_torchvision(shape, nrow, padding, normalize, value_range, each, pad_value, dtype):
    ours, theirs = both(images(*shape, dtype=dtype))
    options = {"nrow": nrow, "padding": padding, "normalize": normalize, "scale_each": each}
    options["value_range"] = value_range
    expected = torchvision().utils.make_grid(theirs, **options, pad_value=pad_value)
    before = bits(ours)
    assert bits(utils.make_grid(ours, **options, pad_value=pad_value)) == bits(expected)
    assert bits(ours) == before


def test_a_grid_written_out():
    grid = utils.make_grid([minigrad.full((3, 1, 2), value) for value in (1.0, 2.0, 3.0)], nrow=2, padding=1)
    assert grid[0].tolist() == [
        [0, 0, 0, 0, 0, 0, 0],
        [0, 1, 1, 0, 2, 2, 0],
        [0, 0, 0, 0, 0, 0, 0],
        [0, 3, 3, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0],
    ]
    assert utils.make_grid(minigrad.zeros(2, 1, 3, 3).byte(), pad_value=7).dtype is minigrad.uint8


def test_a_grid_has_no_gradient():
    assert not utils.make_grid(minigrad.ones(2, 3, 2, 2, requires_grad=True)).requires_grad


@pytest.mark.parametrize("wrong", [np.zeros((2, 3, 4, 4)), [minigrad.zeros(3, 2, 2), 1], (minigrad.zeros(3, 2, 2),)])
def test_what_makes_no_grid_is_refused(wrong):
    with pytest.raises(TypeError, match="tensor or list of tensors expected, got"):
        utils.make_grid(wrong)


def test_a_range_is_a_tuple():
    with pytest.raises(TypeError, match="value_range has to be a tuple"):
        utils.make_grid(minigrad.zeros(2, 3, 2, 2), normalize=True, value_range=[0, 1])


def test_a_saved_grid_has_the_bytes_of_torchvision(tmp_path):
    pil = pytest.importorskip("PIL.Image")
    ours, theirs = both(images(5, 1, 6, 7))
    utils.save_image(ours, tmp_path / "ours.png", nrow=3, normalize=True)
    torchvision().utils.save_image(theirs, tmp_path / "theirs.png", nrow=3, normalize=True)
    assert np.array_equal(*(np.array(pil.open(tmp_path / name)) for name in ("ours.png", "theirs.png")))
    file = bytes_io.BytesIO()
    utils.save_image(ours[0], file, format="PNG")
    assert pil.open(file).size == (7, 6)


def test_floats_are_rounded_to_bytes(tmp_path):
    pil = pytest.importorskip("PIL.Image")
    utils.save_image(minigrad.tensor([[[0.0, 1.0, 0.5, -3.0, 2.0, 0.1]]]), tmp_path / "a.png")
    assert np.array(pil.open(tmp_path / "a.png"))[0, :, 0].tolist() == [0, 255, 128, 0, 255, 26]


# Files

PICTURES = {
    "L": images(6, 5, dtype="uint8"),
    "LA": images(6, 5, 2, dtype="uint8"),
    "RGB": images(6, 5, 3, dtype="uint8"),
    "RGBA": images(6, 5, 4, dtype="uint8"),
}


@pytest.mark.parametrize("mode", PICTURES)
def test_a_picture_is_read_with_its_channels_or_those_asked_for(mode, tmp_path):
    pil = pytest.importorskip("PIL.Image")
    picture = pil.fromarray(PICTURES[mode])
    assert picture.mode == mode
    picture.save(tmp_path / "a.png")
    array = PICTURES[mode].reshape(6, 5, -1).transpose(2, 0, 1)
    assert bits(io.read_image(tmp_path / "a.png")) == bits(minigrad.tensor(array))
    assert bits(io.decode_image(str(tmp_path / "a.png"))) == bits(minigrad.tensor(array))
    for wanted, pil_mode in (
        ("GRAY", "L"),
        ("gray_alpha", "LA"),
        ("RGB", "RGB"),
        ("RGB_ALPHA", "RGBA"),
        ("rgba", "RGBA"),
    ):
        expected = np.array(picture.convert(pil_mode)).reshape(6, 5, -1).transpose(2, 0, 1)
        assert bits(io.read_image(str(tmp_path / "a.png"), wanted)) == bits(minigrad.tensor(expected))
        assert bits(io.decode_png(io.read_file(tmp_path / "a.png"), io.ImageReadMode[wanted.upper()])) == bits(
            minigrad.tensor(expected)
        )


def test_palettes_and_bits_become_bytes(tmp_path):
    pil = pytest.importorskip("PIL.Image")
    colours = pil.fromarray(PICTURES["RGB"]).quantize(8)
    colours.save(tmp_path / "p.png")
    expected = np.array(colours.convert("RGB")).transpose(2, 0, 1)
    assert bits(io.read_image(tmp_path / "p.png")) == bits(minigrad.tensor(expected))
    pil.fromarray(PICTURES["L"] > 99).save(tmp_path / "1.png")
    assert io.read_image(tmp_path / "1.png").tolist() == [((PICTURES["L"] > 99) * 255).tolist()]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_written_picture_is_read_again(channels, tmp_path):
    pil = pytest.importorskip("PIL.Image")
    picture = minigrad.tensor(images(channels, 16, 24, dtype="uint8"))
    io.write_png(picture, tmp_path / "a.png")
    assert bits(io.read_image(tmp_path / "a.png")) == bits(picture)
    assert bits(io.decode_image(io.encode_png(picture, 0))) == bits(picture)
    io.write_jpeg(picture, str(tmp_path / "a.jpg"), quality=95)
    decoded = io.read_image(tmp_path / "a.jpg")
    assert np.array_equal(decoded.numpy().transpose(1, 2, 0).squeeze(), np.array(pil.open(tmp_path / "a.jpg")))
    assert bits(io.decode_jpeg([io.encode_jpeg(picture, 95)])[0]) == bits(decoded)


def test_pictures_are_turned_as_the_camera_noted(tmp_path):
    pil = pytest.importorskip("PIL.Image")
    exif = pil.Exif()
    exif[0x0112] = 6  # lies on its left side
    pil.fromarray(PICTURES["RGB"]).save(tmp_path / "a.png", exif=exif)
    turned = io.read_image(tmp_path / "a.png", apply_exif_orientation=True)
    assert np.array_equal(turned.numpy().transpose(1, 2, 0), np.rot90(PICTURES["RGB"], -1))
    assert io.read_image(tmp_path / "a.png").shape == (3, 6, 5)


def deep(tmp_path):
    import PIL.Image

    PIL.Image.fromarray(np.array([[1, 40000]], np.uint16)).save(tmp_path / "deep.png")
    return tmp_path / "deep.png"


REFUSED = {
    "no file": (lambda folder: io.read_image(folder / "none.png"), RuntimeError, r"\[Errno 2\] No such file"),
    "no picture": (lambda _: io.decode_image(minigrad.arange(9).byte()), RuntimeError, "Unsupported image file"),
    "no bytes": (lambda _: io.decode_image(minigrad.zeros(9)), RuntimeError, "Expected a uint8 tensor"),
    "16 bits": (lambda folder: io.read_image(deep(folder)), RuntimeError, "mode 'I;16'.*ask for mode"),
    "a mode": (lambda folder: io.read_image(deep(folder), "CMYK"), KeyError, "CMYK"),
    "float": (lambda _: io.encode_png(minigrad.zeros(3, 2, 2)), RuntimeError, "dtype should be uint8"),
    "two channels": (
        lambda _: io.encode_jpeg(minigrad.zeros(2, 2, 2).byte()),
        RuntimeError,
        "should be 1 or 3, got: 2",
    ),
    "a matrix": (lambda _: io.encode_png(minigrad.zeros(2, 2).byte()), RuntimeError, "3-dimensional"),
    "a level": (lambda _: io.encode_png(minigrad.zeros(3, 2, 2).byte(), 10), RuntimeError, "between 0 and 9"),
    "a quality": (lambda _: io.encode_jpeg(minigrad.zeros(3, 2, 2).byte(), 0), ValueError, "between 1 and 100"),
    "floats in a file": (lambda folder: io.write_file(folder / "a", minigrad.zeros(2)), RuntimeError, "uint8"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case, tmp_path):
    pytest.importorskip("PIL")
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call(tmp_path)


# As a library


def test_without_pillow_an_error_says_what_to_install():
    program = (
        "import sys; sys.modules['PIL'] = None\n"
        "import minigrad; from minigrad.vision import utils\n"
        "print(utils.make_grid(minigrad.ones(2, 1, 2, 2)).shape)\n"
        "utils.save_image(minigrad.ones(1, 2, 2), 'a.png')"
    )
    run = python("-c", program)
    assert "Size([3, 6, 10])" in run.stdout
    assert "pip install Pillow" in run.stderr.splitlines()[-1]


def test_a_script_finds_them_under_torchvision(tmp_path):
    pytest.importorskip("PIL")
    script = tmp_path / "script.py"
    script.write_text(
        "import torch, torchvision\n"
        "from torchvision.io import read_image\n"
        "from torchvision.utils import save_image\n"
        "grid = torchvision.utils.make_grid(torch.ones(3, 1, 4, 4), nrow=2)\n"
        "save_image(grid, 'grid.png')\n"
        "picture = read_image('grid.png', torchvision.io.ImageReadMode.GRAY)\n"
        "print(picture.shape, picture.dtype, picture.max())\n"
    )
    printed = python("-m", "minigrad", script, cwd=tmp_path, env={"PYTHONPATH": str(PROJECT)})
    assert printed.stdout == "torch.Size([1, 14, 14]) torch.uint8 tensor(255, dtype=torch.uint8)\n", printed.stderr

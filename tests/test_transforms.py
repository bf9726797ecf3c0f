"""The transforms of images: the values, draws and printed forms of torchvision's.

torchvision itself is not needed here: what it computes is written out in PyTorch.
"""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from engines import torch
from hypothesis import given
from hypothesis import strategies as st
from real_vision import both
from same_draws import bits, in_step
from tiny_mnist import TRAIN_IMAGES

import minigrad
from minigrad.vision import images
from minigrad.vision.transforms import Compose, Lambda, Normalize, RandomCrop, RandomHorizontalFlip, ToTensor

EVERY_BYTE = np.arange(256, dtype=np.uint8).reshape(16, 16)
RGB = TRAIN_IMAGES[:3].transpose(1, 2, 0)


def normalized(tensor, mean, std):
    """What torchvision computes."""
    mean, std = (torch.as_tensor(value, dtype=tensor.dtype) for value in (mean, std))
    mean, std = (value.view(-1, 1, 1) if value.ndim == 1 else value for value in (mean, std))
    return tensor.clone().sub_(mean).div_(std)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_byte_becomes_the_float_that_it_is_in_torchvision(dtype):
    minigrad.set_default_dtype(getattr(minigrad, dtype))
    try:
        image = ToTensor()(EVERY_BYTE)
    finally:
        minigrad.set_default_dtype(minigrad.float32)
    expected = torch.tensor(EVERY_BYTE)[None].to(getattr(torch, dtype)).div(255)
    assert bits(image) == bits(expected)
    for mean, std in ((0.1307, 0.3081), ((0.1307,), (0.3081,)), ([0.2860], 0.3530), (-1e-3, 3)):
        assert bits(Normalize(mean, std)(image)) == bits(normalized(expected, mean, std))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64", "float32", "float64", "bool"])
def test_channels_come_first_and_only_bytes_are_scaled(dtype):
    array = RGB.astype(dtype)
    image = ToTensor()(array)
    expected = torch.tensor(array).permute(2, 0, 1)
    assert bits(image) == bits(expected.float().div(255) if dtype == "uint8" else expected)
    assert image.is_contiguous()
    array[:] = 0
    assert bits(image) == bits(expected.float().div(255) if dtype == "uint8" else expected)


PICTURES = {
    "L": EVERY_BYTE,
    "RGB": RGB,
    "RGBA": np.concatenate([RGB, RGB[..., :1]], axis=2),
    "LA": RGB[..., :2],
    "I": RGB[..., 0].astype("int32") * 1000,
    "F": RGB[..., 0].astype("float32") / 7,
    "1": EVERY_BYTE > 100,
}


@pytest.mark.parametrize("mode", PICTURES)
def test_pil_images_are_taken_as_their_pixels(mode):
    pil = pytest.importorskip("PIL.Image")
    picture = pil.fromarray(PICTURES[mode])
    assert picture.mode == mode
    pixels = PICTURES[mode] * np.uint8(255) if mode == "1" else PICTURES[mode]
    assert bits(ToTensor()(picture)) == bits(ToTensor()(pixels))
    minigrad.manual_seed(0)
    crop = RandomCrop(9, padding=3)(picture)
    assert (type(crop), crop.mode) == (pil.Image, mode)
    minigrad.manual_seed(0)
    assert np.array_equal(images.pixels(crop), RandomCrop(9, padding=3)(pixels))
    assert np.array_equal(images.pixels(RandomHorizontalFlip(p=1)(picture)), pixels[:, ::-1])


def test_sixteen_bit_pil_images_become_int16():
    pil = pytest.importorskip("PIL.Image")
    values = np.array([[1, 2, 40000]], np.uint16)
    assert bits(ToTensor()(pil.fromarray(values))) == bits(torch.tensor(values.astype(np.int16))[None])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("batch", [(), (2,), (2, 2)])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_normalize_has_the_bits_of_torchvision(channels, batch, dtype):
    array = np.random.default_rng(1).random((*batch, channels, 5, 4)).astype(dtype)
    for mean, std in ((0.3, 0.7), ([0.1307], [0.3081]), ((0.1, 0.2, 0.3)[:channels], (3, 2, 1)[:channels])):
        image, expected = both(array)
        assert bits(Normalize(mean, std)(image)) == bits(normalized(expected, mean, std))
        assert bits(image) == bits(expected)
        assert Normalize(mean, std, inplace=True)(image) is image
        assert bits(image) == bits(normalized(expected, mean, std))


REFUSED = {
    "ToTensor of a Tensor": (lambda: ToTensor()(minigrad.zeros(2, 2)), TypeError, "PIL Image or ndarray"),
    "ToTensor of a list": (lambda: ToTensor()([[1]]), TypeError, "PIL Image or ndarray"),
    "ToTensor of a row": (lambda: ToTensor()(np.zeros(3)), ValueError, "2/3 dimensional. Got 1"),
    "ToTensor of many": (lambda: ToTensor()(np.zeros((1, 1, 1, 1))), ValueError, "2/3 dimensional. Got 4"),
    "Normalize of an array": (lambda: Normalize(0, 1)(EVERY_BYTE), TypeError, "should be Tensor Image"),
    "Normalize of bytes": (lambda: Normalize(0, 1)(minigrad.tensor(RGB)), TypeError, "float tensor. Got .*uint8"),
    "Normalize of a matrix": (lambda: Normalize(0, 1)(minigrad.zeros(2, 2)), ValueError, r"C, H, W.*\[2, 2\]"),
    "std of zero": (lambda: Normalize(0, (1, 0))(minigrad.zeros(2, 2, 2)), ValueError, "std evaluated to zero"),
    "more means than channels": (
        lambda: Normalize([1, 2, 3], [1, 2, 3])(minigrad.zeros(1, 4, 4)),
        RuntimeError,
        r"shape \[1, 4, 4\] doesn't match the broadcast shape \[3, 4, 4\].*one for each channel",
    ),
    "fewer means than channels": (
        lambda: Normalize([1, 2], [1, 2])(minigrad.zeros(3, 4, 4)),
        RuntimeError,
        r"size of tensor a \(3\) must match",
    ),
    "Lambda of a number": (lambda: Lambda(3), TypeError, "Argument lambd should be callable, got 'int'"),
    "a crop of three sizes": (lambda: RandomCrop((1, 2, 3)), ValueError, "only two dimensions"),
    "an unknown padding": (lambda: RandomCrop(1, padding_mode="wrap"), ValueError, "either constant, edge, reflect"),
    "three paddings": (lambda: RandomCrop(1, (1, 2, 3))(EVERY_BYTE), ValueError, "not a 3 element tuple"),
    "too large a crop": (
        lambda: RandomCrop((9, 17))(EVERY_BYTE),
        ValueError,
        r"Required crop size \(9, 17\) is larger than input image size \(16, 16\)",
    ),
    "a crop of no image": (lambda: RandomCrop(1)([[1]]), TypeError, "expected a PIL image, a NumPy array"),
    "a mirrored list": (lambda: RandomHorizontalFlip(1)([[1]]), TypeError, "expected a PIL image, a NumPy array"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call()


# Random transforms: the draws and the pixels of torchvision

PADDINGS = {"constant": "constant", "edge": "replicate", "reflect": "reflect"}


def sides(padding):
    """Left, right, top, bottom."""
    if isinstance(padding, int):
        return [padding] * 4
    if len(padding) == 2:
        return [padding[0], padding[0], padding[1], padding[1]]
    left, top, right, bottom = padding
    return [left, right, top, bottom]


def cropped(image, size, padding, mode="constant", fill=0):
    """What torchvision computes."""
    options = {"value": fill} if mode == "constant" else {}
    image = torch.nn.functional.pad(image[None], sides(padding), PADDINGS[mode], **options)[0]
    down, right = image.shape[-2] - size[0], image.shape[-1] - size[1]
    if down == right == 0:
        return image
    row, column = (torch.randint(0, room + 1, (1,)).item() for room in (down, right))
    return image[..., row : row + size[0], column : column + size[1]]


def mirrored(image, p):
    """What torchvision computes."""
    return image.flip(-1) if torch.rand(1) < p else image


@given(
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.integers(0, 3) | st.tuples(*[st.integers(0, 3)] * 2) | st.tuples(*[st.integers(0, 3)] * 4),
    st.sampled_from(sorted(PADDINGS)),
    st.integers(0, 255),
    st.integers(0, 1000),
    st.sampled_from([1, 3]),
)
def test_crops_and_mirrors_are_those_of_torchvision(size, padding, mode, fill, seed, channels):
    array = np.random.default_rng(seed).integers(0, 256, (channels, 9, 10)).astype("float32")
    ours = Compose([RandomCrop(size, padding, fill=fill, padding_mode=mode), RandomHorizontalFlip(0.4)])
    image, expected = both(array)
    minigrad.manual_seed(seed)
    torch.manual_seed(seed)
    expected = mirrored(cropped(expected, size, padding, mode, fill), 0.4)
    assert bits(ours(image)) == bits(expected)
    in_step()
    minigrad.manual_seed(seed)
    arrays = ours(array.transpose(1, 2, 0).astype(np.uint8))
    assert np.array_equal(arrays.transpose(2, 0, 1), expected.numpy().astype(np.uint8))


@pytest.mark.parametrize("image", [EVERY_BYTE, RGB, minigrad.tensor(EVERY_BYTE), minigrad.tensor(RGB).permute(2, 0, 1)])
@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
def test_padding_is_that_of_numpy(image, mode):
    crop = RandomCrop(34, padding=(3, 3, 3, 3), padding_mode=mode)
    if image.shape[-1] == 16:
        crop.size = (22, 22)
    padded = crop(image)
    array = image if isinstance(image, np.ndarray) else image.numpy()
    first = 0 if isinstance(image, np.ndarray) else array.ndim - 2
    widths = [(3, 3) if axis in (first, first + 1) else (0, 0) for axis in range(array.ndim)]
    assert np.array_equal(padded if isinstance(padded, np.ndarray) else padded.numpy(), np.pad(array, widths, mode))


def test_a_crop_of_the_image_s_size_draws_nothing():
    minigrad.manual_seed(0)
    torch.manual_seed(0)
    assert np.array_equal(RandomCrop(16)(EVERY_BYTE), EVERY_BYTE)
    in_step()


def test_a_smaller_image_is_padded_where_that_is_asked_for():
    for seed in range(5):
        minigrad.manual_seed(seed)
        torch.manual_seed(seed)
        image, expected = both(RGB[:9, :5, 0][None].astype("float32"))
        expected = cropped(expected, (7, 11), (6, 0), fill=2)
        assert bits(RandomCrop((7, 11), pad_if_needed=True, fill=2)(image)) == bits(expected)
        in_step()


def test_gradients_flow_through_transforms_of_tensors():
    array = np.random.default_rng(2).random((1, 6, 6))
    weights = np.random.default_rng(3).random((1, 8, 8))
    for mode in PADDINGS:
        minigrad.manual_seed(4)
        torch.manual_seed(4)
        ours, theirs = (image.requires_grad_() for image in both(array))
        transform = Compose([RandomCrop(8, 3, padding_mode=mode), RandomHorizontalFlip(1), Normalize(0.3, 0.7)])
        (transform(ours) * minigrad.tensor(weights)).sum().backward()
        out = normalized(mirrored(cropped(theirs, (8, 8), 3, mode), 1), 0.3, 0.7)
        (out * torch.tensor(weights)).sum().backward()
        np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-12)


# Printed and pickled


def test_printed_forms_of_transforms():
    transforms = [
        (RandomCrop(28, padding=4), "RandomCrop(size=(28, 28), padding=4)"),
        (RandomCrop([3, 4]), "RandomCrop(size=(3, 4), padding=None)"),
        (RandomHorizontalFlip(), "RandomHorizontalFlip(p=0.5)"),
        (Lambda(abs), "Lambda()"),
        (ToTensor(), "ToTensor()"),
        (Normalize([0.1], 0.2), "Normalize(mean=[0.1], std=0.2)"),
        (Compose([]), "Compose(\n)"),
        (Compose([ToTensor(), Lambda(abs)]), "Compose(\n    ToTensor()\n    Lambda()\n)"),
    ]
    for transform, printed in transforms:
        assert repr(transform) == printed


def test_transforms_travel_to_other_processes():
    transform = Compose([ToTensor(), Normalize([0.1307], [0.3081]), RandomCrop(12), RandomHorizontalFlip()])
    copy = pickle.loads(pickle.dumps(transform))
    assert repr(copy) == repr(transform)
    minigrad.manual_seed(0)
    expected = bits(transform(EVERY_BYTE))
    minigrad.manual_seed(0)
    assert bits(copy(EVERY_BYTE)) == expected

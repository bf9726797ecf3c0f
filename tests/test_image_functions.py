"""torchvision.transforms.functional: what torchvision makes of PIL images, arrays and Tensors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import python
from real_vision import both, torchvision
from same_draws import bits
from stand_in import installed

import minigrad
from minigrad.vision.images import pixels
from minigrad.vision.transforms import functional as F

NUMBERS = np.random.default_rng(7)
RGB = NUMBERS.integers(0, 256, (13, 10, 3), np.uint8)
GREY = NUMBERS.integers(0, 256, (13, 10), np.uint8)
SMOOTH = (np.add.outer(np.arange(13) * 9, np.arange(10) * 11)[..., None] + [0, 20, 40]).astype(np.uint8)
ARRAYS = {"RGB": RGB, "L": GREY, "RGBA": np.concatenate([RGB, RGB[..., :1]], 2), "smooth": SMOOTH}

CORNERS = [[0, 0], [9, 0], [9, 12], [0, 12]]
MOVED = [[2, 1], [8, 0], [9, 11], [1, 10]]

CALLS = {
    "hflip": [()],
    "vflip": [()],
    "crop": [(2, 3, 5, 4), (-2, -1, 6, 5), (9, 8, 7, 6), (-1, -1, 20, 15), (20, 3, 4, 4)],
    "center_crop": [(5,), ((4, 7),), ([6],), (20,), ((20, 3),), ((3, 21),), ((14, 11),)],
    "pad": [(2,), ((1, 2),), ([3],), ((1, 2, 3, 4), 7), (2, 0, "edge"), (3, 0, "reflect"), (4, 0, "symmetric"), (-2,)],
    "five_crop": [(4,), ((5, 3),)],
    "ten_crop": [(4,), ((5, 3), True)],
    "resize": [(5,), (20,), ([7, 3],), ((6,),), ([26, 20],), ([13, 10],), (8, 0), ([30, 4], 2), (9, 3), (5, 2, 6)],
    "resized_crop": [(2, 1, 6, 7, (5, 9)), (0, 0, 13, 10, (4, 4), 3)],
    "adjust_brightness": [(0,), (0.6,), (1,), (1.7,)],
    "adjust_contrast": [(0,), (0.6,), (1,), (1.7,)],
    "adjust_saturation": [(0,), (0.6,), (1,), (1.7,)],
    "adjust_hue": [(0,), (0.25,), (-0.5,), (0.5,), (-0.13,)],
    "adjust_gamma": [(1,), (0.5,), (2.2, 0.9)],
    "adjust_sharpness": [(0,), (0.5,), (1,), (2.0,)],
    "rgb_to_grayscale": [(), (3,)],
    "invert": [()],
    "posterize": [(1,), (4,), (8,)],
    "solarize": [(0,), (128,), (255,)],
    "autocontrast": [()],
    "equalize": [()],
    "gaussian_blur": [(3,), ((5, 3), (1.0, 0.4)), ([3, 7], 2.0)],
    "rotate": [(30,), (90.0,), (-41.5, 2), (20, 0, True), (33, 2, True, None, 9), (10, 0, False, (2, 3), 4)],
    "affine": [(20, (1, -2), 0.8, 10), (0, (0, 0), 1.0, (5, -7), 2), (-9.5, (2, 0), 1.3, [0.0, 3.0], 0, 5, [3, 4])],
    "perspective": [(CORNERS, MOVED), (CORNERS, MOVED, 0, 3)],
}
CASES = [(name, arguments) for name, calls in CALLS.items() for arguments in calls]


def pillow():
    return pytest.importorskip("PIL.Image")


def everything(result, how):
    """The parts of a result, each as what identifies it."""
    return [how(part) for part in result] if isinstance(result, tuple) else [how(result)]


@pytest.mark.parametrize(("name", "arguments"), CASES)
@pytest.mark.parametrize("kind", ["RGB", "L", "smooth"])
def test_pil_images_become_those_of_torchvision(name, arguments, kind):
    image = pillow().fromarray(ARRAYS[kind])
    theirs = getattr(torchvision().transforms.functional, name)(image, *arguments)
    ours = getattr(F, name)(image, *arguments)
    assert everything(ours, lambda image: (image.mode, image.size, image.tobytes())) == everything(
        theirs, lambda image: (image.mode, image.size, image.tobytes())
    )


@pytest.mark.parametrize(("name", "arguments"), CASES)
@pytest.mark.parametrize("kind", ["RGB", "L"])
def test_arrays_become_what_their_pil_images_become(name, arguments, kind):
    expected = everything(getattr(F, name)(pillow().fromarray(ARRAYS[kind]), *arguments), pixels)
    before = ARRAYS[kind].copy()
    got = everything(getattr(F, name)(ARRAYS[kind], *arguments), lambda array: array)
    assert all(type(array) is np.ndarray for array in got)
    assert all(np.array_equal(array, image) for array, image in zip(got, expected))
    assert np.array_equal(before, ARRAYS[kind])


BYTES_ONLY = ("posterize", "equalize")
TOLERANCE = {"float32": 1e-5, "float64": 2e-7, "uint8": 1}
"""By how much pixels of Tensors may be apart; of bytes only a few may, and by one."""


@pytest.mark.parametrize(("name", "arguments"), CASES)
@pytest.mark.parametrize("shape", [(3, 13, 10), (1, 13, 10), (2, 3, 13, 10)])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_tensors_become_those_of_torchvision(name, arguments, shape, dtype):
    if dtype != "uint8" and name in BYTES_ONLY:
        return
    array = np.random.default_rng(1).random(shape)
    if arguments == (90.0,):
        array = array[..., 1:, :]  # else each place would lie just between two pixels
    ours, theirs = both((array * 256).astype(dtype) if dtype == "uint8" else array.astype(dtype))
    if name == "solarize" and dtype != "uint8":
        arguments = (arguments[0] / 255,)
    if name == "rgb_to_grayscale" and shape[-3] == 1 and arguments:
        return
    before = bits(ours)
    got = everything(getattr(F, name)(ours, *arguments), lambda tensor: tensor)
    expected = everything(getattr(torchvision().transforms.functional, name)(theirs, *arguments), lambda tensor: tensor)
    assert bits(ours) == before
    for mine, real in zip(got, expected, strict=True):
        assert (mine.shape, str(mine.dtype).split(".")[1]) == (real.shape, dtype)
        apart = np.abs(mine.numpy().astype(float) - real.numpy().astype(float))
        assert apart.max(initial=0) <= TOLERANCE[dtype]
        assert dtype != "uint8" or (apart != 0).mean() < 0.05


@settings(max_examples=60)
@given(
    st.integers(3, 12),
    st.integers(3, 12),
    st.integers(0, 360),
    st.tuples(st.integers(-3, 3), st.integers(-3, 3)),
    st.floats(0.5, 2),
    st.floats(-30, 30),
    st.sampled_from([0, 2, 3]),
    st.integers(0, 255),
)
def test_drawn_warps_of_pil_images(height, width, angle, shift, scale, shear, mode, fill):
    image = pillow().fromarray(np.resize(RGB, (height, width, 3)))
    real = torchvision().transforms.functional
    for name, arguments in (
        ("affine", (angle, shift, scale, shear, mode, fill)),
        ("rotate", (angle, mode, True, None, fill)),
        ("resize", ([width, height], mode)),
        ("resize", (max(1, height - 2), mode, 2 * height)),
    ):
        assert getattr(F, name)(image, *arguments).tobytes() == getattr(real, name)(image, *arguments).tobytes()


def test_without_torchvision_an_image_written_out():
    image = minigrad.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    assert F.hflip(image).tolist() == [[[2, 1], [4, 3]]]
    assert F.vflip(image).tolist() == [[[3, 4], [1, 2]]]
    assert F.crop(image, -1, 1, 2, 2).tolist() == [[[0, 0], [2, 0]]]
    assert F.pad(image, (1, 0), 9).tolist() == [[[9, 1, 2, 9], [9, 3, 4, 9]]]
    colours = minigrad.tensor([255, 0, 0], dtype=minigrad.uint8).reshape(3, 1, 1)
    assert F.adjust_hue(colours, 1 / 3).flatten().tolist() == [0, 255, 0]
    assert F.rgb_to_grayscale(colours).item() == 76
    assert F.posterize(colours, 0).flatten().tolist() == [0, 0, 0]
    assert F.invert(colours).flatten().tolist() == [0, 255, 255]
    assert F.get_dimensions(image) == [1, 2, 2]
    assert F.get_image_size(np.zeros((4, 5, 3))) == [5, 4]
    assert F.get_image_num_channels(np.zeros((4, 5))) == 1


# Kinds

MODES = ["L", "RGB", "RGBA"]


@pytest.mark.parametrize("mode", MODES)
def test_images_become_tensors_and_again_images(mode):
    image = pillow().fromarray(ARRAYS[mode])
    real = torchvision().transforms.functional
    assert bits(F.pil_to_tensor(image)) == bits(real.pil_to_tensor(image))
    assert bits(F.to_tensor(image)) == bits(real.to_tensor(image))
    assert bits(F.pil_to_tensor(ARRAYS[mode])) == bits(F.pil_to_tensor(image))
    for tensor in (F.pil_to_tensor(image), F.to_tensor(image)):
        assert F.to_pil_image(tensor).tobytes() == image.tobytes()
    assert F.to_pil_image(ARRAYS[mode]).mode == mode


@pytest.mark.parametrize(
    ("array", "mode"),
    [
        (GREY, "L"),
        (GREY.astype("int16"), "I;16"),
        (GREY.astype("int32"), "I"),
        (GREY.astype("float32") / 7, "F"),
        (GREY.astype("float64") / 256, None),
        (RGB[..., :2].copy(), "LA"),
        (RGB, "HSV"),
        (RGB, "YCbCr"),
        (ARRAYS["RGBA"], "CMYK"),
    ],
)
def test_pil_images_of_arrays_and_tensors(array, mode):
    pillow()
    ours, theirs = both(array if array.ndim == 2 else array.transpose(2, 0, 1))
    real = torchvision().transforms.functional
    for mine, other in ((F.to_pil_image(array, mode), real.to_pil_image(array, mode)),):
        assert (mine.mode, mine.size, mine.tobytes()) == (other.mode, other.size, other.tobytes())
    assert F.to_pil_image(ours, mode).tobytes() == real.to_pil_image(theirs, mode).tobytes()


DTYPES = ["uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]


@pytest.mark.parametrize("source", DTYPES)
@pytest.mark.parametrize("target", DTYPES)
def test_dtypes_of_images_are_converted_as_in_torchvision(source, target):
    real = torchvision().transforms.functional
    array = np.random.default_rng(3).random((2, 4, 5))
    if "float" not in source:
        array = array * np.iinfo(source).max
    ours, theirs = both(array.astype(source))
    torch_dtype = getattr(__import__("torch"), target)
    if "float" in source and target in ("int32", "int64") and (source, target) != ("float64", "int32"):
        if source == "float16":
            return  # beyond its numbers
        with pytest.raises(RuntimeError, match="cannot be performed safely"):
            F.convert_image_dtype(ours, getattr(minigrad, target))
        return
    if source == "float16" and "float" not in target and target != "uint8" and target != "int8":
        return
    got = F.convert_image_dtype(ours, getattr(minigrad, target))
    assert bits(got) == bits(real.convert_image_dtype(theirs, torch_dtype))


def test_gradients_flow_through_functions_of_tensors():
    array = np.random.default_rng(5).random((3, 6, 7))
    real = torchvision().transforms.functional
    for name, arguments in (
        ("adjust_brightness", (0.7,)),
        ("adjust_contrast", (1.3,)),
        ("adjust_saturation", (0.4,)),
        ("rgb_to_grayscale", ()),
        ("gaussian_blur", (3,)),
        ("adjust_sharpness", (1.5,)),
        ("crop", (-1, 2, 4, 8)),
        ("pad", (2, 0, "reflect")),
        ("hflip", ()),
        ("resize", ([4, 9],)),
        ("rotate", (20, 2)),
        ("affine", (10, (1, 0), 1.2, 5, 2, [0.5])),
    ):
        ours, theirs = (tensor.requires_grad_() for tensor in both(array))
        (getattr(F, name)(ours, *arguments) ** 2).sum().backward()
        (getattr(real, name)(theirs, *arguments) ** 2).sum().backward()
        np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-6, atol=1e-7, err_msg=name)


def test_erasing_copies_or_changes_the_image():
    image = minigrad.zeros(3, 4, 4)
    erased = F.erase(image, 1, 0, 2, 3, minigrad.ones(3, 1, 1))
    assert erased.sum() == 18
    assert image.sum() == 0
    assert F.erase(image, 0, 0, 1, 1, 5, inplace=True) is image
    assert image[:, 0, 0].tolist() == [5, 5, 5]


IMAGE = minigrad.zeros(3, 4, 4)
REFUSED = {
    "no image": (lambda: F.hflip([1]), TypeError, "Unexpected type <class 'list'>: expected a PIL image"),
    "a vector": (lambda: F.crop(minigrad.zeros(3), 0, 0, 1, 1), TypeError, "Unexpected type a Tensor of 1 dimension"),
    "floats as an image": (
        lambda: F.resize(np.zeros((4, 4, 3)), 2),
        TypeError,
        r"PIL image of an array of shape \(4",
    ),
    "a list to a PIL image": (lambda: F.to_pil_image([1]), TypeError, "pic should be Tensor or ndarray. Got"),
    "five channels": (lambda: F.to_pil_image(minigrad.zeros(5, 2, 2)), ValueError, "> 4 channels. Got 5"),
    "four dimensions": (lambda: F.to_pil_image(minigrad.zeros(1, 3, 2, 2)), ValueError, "2/3 dimensional. Got 4"),
    "int64 to a PIL image": (lambda: F.to_pil_image(np.zeros((2, 2), int)), TypeError, "Input type int64 is not sup"),
    "a mode that does not fit": (lambda: F.to_pil_image(RGB, "L"), ValueError, "Only modes"),
    "a size of three": (lambda: F.resize(GREY, [1, 2, 3]), ValueError, "an int or a 1 or 2 element tuple/list"),
    "a longest side": (lambda: F.resize(GREY, [1, 2], max_size=3), ValueError, "max_size should only be passed"),
    "too short a longest side": (lambda: F.resize(GREY, 5, max_size=5), ValueError, "must be strictly greater"),
    "no interpolation": (lambda: F.resize(GREY, 5, "bilinear"), TypeError, "should be a InterpolationMode"),
    "a turn of a string": (lambda: F.rotate(GREY, "9"), TypeError, "angle should be int or float"),
    "a scale of 0": (lambda: F.affine(GREY, 0, (0, 0), 0, 0), ValueError, "scale should be positive"),
    "one shift": (lambda: F.affine(GREY, 0, (0,), 1, 0), ValueError, "sequence of length 2"),
    "three shears": (lambda: F.affine(GREY, 0, (0, 0), 1, (1, 2, 3)), ValueError, "Shear should be"),
    "three corners": (lambda: F.perspective(GREY, CORNERS[:3], MOVED), ValueError, "exactly four corners, got 3"),
    "two colours for three": (lambda: F.rotate(RGB, 9, fill=(1, 2)), ValueError, r"number of elements in 'fill'"),
    "colours of a Tensor": (lambda: F.pad(IMAGE, 1, (1, 2, 3)), TypeError, "Got inappropriate fill arg"),
    "a border of words": (lambda: F.pad(IMAGE, "1"), TypeError, "Got inappropriate padding arg"),
    "too far a hue": (lambda: F.adjust_hue(IMAGE, 0.6), ValueError, r"hue_factor \(0.6\) is not in"),
    "negative brightness": (lambda: F.adjust_brightness(IMAGE, -1), ValueError, "is not non-negative"),
    "two channels": (lambda: F.invert(minigrad.zeros(2, 3, 3)), TypeError, r"permitted channel values are \[1, 3\]"),
    "grey of two": (lambda: F.rgb_to_grayscale(IMAGE, 2), ValueError, "should be either 1 or 3"),
    "bits of floats": (lambda: F.posterize(IMAGE, 2), TypeError, "Only torch.uint8 image tensors"),
    "nine bits": (lambda: F.posterize(GREY, 9), ValueError, "between 0 and 8"),
    "too high a threshold": (lambda: F.solarize(IMAGE, 2), TypeError, "Threshold should be less"),
    "an even kernel": (lambda: F.gaussian_blur(IMAGE, 2), ValueError, "odd and positive"),
    "a bell of no width": (lambda: F.gaussian_blur(IMAGE, 3, 0), ValueError, "sigma should have positive values"),
    "erasing an array": (lambda: F.erase(RGB, 0, 0, 1, 1, 0), TypeError, "img should be Tensor Image"),
    "too large a corner": (lambda: F.five_crop(RGB, 14), ValueError, "is bigger than input size"),
    "grey of a Tensor": (lambda: F.to_grayscale(IMAGE), TypeError, "Input should be PIL Image"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    pytest.importorskip("PIL")
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call()


def test_importing_the_functions_imports_no_pillow():
    program = (
        "import sys, minigrad.vision.transforms.functional as F; F.resize; F.rotate; F.adjust_hue; F.to_pil_image; "
    )
    assert python("-c", program + "print('PIL' in sys.modules)").stdout == "False\n"


# On a GPU


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CALLS)
def test_tensors_on_a_gpu_become_what_they_become_on_the_cpu(name):
    """On the stand-in for CuPy, which refuses what CuPy refuses."""
    with installed(device_count=1):
        for dtype in ("uint8", "float32")[: 1 if name in BYTES_ONLY else 2]:
            image = minigrad.tensor(RGB.transpose(2, 0, 1).copy())
            image = image if dtype == "uint8" else image / 255
            for arguments in CALLS[name][:2]:
                if name == "solarize" and dtype != "uint8":
                    arguments = (arguments[0] / 255,)
                expected = everything(getattr(F, name)(image, *arguments), lambda tensor: tensor)
                got = everything(getattr(F, name)(image.to("cuda"), *arguments), lambda tensor: tensor)
                for one, other in zip(got, expected, strict=True):
                    assert one.device.type == "cuda"
                    np.testing.assert_allclose(one.cpu().numpy(), other.numpy(), rtol=1e-5, atol=1e-6)


def test_grids_and_networks_on_a_gpu():
    from minigrad.vision import models, utils

    images = minigrad.tensor(np.random.default_rng(2).random((3, 3, 40, 40)).astype("float32"))
    network = models.squeezenet1_1(num_classes=4).eval()
    with installed(device_count=1), minigrad.no_grad():
        grid = utils.make_grid(images.to("cuda"), normalize=True)
        assert grid.device.type == "cuda"
        assert np.array_equal(grid.cpu().numpy(), utils.make_grid(images, normalize=True).numpy())
        expected = network(images).numpy()
        np.testing.assert_allclose(network.to("cuda")(images.to("cuda")).cpu().numpy(), expected, rtol=1e-4, atol=1e-6)

"""The transforms of images beyond the first six: torchvision's draws, pixels, printed forms and errors."""

from __future__ import annotations

import pickle
import random

import numpy as np
import pytest
from engines import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import python
from real_vision import both, seeded, torchvision
from same_draws import bits, in_step

import minigrad
from minigrad.vision import transforms as T
from minigrad.vision.images import pixels

NUMBERS = np.random.default_rng(11)
RGB = NUMBERS.integers(0, 256, (12, 15, 3), np.uint8)

TRANSFORMS = {
    "Resize": [(6,), ((5, 9),), (8, 3, 10), ([4],)],
    "CenterCrop": [(5,), ((20, 4),)],
    "Pad": [(2,), ((1, 2), 3), ((1, 2, 3, 4), (1, 2, 3), "edge")],
    "FiveCrop": [(4,), ((3, 5),)],
    "TenCrop": [(4,), ((3, 5), True)],
    "RandomResizedCrop": [
        (7,),
        ((4, 6), (0.2, 0.5), (0.9, 1.2)),
        (5, (0.9, 1.0), (5.0, 6.0), 0),
        (5, (2, 3), (0.1, 0.2)),
    ],
    "RandomCrop": [(7,), ((9, 14), 2, False, 7), ((14, 12), None, True)],
    "RandomHorizontalFlip": [(), (0.9,)],
    "RandomVerticalFlip": [(), (0.9,)],
    "Grayscale": [(), (3,)],
    "RandomGrayscale": [(), (0.7,)],
    "ColorJitter": [(0.4,), (0.4, 0.3, 0.2, 0.1), (0, (0.5, 0.9), 0, 0), ((1, 1), 0, (0.2, 3), (-0.3, 0.5)), ()],
    "GaussianBlur": [(3,), ((5, 3), 0.7), (3, (0.5, 1.5))],
    "RandomRotation": [(30,), ((10, 20), 2, True), ([-5, 5], 0, False, (2, 3), 4)],
    "RandomAffine": [
        (0,),
        (30, (0.1, 0.3), (0.5, 1.5), 10),
        ((5, 9), None, None, (1, 2, 3, 4), 2, 7, (1, 2)),
        (9, (1, 0)),
    ],
    "RandomPerspective": [(), (0.3, 0.9, 0, 3)],
    "RandomInvert": [()],
    "RandomPosterize": [(3,), (2, 0.9)],
    "RandomSolarize": [(100,)],
    "RandomAdjustSharpness": [(2,), (0.3, 0.8)],
    "RandomAutocontrast": [()],
    "RandomEqualize": [()],
    "RandAugment": [(), (3, 20, 31)],
    "TrivialAugmentWide": [(), (11,)],
    "AutoAugment": [()],
}
CASES = [(name, arguments) for name, calls in TRANSFORMS.items() for arguments in calls]


def made(name, arguments):
    """The transform of minigrad and that of torchvision, or the test is skipped."""
    return getattr(T, name)(*arguments), getattr(torchvision().transforms, name)(*arguments)


def parts(result):
    """A result's parts: pixels, sizes, modes."""
    return [(part.mode, part.size, part.tobytes()) for part in (result if isinstance(result, tuple) else [result])]


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_pil_images_have_the_draws_pixels_and_words_of_torchvision(name, arguments):
    pil = pytest.importorskip("PIL.Image")
    ours, theirs = made(name, arguments)
    assert repr(ours) == repr(theirs)
    for seed in range(12):
        image = pil.fromarray(RGB)
        seeded(seed)
        assert parts(ours(image)) == parts(theirs(image))
        in_step()


@pytest.mark.parametrize("policy", ["IMAGENET", "CIFAR10", "SVHN"])
def test_the_learned_policies(policy):
    pil = pytest.importorskip("PIL.Image")
    real = torchvision().transforms
    ours = T.AutoAugment(T.AutoAugmentPolicy[policy], fill=9)
    theirs = real.AutoAugment(real.AutoAugmentPolicy[policy], fill=9)
    assert repr(ours) == repr(theirs)
    assert ours.policies == theirs.policies
    image = pil.fromarray(RGB)
    for seed in range(25):
        seeded(seed)
        assert parts(ours(image)) == parts(theirs(image))
        in_step()


@pytest.mark.parametrize("name", ["RandomResizedCrop", "RandomRotation", "TrivialAugmentWide", "ColorJitter"])
def test_arrays_are_taken_as_their_pil_images(name):
    pil = pytest.importorskip("PIL.Image")
    transform = getattr(T, name)(*TRANSFORMS[name][0])
    for seed in range(8):
        seeded(seed)
        array = transform(RGB)
        seeded(seed)
        assert np.array_equal(array, pixels(transform(pil.fromarray(RGB))))
        assert type(array) is np.ndarray


OF_BYTES = ("RandomPosterize", "RandomEqualize", "RandomSolarize", "RandAugment", "TrivialAugmentWide", "AutoAugment")


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_tensors_have_the_draws_and_pixels_of_torchvision(name, arguments, dtype):
    if dtype == "float32" and name in OF_BYTES:
        return
    if name == "Pad" and len(arguments) > 1 and isinstance(arguments[1], tuple):
        return
    array = RGB.transpose(2, 0, 1)
    ours, theirs = both(array if dtype == "uint8" else array.astype(dtype) / 255)
    mine, real = made(name, arguments)
    for seed in range(6):
        seeded(seed)
        got, expected = mine(ours), real(theirs)
        in_step()
        pairs = zip(got, expected) if isinstance(got, tuple) else [(got, expected)]
        for one, other in pairs:
            assert one.shape == other.shape
            apart = np.abs(one.numpy().astype(float) - other.numpy().astype(float))
            assert apart.max(initial=0) <= (1 if dtype == "uint8" else 1e-5)
            assert dtype != "uint8" or (apart != 0).mean() < 0.05


@settings(max_examples=40)
@given(
    st.integers(0, 10_000),
    st.sampled_from([0, 0.5, (1, 2, 3), "random"]),
    st.sampled_from([(0.02, 0.33), (0.3, 0.9)]),
    st.sampled_from([(0.3, 3.3), (0.1, 0.2)]),
    st.booleans(),
)
def test_erased_rectangles_are_those_of_torchvision(seed, value, scale, ratio, inplace):
    options = {"p": 0.8, "scale": scale, "ratio": ratio, "value": value, "inplace": inplace}
    mine, real = T.RandomErasing(**options), torchvision().transforms.RandomErasing(**options)
    assert repr(mine) == repr(real)
    ours, theirs = both(RGB.transpose(2, 0, 1).astype("float32"))
    seeded(seed)
    result = mine(ours)
    assert bits(result) == bits(real(theirs))
    assert bits(ours) == bits(theirs)
    in_step()


def test_elastic_transforms():
    pil = pytest.importorskip("PIL.Image")
    ours, theirs = made("ElasticTransform", (40.0, 1.5))
    assert repr(ours) == repr(theirs)
    image = pil.fromarray(RGB)
    seeded(3)
    mine, real = (np.array(transform(image)).astype(int) for transform in (ours, theirs))
    in_step()
    assert np.abs(mine - real).max() <= 1
    assert (mine != real).mean() < 0.01


# v2, of one image


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_what_v2_has_draws_and_makes_what_it_does_in_torchvision(name, arguments):
    torchvision()
    import torchvision.transforms.v2 as real

    if name not in T.v2.__all__:
        assert name in ("RandAugment", "TrivialAugmentWide", "AutoAugment")
        return
    pil = pytest.importorskip("PIL.Image")
    ours, theirs = getattr(T.v2, name)(*arguments), getattr(real, name)(*arguments)
    assert ours.__class__ is getattr(T, name)
    floats = both(RGB.transpose(2, 0, 1).astype("float32") / 255)
    fill_of_channels = name == "Pad" and len(arguments) > 2
    for seed in range(6):
        seeded(seed)
        assert parts(ours(pil.fromarray(RGB))) == parts(theirs(pil.fromarray(RGB)))
        in_step()
        if name in OF_BYTES or fill_of_channels:
            continue
        seeded(seed)
        got, expected = ours(floats[0]), theirs(floats[1])
        in_step()
        for one, other in zip(got, expected) if isinstance(got, tuple) else [(got, expected)]:
            np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("source", ["uint8", "int32", "float32", "float64"])
@pytest.mark.parametrize("target", ["uint8", "int64", "float32", "float64"])
@pytest.mark.parametrize("scale", [True, False])
def test_dtypes_of_v2(source, target, scale):
    torchvision()
    import torchvision.transforms.v2 as real

    array = np.random.default_rng(6).random((3, 4, 5)) * (1 if "float" in source else 200)
    ours, theirs = both(array.astype(source))
    mine = T.v2.ToDtype(getattr(minigrad, target), scale)
    other = real.ToDtype(getattr(torch, target), scale)
    if scale and "float" in source and target == "int64":
        with pytest.raises(RuntimeError, match="cannot be performed safely"):
            mine(ours)
        return
    assert bits(mine(ours)) == bits(other(theirs))
    assert repr(mine) == repr(other)


def test_the_usual_beginning_of_v2():
    pil = pytest.importorskip("PIL.Image")
    torchvision()
    import torchvision.transforms.v2 as real

    for array in (RGB, RGB[..., 0]):
        image = pil.fromarray(array)
        results = []
        for lib, float32 in ((T.v2, minigrad.float32), (real, torch.float32)):
            first = [lib.ToImage(), lib.ToDtype(float32, scale=True), lib.Normalize([0.5], [0.25])]
            results.append(bits(lib.Compose(first)(image)))
        assert results[0] == results[1]
        pipeline = T.Compose([T.v2.ToImage(), T.v2.ToDtype(minigrad.float32, scale=True)])
        whole = T.batch_version(pipeline)(np.stack([array, array]))
        assert bits(whole[1]) == bits(pipeline(array))
    assert repr(T.v2.ToImage()) == repr(real.ToImage())


# Transforms of transforms


def test_some_of_several_transforms():
    pil = pytest.importorskip("PIL.Image")
    real = torchvision().transforms
    image = pil.fromarray(RGB)
    for make in (
        lambda lib: lib.RandomApply([lib.RandomRotation(10), lib.ColorJitter(0.3)], p=0.4),
        lambda lib: lib.RandomOrder([lib.Resize(7), lib.CenterCrop(5), lib.RandomVerticalFlip()]),
        lambda lib: lib.RandomChoice([lib.Resize(7), lib.CenterCrop(5), lib.RandomVerticalFlip()]),
        lambda lib: lib.RandomChoice([lib.Resize(7), lib.CenterCrop(5)], p=[0.9, 0.1]),
        lambda lib: lib.Compose([lib.RandomResizedCrop(8), lib.RandomHorizontalFlip(), lib.Grayscale(3)]),
    ):
        ours, theirs = make(T), make(real)
        assert repr(ours) == repr(theirs)
        for seed in range(10):
            seeded(seed)
            mine, state = parts(ours(image)), random.getstate()
            seeded(seed)
            assert (mine, state) == (parts(theirs(image)), random.getstate())


def test_the_usual_pipeline_of_a_course():
    pil = pytest.importorskip("PIL.Image")
    results = []
    for lib in (T, torchvision().transforms):
        pipeline = lib.Compose(
            [lib.Resize(10), lib.CenterCrop(8), lib.ToTensor(), lib.Normalize([0.5] * 3, [0.25, 0.2, 0.3])]
        )
        results.append(bits(pipeline(pil.fromarray(RGB))))
    assert results[0] == results[1]


def test_kinds_of_images_as_transforms():
    pil = pytest.importorskip("PIL.Image")
    image = pil.fromarray(RGB)
    real = torchvision().transforms
    for name, arguments in (("ToPILImage", ()), ("ToPILImage", ("RGB",)), ("PILToTensor", ())):
        assert repr(getattr(T, name)(*arguments)) == repr(getattr(real, name)(*arguments))
    assert bits(T.PILToTensor()(image)) == bits(real.PILToTensor()(image))
    assert T.ToPILImage()(T.ToTensor()(image)).tobytes() == image.tobytes()
    half = T.ConvertImageDtype(minigrad.float16)(T.PILToTensor()(image))
    assert bits(half) == bits(real.ConvertImageDtype(torch.float16)(real.PILToTensor()(image)))


def test_a_linear_transformation():
    matrix, mean = NUMBERS.random((12, 12)).astype("float32"), NUMBERS.random(12).astype("float32")
    image = NUMBERS.random((2, 3, 2, 2)).astype("float32")
    mine = T.LinearTransformation(minigrad.tensor(matrix), minigrad.tensor(mean))
    real = torchvision().transforms.LinearTransformation(torch.tensor(matrix), torch.tensor(mean))
    np.testing.assert_allclose(mine(minigrad.tensor(image)).numpy(), real(torch.tensor(image)).numpy(), rtol=1e-5)
    assert repr(mine) == repr(real)


def test_parameters_can_be_drawn_alone():
    real = torchvision().transforms
    image = minigrad.zeros(3, 20, 30)
    theirs = torch.zeros(3, 20, 30)
    for draw in (
        lambda lib, image: lib.RandomCrop.get_params(image, output_size=(5, 6)),
        lambda lib, image: lib.RandomResizedCrop.get_params(image, scale=(0.1, 0.4), ratio=(0.5, 2)),
        lambda lib, image: lib.RandomRotation.get_params([-3, 7]),
        lambda lib, image: lib.RandomAffine.get_params([-3, 7], [0.1, 0.2], [1, 2], [0, 5], [30, 20]),
        lambda lib, image: lib.RandomPerspective.get_params(30, 20, 0.5),
        lambda lib, image: lib.ColorJitter.get_params((0.5, 1), None, (1, 2), (-0.1, 0.1))[1:],
        lambda lib, image: lib.GaussianBlur.get_params(0.1, 2.0),
        lambda lib, image: lib.RandomErasing.get_params(image, (0.1, 0.2), (0.5, 2), [0.0])[:4],
    ):
        seeded(5)
        assert draw(T, image) == draw(real, theirs)


# Without torchvision


def test_probabilities_of_nothing_and_everything():
    image = minigrad.tensor(RGB.transpose(2, 0, 1).copy())
    for name, arguments, changed in (
        ("RandomVerticalFlip", (), image.flip(-2)),
        ("RandomInvert", (), 255 - image),
        ("RandomPosterize", (1,), (image // 128) * 128),
        ("RandomSolarize", (0,), 255 - image),
    ):
        assert bits(getattr(T, name)(*arguments, p=0)(image)) == bits(image)
        assert bits(getattr(T, name)(*arguments, p=1)(image)) == bits(changed)


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_transforms_travel_to_other_processes(name, arguments):
    pytest.importorskip("PIL")
    transform = getattr(T, name)(*arguments)
    copy = pickle.loads(pickle.dumps(transform))
    assert repr(copy) == repr(transform)
    seeded(4)
    expected = transform(RGB)
    seeded(4)
    got = copy(RGB)
    assert all(map(np.array_equal, *[x if isinstance(x, tuple) else (x,) for x in (got, expected)]))


REFUSED = {
    "a size of three": (lambda: T.Resize((1, 2, 3)), ValueError, "it should have 1 or 2 values"),
    "a size of words": (lambda: T.Resize(1.5), TypeError, "Size should be int or sequence"),
    "a crop of three": (lambda: T.CenterCrop((1, 2, 3)), ValueError, "only two dimensions"),
    "three borders": (lambda: T.Pad((1, 2, 3)), ValueError, "not a 3 element tuple"),
    "a border of words": (lambda: T.Pad("1"), TypeError, "inappropriate padding"),
    "an unknown border": (lambda: T.Pad(1, 0, "wrap"), ValueError, "Padding mode should be either"),
    "a range of one": (lambda: T.RandomResizedCrop(3, 0.5), TypeError, "Scale should be a sequence"),
    "a negative angle": (lambda: T.RandomRotation(-1), ValueError, "degrees is a single number, it must be positive"),
    "three angles": (lambda: T.RandomRotation((1, 2, 3)), ValueError, "degrees should be a sequence of length 2"),
    "a fill of words": (lambda: T.RandomRotation(1, fill={}), TypeError, "Fill should be either"),
    "too far": (lambda: T.RandomAffine(0, (0, 2)), ValueError, "translation values should be between 0 and 1"),
    "a scale of 0": (lambda: T.RandomAffine(0, None, (0, 2)), ValueError, "scale values should be positive"),
    "three shears": (lambda: T.RandomAffine(0, shear=(1, 2, 3)), ValueError, "sequence of length 2 or 4"),
    "negative brightness": (lambda: T.ColorJitter(-1), ValueError, "brightness is a single number, it must be non neg"),
    "too far a hue": (lambda: T.ColorJitter(hue=1), ValueError, r"hue values should be between \(-0.5, 0.5\)"),
    "three hues": (lambda: T.ColorJitter(hue=(0, 0, 0)), TypeError, "hue should be a single number or a list/tuple"),
    "an even kernel": (lambda: T.GaussianBlur(2), ValueError, "odd and positive number"),
    "no bell": (lambda: T.GaussianBlur(3, 0), ValueError, "sigma is a single number, it must be positive"),
    "a bell turned round": (lambda: T.GaussianBlur(3, (2, 1)), ValueError, "of the form"),
    "a probability": (lambda: T.RandomErasing(2), ValueError, "probability should be between 0 and 1"),
    "a value of words": (lambda: T.RandomErasing(value="noise"), ValueError, "it should be 'random'"),
    "two values for three": (
        lambda: T.RandomErasing(1, value=(1, 2))(minigrad.zeros(3, 4, 4)),
        ValueError,
        "3 .number",
    ),
    "a choice of one": (lambda: T.RandomChoice(T.Resize(3)), TypeError, "transforms should be a sequence"),
    "no policy": (lambda: T.AutoAugment("imagenet"), ValueError, "policy imagenet is not recognized"),
    "a matrix": (lambda: T.LinearTransformation(minigrad.ones(2, 3), minigrad.ones(2)), ValueError, "should be square"),
    "an alpha": (lambda: T.ElasticTransform(1), TypeError, "alpha should be float or a sequence of floats"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call()


def test_a_range_the_wrong_way_round_is_warned_of():
    with pytest.warns(UserWarning, match="should be of kind"):
        T.RandomResizedCrop(3, (1, 0.5))


def test_a_script_finds_them_under_torchvision(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import torch, torchvision\n"
        "import torchvision.transforms.functional as TF\n"
        "from torchvision.transforms import functional, InterpolationMode, Resize\n"
        "from torchvision import transforms as T\n"
        "print(functional is TF, T.functional is TF, T.Resize is Resize, TF.InterpolationMode is InterpolationMode)\n"
        "print(TF.hflip(torch.arange(4.).reshape(1, 2, 2)).tolist(), T.RandomRotation(3))\n"
        "print(T.InterpolationMode.BILINEAR, hasattr(T, 'Nothing'))\n"
    )
    printed = python("-m", "minigrad", script, cwd=tmp_path)
    assert printed.stdout.splitlines() == [
        "True True True True",
        "[[[1.0, 0.0], [3.0, 2.0]]] RandomRotation(degrees=[-3.0, 3.0], interpolation=nearest, expand=False, fill=0)",
        "InterpolationMode.BILINEAR False",
    ], printed.stderr


WARNS = {
    "a range turned round": lambda _: T.RandomResizedCrop(8, scale=(1.0, 0.5)),
    "an erased range turned round": lambda _: T.RandomErasing(scale=(1.0, 0.5)),
    "a resized PIL image": lambda image: T.Compose([T.Resize(8, antialias=False)])(image),
}


@pytest.mark.parametrize("case", WARNS.values(), ids=WARNS)
def test_warnings_are_of_the_line_that_calls(case):
    image = pytest.importorskip("PIL.Image").fromarray(RGB)
    with pytest.warns(UserWarning, match="Scale and ratio should|Anti-alias option is always") as caught:
        case(image)
    assert [warning.filename for warning in caught] == [__file__]

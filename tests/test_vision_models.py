"""Known networks for images: torchvision's layers, names, initial weights and outputs."""

from __future__ import annotations

import copy
import hashlib
import io
import pickle

import numpy as np
import pytest
from engines import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import python
from real_vision import both, seeded, torchvision

import minigrad
from minigrad.vision import models
from minigrad.vision.models import weights as trained
from minigrad.vision.models.densenet import DenseNet
from minigrad.vision.models.mobilenet import MobileNetV2
from minigrad.vision.models.resnet import BasicBlock, Bottleneck, ResNet
from minigrad.vision.models.vgg import PLANS, planned

SMALL = ["resnet18", "squeezenet1_0", "squeezenet1_1", "mobilenet_v2", "densenet121"]
LARGE = [name for name in models.list_models() if name not in SMALL]
IMAGES = np.random.default_rng(0).standard_normal((2, 3, 65, 65)).astype("float32")


def same_weights(ours, theirs):
    """The names of all weights, in their order, and their bits."""
    mine, real = ours.state_dict(), theirs.state_dict()
    assert list(mine) == list(real)
    for name in mine:
        assert mine[name].numpy().tobytes() == real[name].numpy().tobytes(), name
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]


def same_network(make, real_make, images=IMAGES):
    """Two networks with the weights of one seed, whose words and outputs are the same."""
    seeded(3)
    ours = make()
    seeded(3)
    theirs = real_make()
    same_weights(ours, theirs)
    assert repr(ours) == repr(theirs)
    mine, real = both(images)
    with minigrad.no_grad(), torch.no_grad():
        out, expected = ours.eval()(mine).numpy(), theirs.eval()(real).numpy()
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
    return ours, theirs


@pytest.mark.parametrize("name", SMALL)
def test_weights_and_outputs_of_a_seed_are_those_of_torchvision(name):
    real = getattr(torchvision().models, name)
    same_network(lambda: getattr(models, name)(num_classes=7), lambda: real(num_classes=7))


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_weights_and_outputs_of_the_large_ones(name):
    same_network(getattr(models, name), getattr(torchvision().models, name))


@settings(max_examples=6, deadline=None)
@given(
    st.sampled_from([("BasicBlock", [1, 1, 2, 1]), ("Bottleneck", [1, 2, 1, 1])]),
    st.booleans(),
    st.sampled_from([None, [False, True, True]]),
    st.sampled_from([(1, 64), (4, 16)]),
)
def test_residual_networks_with_drawn_options(kind, zero, dilation, groups):
    block, layers = kind
    options = {"num_classes": 5, "zero_init_residual": zero}
    if block == "Bottleneck":
        options |= {"replace_stride_with_dilation": dilation, "groups": groups[0], "width_per_group": groups[1]}
    real = torchvision().models.resnet
    same_network(
        lambda: ResNet({"BasicBlock": BasicBlock, "Bottleneck": Bottleneck}[block], layers, **options),
        lambda: real.ResNet(getattr(real, block), layers, **options),
        IMAGES[..., :33, :40],
    )


def test_other_networks_with_options():
    real = torchvision().models
    setting = [[1, 16, 1, 1], [4, 24, 2, 2]]
    narrow = {"width_mult": 0.35, "num_classes": 4, "inverted_residual_setting": setting}
    same_network(lambda: MobileNetV2(**narrow), lambda: real.MobileNetV2(**narrow))
    small = {"growth_rate": 8, "block_config": (2, 3), "num_init_features": 16, "num_classes": 4}
    same_network(lambda: DenseNet(**small), lambda: real.DenseNet(**small))
    groups = {"norm_layer": lambda channels: minigrad.nn.BatchNorm2d(channels, eps=1e-3)}
    assert MobileNetV2(num_classes=3, **groups).features[0][1].eps == 1e-3


@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_convolutions_of_vgg(batch_norm):
    vgg = torchvision().models.vgg
    for plan, letter in (("64 M 128 M 256 256 M 512 512 M 512 512 M", "A"), ("8 16 M 12", None)):
        steps = vgg.cfgs[letter] if letter else [8, 16, "M", 12]
        seeded(1)
        ours = planned(plan, batch_norm)
        seeded(1)
        theirs = vgg.make_layers(steps, batch_norm)
        same_weights(ours, theirs)
        assert repr(ours) == repr(theirs)
    assert [plan.replace("M", "'M'").split() for plan in PLANS.values()] == [
        [repr(step) for step in vgg.cfgs[letter]] for letter in "ABDE"
    ]
    assert isinstance(ours, minigrad.nn.Sequential)


def test_a_training_step_has_the_gradients_of_torchvision():
    seeded(2)
    ours = models.resnet18(num_classes=3)
    seeded(2)
    theirs = torchvision().models.resnet18(num_classes=3)
    images = IMAGES[..., :33, :33]
    for lib, network in ((minigrad, ours), (torch, theirs)):
        network.train()
        loss = lib.nn.CrossEntropyLoss()(network(lib.tensor(images)), lib.tensor([2, 0]))
        loss.backward()
    for (name, mine), real in zip(ours.named_parameters(), theirs.parameters()):
        scale = real.grad.abs().max().item()
        np.testing.assert_allclose(mine.grad.numpy(), real.grad.numpy(), rtol=0, atol=1e-3 * scale, err_msg=name)
    assert ours.bn1.num_batches_tracked == 1
    np.testing.assert_allclose(ours.bn1.running_var.numpy(), theirs.bn1.running_var.numpy(), rtol=1e-4)


def test_networks_travel_and_copy():
    network = models.squeezenet1_1(num_classes=2)
    for other in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        same_weights(other, network)
    file = io.BytesIO()
    minigrad.save(network.state_dict(), file)
    file.seek(0)
    theirs = torchvision().models.squeezenet1_1(num_classes=2)
    theirs.load_state_dict(torch.load(file))
    same_weights(network, theirs)


def test_the_last_layer_may_be_replaced():
    network = models.resnet18()
    for parameter in network.parameters():
        parameter.requires_grad = False
    network.fc = minigrad.nn.Linear(network.fc.in_features, 2)
    network(minigrad.tensor(IMAGES[..., :33, :33])).sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is not None] == ["fc.weight", "fc.bias"]


REFUSED = {
    "a block of groups": (lambda: BasicBlock(3, 3, groups=2), ValueError, "BasicBlock only supports groups=1"),
    "a spread block": (lambda: BasicBlock(3, 3, dilation=2), NotImplementedError, "Dilation > 1 not supported"),
    "two dilations": (
        lambda: ResNet(Bottleneck, [1] * 4, replace_stride_with_dilation=[True] * 2),
        ValueError,
        "should be None or a 3-element tuple",
    ),
    "a version": (lambda: models.SqueezeNet("2"), ValueError, "Unsupported SqueezeNet version 2"),
    "no rows": (lambda: MobileNetV2(inverted_residual_setting=[]), ValueError, "non-empty or a 4-element list"),
    "a network": (lambda: models.get_model("resnet19"), ValueError, "Unknown model resnet19"),
    "weights of another": (
        lambda: models.resnet18(weights=models.ResNet34_Weights.DEFAULT),
        TypeError,
        "Invalid Weight class provided; expected ResNet18_Weights but received ResNet34_Weights",
    ),
    "weights that there are not": (lambda: models.resnet18(weights="V9"), KeyError, "V9"),
    "other classes": (lambda: models.resnet18(weights="DEFAULT", num_classes=9), ValueError, "expected value 1000"),
    "a weight": (lambda: models.get_weight("ResNet18_Weights"), ValueError, "Invalid weight name provided"),
    "an unknown weight": (lambda: models.get_weight("X_Weights.V1"), ValueError, "weight enum 'X_Weights'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call()


# Trained weights


@pytest.mark.parametrize("name", models.list_models())
def test_what_is_known_of_trained_weights_is_what_torchvision_knows(name):
    real = torchvision().models.get_model_weights(name)
    ours = models.get_model_weights(name)
    assert ours.__name__ == real.__name__
    assert ours.__module__ == getattr(models, name).__module__
    for key, mine in ours.__members__.items():
        theirs = real.__members__[key]
        assert (repr(mine), mine.name, mine.url) == (repr(theirs), theirs.name, theirs.url)
        assert repr(mine.transforms()) == repr(theirs.transforms())
        for fact in ("num_params", "min_size"):
            assert mine.meta[fact] == theirs.meta[fact]
        assert models.get_weight(repr(mine)) is mine
        assert pickle.loads(pickle.dumps(mine)) is mine
    assert set(real.__members__) - set(ours.__members__) <= {"IMAGENET1K_FEATURES"}
    assert real.DEFAULT.name == ours.DEFAULT.name


def test_names_of_networks():
    real = torchvision().models
    assert set(models.list_models()) <= set(real.list_models(real))
    assert models.list_models(include="resnet*") == real.list_models(real, include="resnet*")
    assert models.list_models(include=["vgg*", "alex*"], exclude="*_bn") == real.list_models(
        real, include=["vgg*", "alex*"], exclude="*_bn"
    )
    assert models.get_model_builder("ResNet18") is models.resnet18
    assert type(models.get_model("squeezenet1_1", num_classes=3)) is models.SqueezeNet


@pytest.mark.parametrize("how", [{"weights": "DEFAULT"}, {"weights": "IMAGENET1K_V1"}, {"pretrained": True}, True])
def test_weights_that_are_not_there_are_told_of(how, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    path = tmp_path / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
    monkeypatch.setattr(trained, "warn", lambda *_, **__: None)
    with pytest.raises(RuntimeError) as error:
        models.resnet18(True) if how is True else models.resnet18(**how)
    message = str(error.value)
    assert message.startswith(
        "ResNet18_Weights.IMAGENET1K_V1 is not on this machine, and minigrad does not download it"
    )
    assert "https://download.pytorch.org/models/resnet18-f37072fd.pth" in message
    assert str(path) in message
    assert "model.load_state_dict(torch.load('resnet18-f37072fd.pth'))" in message


def test_weights_that_are_there_are_loaded(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    network = models.squeezenet1_1()
    file = io.BytesIO()
    minigrad.save(network.state_dict(), file)
    start = hashlib.sha256(file.getvalue()).hexdigest()[:8]
    name = f"squeezenet1_1-{start}.pth"
    known = trained.known(__name__, "SqueezeNet1_1_Weights", 1, 17, name)
    build = trained.builder(models.SqueezeNet, __name__, "squeezenet", "SqueezeNet", known)
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    path = tmp_path / "hub" / "checkpoints" / name
    path.write_bytes(file.getvalue())
    build = trained.builder(lambda **o: models.SqueezeNet("1_1", **o), __name__, "squeezenet", "SqueezeNet", known)
    with pytest.warns(UserWarning, match="The parameter 'pretrained' is deprecated"):
        same_weights(build(pretrained=True), network)
    same_weights(build(weights=known.DEFAULT, progress=False), network)
    path.write_bytes(file.getvalue()[:-1] + b"!")
    with pytest.raises(RuntimeError, match="invalid hash value"):
        build(weights="DEFAULT")


def test_the_transforms_of_weights_make_images_ready():
    pil = pytest.importorskip("PIL.Image")
    image = pil.fromarray(np.random.default_rng(4).integers(0, 256, (250, 300, 3), np.uint8))
    ours = models.ResNet50_Weights.IMAGENET1K_V2.transforms()(image)
    theirs = torchvision().models.ResNet50_Weights.IMAGENET1K_V2.transforms()(image)
    assert np.array_equal(ours.numpy(), theirs.numpy())


def test_old_names_of_weights_are_taken_by_densenet():
    network = models.DenseNet(4, (2, 2), 8, num_classes=3)
    state = network.state_dict()
    old = {name.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): value for name, value in state.items()}
    assert set(old) != set(state)
    other = models.DenseNet(4, (2, 2), 8, num_classes=3)
    other.load_state_dict(old)
    same_weights(other, network)


def test_a_script_finds_them_under_torchvision(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import torch, torchvision\n"
        "from torchvision import models\n"
        "from torchvision.models import resnet18, ResNet18_Weights\n"
        "from torchvision.models.resnet import BasicBlock, ResNet\n"
        "import torchvision.models as M\n"
        "print(models is torchvision.models is M, M.resnet18 is resnet18, isinstance(M.resnet18(), torch.nn.Module))\n"
        "print(ResNet18_Weights.DEFAULT, hasattr(models, 'vit_b_16'))\n"
    )
    printed = python("-m", "minigrad", script, cwd=tmp_path)
    assert printed.stdout == "True True True\nResNet18_Weights.IMAGENET1K_V1 False\n", printed.stderr

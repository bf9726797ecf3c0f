"""The mistakes of the first half hour: PyTorch's exception type and first words, and what to write instead."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engines import torch
from test_errors import ALL, BACKWARD

import minigrad
from benchmarks.cost import executed_by

functional = minigrad.nn.functional

Call = Callable[[Any], Any]
Row = tuple[Call, list[str]]
"""What the learner does with an engine; and words of the message, or of its note, in which *PyTorch's come first."""


# Models -----------------------------------------------------------------------------------------------------


def without_init(t: Any) -> Any:
    class Net(t.nn.Module):
        def __init__(self) -> None:
            self.fc = t.nn.Linear(2, 2)

    return Net()


def without_init_but_with_a_weight(t: Any) -> Any:
    class Net(t.nn.Module):
        def __init__(self) -> None:
            self.w = t.nn.Parameter(t.ones(2))

    return Net()


def without_init_or_layers(t: Any) -> Any:
    class Net(t.nn.Module):
        def __init__(self) -> None:
            self.factor = 2

        def forward(self, x: Any) -> Any:
            return x * self.factor

    return Net()(t.ones(2))


def in_a_list(t: Any) -> Any:
    class Net(t.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = [t.nn.Linear(2, 2), t.nn.Linear(2, 1)]

    return Net()


def in_a_dict(t: Any) -> Any:
    class Net(t.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.heads = {"one": t.nn.Linear(2, 2)}

    return Net()


def forwrd(t: Any) -> Any:
    class Net(t.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = t.nn.Linear(2, 2)

        def forwrd(self, x: Any) -> Any:
            return self.fc(x)

    return Net()(t.ones(2))


def no_forward(t: Any) -> Any:
    class Net(t.nn.Module):
        pass

    return Net()(t.ones(2))


def sgd(t: Any, params: Any, **options: Any) -> Any:
    return t.optim.SGD(params, **{"lr": 0.1, **options})


TRUTH = "*Boolean value of Tensor with more than one value is ambiguous"
MODELS: dict[str, Row] = {
    "a class among layers": (
        lambda t: t.nn.Sequential(t.nn.Linear(2, 2), t.nn.ReLU),
        ["ReLU is not a Module subclass", "is a class", "Write ReLU()"],
    ),
    "a function among layers": (
        lambda t: t.nn.Sequential(t.nn.Linear(2, 2), lambda x: x),
        ["is not a Module subclass: it is a function", "nn.ReLU()"],
    ),
    "a list of layers": (
        lambda t: t.nn.Sequential([t.nn.Linear(2, 2), t.nn.ReLU()]),
        ["*list is not a Module subclass", "nn.Sequential(*layers)"],
    ),
    "MSELoss of tensors": (lambda t: t.nn.MSELoss(t.ones(2), t.ones(2)), [TRUTH, "nn.MSELoss()(output, target)"]),
    "L1Loss of tensors": (lambda t: t.nn.L1Loss(t.ones(2), t.ones(2)), [TRUTH, "nn.L1Loss()(output, target)"]),
    "CrossEntropyLoss of tensors": (
        lambda t: t.nn.CrossEntropyLoss(t.ones(2, 3), t.zeros(2, dtype=t.int64)),
        [TRUTH, "nn.CrossEntropyLoss()(output, target)"],
    ),
    "BCELoss of tensors": (lambda t: t.nn.BCELoss(t.ones(2), t.ones(2)), [TRUTH, "nn.BCELoss()(output, target)"]),
    "Dropout of a tensor": (lambda t: t.nn.Dropout(t.ones(2)), [TRUTH, "nn.Dropout()(x)"]),
    "Sigmoid of a tensor": (lambda t: t.nn.Sigmoid(t.ones(2)), ["nn.Sigmoid(x)", "nn.Sigmoid(...)(x)", "call"]),
    "Linear of a tensor": (lambda t: t.nn.Linear(t.ones(3, 2), 1), ["nn.Linear(x)", "nn.Linear(...)(x)"]),
    "Flatten of a tensor": (lambda t: t.nn.Flatten(t.ones(2, 2))(t.ones(2, 2)), ["nn.Flatten(x)", "call"]),
    "without super().__init__()": (
        without_init,
        ["*cannot assign module before Module.__init__() call", "super().__init__()", "Net.__init__"],
    ),
    "a weight without super().__init__()": (
        without_init_but_with_a_weight,
        ["*cannot assign parameters before Module.__init__() call", "super().__init__()"],
    ),
    "a call without super().__init__()": (
        without_init_or_layers,
        ["*'Net' object has no attribute '_", "super().__init__()"],
    ),
    "layers in a list": (
        lambda t: sgd(t, in_a_list(t).parameters()),
        ["*optimizer got an empty parameter list", "Net.layers is a list", "self.layers = nn.ModuleList(...)"],
    ),
    "layers in a dict": (
        lambda t: sgd(t, in_a_dict(t).parameters()),
        ["*optimizer got an empty parameter list", "Net.heads is a dict", "nn.ModuleDict"],
    ),
    "layers in a list, their parameters in another": (
        lambda t: sgd(t, list(in_a_list(t).parameters())),
        ["*optimizer got an empty parameter list", "nn.ModuleList"],
    ),
    "a model without layers": (
        lambda t: sgd(t, t.nn.ReLU().parameters()),
        ["*optimizer got an empty parameter list", "ReLU has no layers or parameters"],
    ),
    "forwrd": (forwrd, ['*Module [Net] is missing the required "forward" function', "`forwrd`", "write `forward`"]),
    "no forward": (no_forward, ['*Module [Net] is missing the required "forward" function', "def forward(self"]),
}

# Optimizers and saving --------------------------------------------------------------------------------------


def linear(t: Any) -> Any:
    return t.nn.Linear(2, 2)


def wrapped(t: Any) -> Any:
    return t.nn.ModuleDict({"module": linear(t)})


KEYS = "*Error(s) in loading state_dict for Linear"
OPTIMIZERS: dict[str, Row] = {
    "a model": (lambda t: sgd(t, linear(t)), ["*'Linear' object is not iterable", "model.parameters()"]),
    "a Sequential": (
        lambda t: sgd(t, t.nn.Sequential(linear(t))),
        ["*optimizer can only optimize Tensors, but one of the params is", "model.parameters()"],
    ),
    "parameters not called": (
        lambda t: sgd(t, linear(t).parameters),
        ["*'method' object is not iterable", "Call it: model.parameters()"],
    ),
    "a state_dict": (
        lambda t: sgd(t, linear(t).state_dict()),
        ["*optimizer can only optimize Tensors, but one of the params is str", "model.parameters()"],
    ),
    "text for lr": (lambda t: sgd(t, linear(t).parameters(), lr="0.1"), ["learning rate", "number", "'0.1'"]),
    "text for momentum": (lambda t: sgd(t, linear(t).parameters(), momentum="0.9"), ["momentum", "number", "'0.9'"]),
    "text for Adam's lr": (
        lambda t: t.optim.Adam(linear(t).parameters(), lr="0.1"),
        ["not supported between instances of", "a number is needed"],
    ),
    "one beta": (
        lambda t: t.optim.Adam(linear(t).parameters(), betas=0.9),
        ["*'float' object is not subscriptable", "(0.9, 0.999)"],
    ),
    "the result of an op": (
        lambda t: sgd(t, [t.ones(2, requires_grad=True) * 0.1]),
        ["*can't optimize a non-leaf Tensor", "test_learner_errors.py", ".detach().requires_grad_()"],
    ),
    "the name of a file": (
        lambda t: linear(t).load_state_dict("net.pt"),
        ["*Expected state_dict to be dict-like, got <class 'str'>.", "load_state_dict(torch.load('net.pt'))"],
    ),
    "a path": (
        lambda t: linear(t).load_state_dict(Path("net.pt")),
        ["*Expected state_dict to be dict-like", "load_state_dict(torch.load('net.pt'))"],
    ),
    "a model for its state_dict": (
        lambda t: linear(t).load_state_dict(linear(t)),
        ["*Expected state_dict to be dict-like", ".state_dict()"],
    ),
    "state_dict not called": (
        lambda t: linear(t).load_state_dict(linear(t).state_dict),
        ["*Expected state_dict to be dict-like", "Call it: state_dict()"],
    ),
    "the name of a file, for an optimizer": (
        lambda t: sgd(t, linear(t).parameters()).load_state_dict("net.pt"),
        ["*'str' object has no attribute 'copy'", "torch.load('net.pt')"],
    ),
    "a model's state_dict, for an optimizer": (
        lambda t: sgd(t, linear(t).parameters()).load_state_dict(linear(t).state_dict()),
        ["param_groups", "not the state_dict of an optimizer", "a model's?"],
    ),
    "a whole checkpoint, for an optimizer": (
        lambda t: (o := sgd(t, linear(t).parameters())).load_state_dict({"epoch": 1, "optim": o.state_dict()}),
        ["param_groups", "load_state_dict(checkpoint['optim'])"],
    ),
    "a whole checkpoint": (
        lambda t: linear(t).load_state_dict({"epoch": 1, "model": linear(t).state_dict()}),
        [KEYS, "load_state_dict(checkpoint['model'])"],
    ),
    "a state_dict of the model around it": (
        lambda t: linear(t).load_state_dict(wrapped(t).state_dict()),
        [KEYS, "stand behind 'module.'", "model.module"],
    ),
    "a state_dict of a part": (
        lambda t: wrapped(t).load_state_dict(linear(t).state_dict()),
        ["*Error(s) in loading state_dict for ModuleDict", "model.module.load_state_dict"],
    ),
}

# Data and dtypes --------------------------------------------------------------------------------------------


def samples(t: Any, *given: Any) -> Any:
    """A batch of a dataset of these samples."""

    class Samples(t.utils.data.Dataset):
        def __len__(self) -> int:
            return len(given)

        def __getitem__(self, index: int) -> Any:
            return given[index]

    return next(iter(t.utils.data.DataLoader(Samples(), batch_size=len(given))))


def without_length(t: Any, **options: Any) -> Any:
    class Squares(t.utils.data.Dataset):
        def __getitem__(self, index: int) -> Any:
            return index**2

    return next(iter(t.utils.data.DataLoader(Squares(), batch_size=2, **options)))


def without_items(t: Any) -> Any:
    class Squares(t.utils.data.Dataset):
        def __len__(self) -> int:
            return 3

    return next(iter(t.utils.data.DataLoader(Squares())))


def of_a_part(t: Any) -> Any:
    class Ragged(t.utils.data.Dataset):
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> Any:
            return t.ones(index)

    part = t.utils.data.Subset(Ragged(), [0, 2])
    return next(iter(t.utils.data.DataLoader(part, batch_size=2)))


def numpys(t: Any, *shape: int) -> Any:
    return t.from_numpy(np.ones(shape))


DATA: dict[str, Row] = {
    "float64": (
        lambda t: t.nn.Linear(3, 2)(numpys(t, 4, 3)),
        [
            "*mat1 and mat2 must have the same dtype, but got Double and Float",
            ".float()",
            "NumPy makes float64",
            "[4, 3]",
        ],
    ),
    "integers": (
        lambda t: t.nn.Linear(3, 2)(t.ones(4, 3, dtype=t.int64)),
        ["*mat1 and mat2 must have the same dtype, but got Long and Float", "Convert input with .float()"],
    ),
    "floats for a double model": (
        lambda t: t.nn.Linear(3, 2).double()(t.ones(4, 3)),
        ["*mat1 and mat2 must have the same dtype, but got Float and Double", "Convert input with .double()"],
    ),
    "float64 in a product": (
        lambda t: t.ones(3, 2) @ numpys(t, 2, 2),
        ["*expected m1 and m2 to have the same dtype, but got", "the second operand with .float()", "NumPy"],
    ),
    "integers in a product": (
        lambda t: t.ones(3, 2, dtype=t.int64) @ t.ones(2, 2),
        ["*expected m1 and m2 to have the same dtype, but got", "the first operand with .float()"],
    ),
    "float64 images": (
        lambda t: t.nn.Conv2d(1, 2, 3)(numpys(t, 1, 1, 5, 5)),
        ["*Input type (double) and bias type (float) should be the same", "conv2d", ".float()", "NumPy"],
    ),
    "bytes for images": (
        lambda t: t.nn.Conv2d(1, 2, 3, bias=False)(t.ones(1, 1, 5, 5, dtype=t.uint8)),
        ["Input type (unsigned char) and weight type (float) should be the same", ".float()"],
    ),
    "float64 for batch norm": (
        lambda t: t.nn.BatchNorm1d(3)(numpys(t, 4, 3)),
        ["*mixed dtype", "batch_norm", ".float()", "NumPy"],
    ),
    "a list": (
        lambda t: t.nn.Linear(3, 2)([1.0, 2.0, 3.0]),
        ["*linear(): argument 'input'", "must be Tensor, not list", "torch.tensor(x, dtype=torch.float32)"],
    ),
    "an array": (
        lambda t: t.nn.Linear(3, 2)(np.ones(3)),
        ["*linear(): argument 'input'", "ndarray", "torch.from_numpy(x).float()"],
    ),
    "a list, to be flattened": (
        lambda t: t.nn.Sequential(t.nn.Flatten(), t.nn.Linear(3, 2))([1.0]),
        ["*'list' object has no attribute 'flatten'", "torch.tensor(x, dtype=torch.float32)"],
    ),
    "an array, to be flattened": (
        lambda t: t.nn.Sequential(t.nn.Flatten(), t.nn.Linear(3, 2))(np.ones((1, 3))),
        ["flatten", "torch.from_numpy(x).float()"],
    ),
    "a layer for a tensor": (
        lambda t: t.nn.Linear(2, 2)(t.nn.Tanh()),
        ["*linear(): argument 'input'", "not Tanh", "call it with its input"],
    ),
    "a method not called": (
        lambda t: t.nn.Linear(2, 2)(t.ones(2).float),
        ["*linear(): argument 'input'", "called, with ()"],
    ),
    "a dataset without a length": (
        without_length,
        ["*object of type 'Squares' has no len()", "def __len__(self)", "IterableDataset"],
    ),
    "a dataset without a length, shuffled": (
        lambda t: without_length(t, shuffle=True),
        ["*object of type 'Squares' has no len()", "def __len__(self)"],
    ),
    "a dataset without items": (
        without_items,
        ["*Subclasses of Dataset should implement __getitem__.", "Squares", "def __getitem__(self, index)"],
    ),
    "samples of two shapes": (
        lambda t: samples(t, (t.ones(2), 1), (t.ones(2), 1), (t.ones(3), 0)),
        [
            "*stack expects each tensor to be equal size, but got [2] at entry 0",
            "dataset[2]",
            "[3]",
            "dataset[0]",
            "[2]",
        ],
    ),
    "arrays of two shapes": (
        lambda t: samples(t, np.ones(2), np.ones(3), np.ones(3)),
        ["*stack expects each tensor to be equal size", "dataset[0] is ndarray [2]", "dataset[1] is ndarray [3]"],
    ),
    "lists of two lengths": (
        lambda t: samples(t, [1.0, 2.0], [1.0]),
        ["*each element in list of batch should be of equal size", "dataset[1] is (float)"],
    ),
    "dicts of other keys": (
        lambda t: samples(t, {"x": 1, "y": 2}, {"x": 1}),
        ["'y'", "dataset[1] is {'x': int}"],
    ),
    "a sample that is None": (
        lambda t: samples(t, (1, 2), None),
        ["*object of type 'NoneType' has no len()", "dataset[1] is None", "`return`"],
    ),
    "samples that are None": (
        lambda t: samples(t, None, None),
        ["*default_collate: batch must contain tensors", "dataset[0] is None", "`return`"],
    ),
    "None in a sample": (
        lambda t: samples(t, (t.ones(2), 1), (t.ones(2), None)),
        ["*Could not infer dtype of NoneType", "dataset[1] is (Tensor [2], None)"],
    ),
    "samples of a part, of two shapes": (
        of_a_part,
        ["*stack expects each tensor to be equal size", "dataset[1] is Tensor [2]"],
    ),
}

# Ops --------------------------------------------------------------------------------------------------------


def leaf(t: Any) -> Any:
    w = t.ones(2, requires_grad=True)
    (w * w).sum().backward()
    return w


def updated(t: Any) -> None:
    w, lr = leaf(t), 0.1
    w -= lr * w.grad


def updated_by_a_method(t: Any) -> None:
    w = leaf(t)
    w.sub_(0.1 * w.grad)


RANGE = "*Dimension out of range (expected to be in range of [-2, 1], but got 2)"
OPS: dict[str, Row] = {
    "softmax": (lambda t: t.ones(2, 3).softmax(dim=2), [RANGE, "softmax() of [2, 3]"]),
    "softmax, as a function": (lambda t: t.nn.functional.softmax(t.ones(2, 3), dim=2), [RANGE, "softmax() of [2, 3]"]),
    "softmax, as a layer": (lambda t: t.nn.Softmax(dim=2)(t.ones(2, 3)), [RANGE, "softmax() of [2, 3]"]),
    "log_softmax": (lambda t: t.log_softmax(t.ones(2, 3), 2), [RANGE, "log_softmax() of [2, 3]"]),
    "sum": (lambda t: t.ones(2, 3).sum(2), [RANGE, "sum() of [2, 3]"]),
    "mean": (lambda t: t.ones(2, 3).mean(dim=2), [RANGE, "mean() of [2, 3]"]),
    "max": (lambda t: t.ones(2, 3).max(2), [RANGE, "max() of [2, 3]"]),
    "argmax": (lambda t: t.ones(2, 3).argmax(2), [RANGE, "argmax() of [2, 3]"]),
    "cat": (lambda t: t.cat([t.ones(2, 3), t.ones(4, 3)], 2), [RANGE, "cat() of [2, 3], [4, 3]"]),
    "transpose": (lambda t: t.ones(2, 3).transpose(1, 2), [RANGE, "transpose() of [2, 3]"]),
    "size": (lambda t: t.ones(2, 3).size(2), [RANGE, "size() of [2, 3]"]),
    "flatten": (lambda t: t.nn.Flatten(2)(t.ones(2, 3)), [RANGE, "flatten() of [2, 3]"]),
    "logits in BCELoss": (
        lambda t: t.nn.BCELoss()(t.tensor([-1.5, 2.0]), t.tensor([0.0, 1.0])),
        ["*all elements of input should be between 0 and 1", "-1.5 to 2", "torch.sigmoid", "BCEWithLogitsLoss"],
    ),
    "classes in BCELoss": (
        lambda t: t.nn.BCELoss()(t.tensor([0.5]), t.tensor([2.0])),
        ["*all elements of target should be between 0 and 1", "it has 2 to 2", "0 and 1"],
    ),
    "nan in BCELoss": (
        lambda t: t.nn.BCELoss()(t.tensor([float("nan")]), t.tensor([1.0])),
        ["*all elements of input should be between 0 and 1", "it has nan"],
    ),
    "an update by hand": (
        updated,
        [
            "*a leaf Variable that requires grad is being used in an in-place operation.",
            "`with torch.no_grad():`",
            "w -= lr * w.grad",
        ],
    ),
    "an update by a method": (
        updated_by_a_method,
        ["*a leaf Variable that requires grad is being used", "with torch.no_grad():", "w.sub_(0.1 * w.grad)"],
    ),
}

# A forgotten return -----------------------------------------------------------------------------------------


def forgetful(t: Any) -> Any:
    class Net(t.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = t.nn.Linear(2, 2)

        def forward(self, x: Any) -> Any:
            self.fc(x)

    return Net()


def into_a_loss(t: Any) -> None:
    model, x, y = forgetful(t), t.ones(3, 2), t.zeros(3, dtype=t.int64)
    output = model(x)
    t.nn.CrossEntropyLoss()(output, y)


def into_mse(t: Any) -> None:
    model, x, y = forgetful(t), t.ones(3, 2), t.zeros(3, 2)
    output = model(x)
    t.nn.functional.mse_loss(output, y)


def into_a_layer(t: Any) -> None:
    model = t.nn.Sequential(forgetful(t), t.nn.Linear(2, 1))
    model(t.ones(3, 2))


def into_a_difference(t: Any) -> None:
    model, x, y = forgetful(t), t.ones(3, 2), t.zeros(3, 2)
    output = model(x)
    ((output - y) ** 2).mean().backward()


def within_a_model(t: Any) -> None:
    class Outer(t.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = forgetful(t), t.nn.Linear(2, 1)

        def forward(self, x: Any) -> Any:
            x = self.body(x)
            return self.head(x)

    model = Outer()
    model(t.ones(3, 2))


FORGOTTEN = ["Net.forward gave None", "no `return`", "test_learner_errors.py"]
RETURNS: dict[str, Row] = {
    "into a loss": (into_a_loss, FORGOTTEN),
    "into mse_loss": (into_mse, ["*'NoneType' object has no attribute 'size'", *FORGOTTEN]),
    "into a layer": (into_a_layer, FORGOTTEN),
    "into a difference": (into_a_difference, FORGOTTEN),
    "within a model": (within_a_model, FORGOTTEN),
}

# Loops ------------------------------------------------------------------------------------------------------


def too_many_targets(t: Any) -> None:
    model, x, y = t.nn.Linear(3, 1), t.ones(3, 3), t.tensor([0, 1, 1])
    t.nn.CrossEntropyLoss()(model(x), y)


def unflattened(t: Any) -> None:
    model = t.nn.Sequential(t.nn.Conv2d(1, 4, 3), t.nn.ReLU(), t.nn.Linear(4 * 26 * 26, 10))
    model(t.ones(8, 1, 28, 28))


def a_class_for_a_model(t: Any) -> None:
    class Net(t.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = t.nn.Linear(2, 2)

        def forward(self, x: Any) -> Any:
            return self.fc(x)

    model = Net
    model(t.ones(2))


def loaded(t: Any, dataset: Any, **options: Any) -> None:
    list(t.utils.data.DataLoader(dataset, **{"batch_size": 2, **options}))


def scheduled(t: Any, kind: str, *args: Any) -> None:
    getattr(t.optim.lr_scheduler, kind)(sgd(t, linear(t).parameters()), *args)


LOOPS: dict[str, Row] = {
    "one output, many classes": (
        too_many_targets,
        ["*Target 1 is out of bounds", "an output for each class", "BCEWithLogitsLoss"],
    ),
    "classes from 1 on": (
        lambda t: t.nn.CrossEntropyLoss()(t.ones(2, 3), t.tensor([1, 3])),
        ["*Target 3 is out of bounds", "0 to 2", "target - 1"],
    ),
    "images not flattened": (unflattened, ["mat1 and mat2 shapes cannot be multiplied", "nn.Flatten()", "in model.2"]),
    "the item of many": (
        lambda t: t.nn.MSELoss(reduction="none")(t.ones(3), t.zeros(3)).item(),
        ["*a Tensor with 3 elements cannot be converted to Scalar", "[3]", ".mean().item()"],
    ),
    "arrays for a TensorDataset": (
        lambda t: t.utils.data.TensorDataset(np.ones((3, 2)), np.ones(3)),
        ["*'int' object is not callable", "TensorDataset takes tensors, not ndarray", "torch.from_numpy(x).float()"],
    ),
    "lists for a TensorDataset": (
        lambda t: t.utils.data.TensorDataset([[1.0, 2.0]], [1.0]),
        ["*'list' object has no attribute 'size'", "torch.tensor(x, dtype=torch.float32)"],
    ),
    "a tuple for a dataset": (
        lambda t: loaded(t, (t.ones(6, 2), t.zeros(6))),
        ["*stack expects each tensor to be equal size", "TensorDataset(X, y)"],
    ),
    "pairs for a dataset": (
        lambda t: loaded(t, zip([1, 2], [3, 4])),
        ["*object of type 'zip' has no len()", "list(...)"],
    ),
    "text for a batch_size": (
        lambda t: loaded(t, [1, 2], batch_size="2"),
        ["*batch_size should be a positive integer value, but got batch_size=", "'2', a str"],
    ),
    "an empty dataset, shuffled": (
        lambda t: loaded(t, [], shuffle=True),
        ["*num_samples should be a positive integer value, but got num_samples=0", "the dataset is empty"],
    ),
    "a split that leaves some": (
        lambda t: t.utils.data.random_split([0] * 10, [7, 2]),
        ["*Sum of input lengths does not equal the length of the input dataset!", "9", "10 samples", "[0.8, 0.2]"],
    ),
    "a class for an optimizer": (
        lambda t: t.optim.lr_scheduler.StepLR(t.optim.SGD, 10),
        ["*type is not an Optimizer", "optimizer = optim.SGD(...)"],
    ),
    "one milestone": (
        lambda t: scheduled(t, "MultiStepLR", 10),
        ["*'int' object is not iterable", "milestones", "[10]"],
    ),
    "a number for a function of the epoch": (
        lambda t: scheduled(t, "LambdaLR", 0.9),
        ["*'float' object is not callable", "lr_lambda is a function of the epoch", "0.9 ** epoch"],
    ),
    "a shape that does not fit": (
        lambda t: t.ones(32, 10).view(32, 3, 5),
        ["*shape '[32, 3, 5]' is invalid for input of size 320", "view() of [32, 10]", "-1"],
    ),
    "an array among tensors": (
        lambda t: t.cat([t.ones(2), np.ones(2)]),
        ["*expected Tensor as element 1 in argument 0, but got", "cat()", "torch.from_numpy(x).float()"],
    ),
    "a tensor for a parameter": (
        lambda t: setattr(linear(t), "weight", t.ones(2, 2)),
        ["*cannot assign 'torch.FloatTensor' as parameter 'weight'", "nn.Parameter(...)"],
    ),
    "a list for a parameter": (
        lambda t: t.nn.Parameter([1.0, 2.0]),
        ["*'list' object has no attribute 'detach'", "torch.tensor(x, dtype=torch.float32)"],
    ),
    "a class for a model": (a_class_for_a_model, ["Net.__init__()", "model = Net()"]),
    "a batch of one": (
        lambda t: t.nn.BatchNorm1d(3)(t.ones(1, 3)),
        ["*Expected more than 1 value per channel when training", "model.eval()", "drop_last=True"],
    ),
    "saved the wrong way around": (
        lambda t: t.save("net.pt", linear(t).state_dict()),
        ["*expected 'f' to be string, path, or a file-like object", "torch.save(obj, 'file.pt')"],
    ),
    "half a size": (lambda t: t.nn.Linear(28 * 28 / 2, 10), ["*empty()", "392.0", "Divide with //"]),
    "a model's gradients, clipped": (
        lambda t: t.nn.utils.clip_grad_norm_(linear(t), 1.0),
        ["*'Linear' object is not iterable", "model.parameters()"],
    ),
    "a model for its output": (
        lambda t: t.nn.MSELoss()(linear(t), t.ones(2)),
        ["*'Linear' object has no attribute 'size'", "call it with its input"],
    ),
}

LEARNERS = {"models": MODELS, "optimizers": OPTIMIZERS, "data": DATA, "ops": OPS, "returns": RETURNS, "loops": LOOPS}
CASES = [pytest.param(*row, id=f"{kind}: {name}") for kind, rows in LEARNERS.items() for name, row in rows.items()]


def told(error: BaseException) -> str:
    """A message and its notes."""
    return "\n".join([str(error), *getattr(error, "__notes__", ())])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("call", "words"), CASES)
def test_a_mistake_is_named_in_pytorchs_words_and_mended(call: Call, words: list[str]) -> None:
    with pytest.raises(Exception) as theirs:  # noqa: PT011 - the type is compared
        call(torch)
    with pytest.raises(theirs.type) as mine:
        call(minigrad)
    assert mine.type is theirs.type
    for word in words:
        if word.startswith("*"):
            assert str(theirs.value).startswith(word[1:])
            assert str(mine.value).startswith(word[1:])
        else:
            assert word in told(mine.value)


def test_a_layer_made_where_it_was_to_be_called() -> None:
    """PyTorch takes the input for an option, and says nothing."""
    for layer in ("ReLU", "ELU", "GELU", "LeakyReLU", "Softmax"):
        getattr(torch.nn, layer)(torch.ones(2))
        with pytest.raises(TypeError, match=rf"nn\.{layer}\(\.\.\.\)\(x\)"):
            getattr(minigrad.nn, layer)(minigrad.ones(2))
    assert minigrad.nn.CrossEntropyLoss(minigrad.ones(3)).weight.tolist() == [1, 1, 1]
    assert minigrad.nn.Dropout(minigrad.tensor(0.5)).p == 0.5


def test_shapes_that_broadcast_in_a_loss_warn_at_the_users_line() -> None:
    for loss_fn in (minigrad.nn.MSELoss(), functional.l1_loss):
        with pytest.warns(UserWarning, match=r"broadcasting.*same size\. Write input\.squeeze\(-1\)\.") as caught:
            loss_fn(minigrad.ones(3, 1), minigrad.ones(3))
        assert caught[0].filename == __file__


def test_a_tensor_of_a_tensor_warns_as_pytorch_does() -> None:
    seen = []
    for t in (torch, minigrad):
        with pytest.warns(UserWarning, match="copy construct") as caught:
            t.tensor(t.ones(2))
        seen.append([(str(w.message), w.filename) for w in caught])
    assert seen[0] == seen[1]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "call",
    [
        pytest.param(call, id=f"{kind}: {name}")
        for kind, rows in {**ALL, "backward": BACKWARD, **LEARNERS}.items()
        for name, (call, _) in rows.items()
    ],
)
def test_an_error_is_one_traceback(call: Call) -> None:
    """Ours: not NumPy's first, and then ours."""
    with pytest.raises(Exception) as info:  # noqa: PT011 - whichever it is
        call(minigrad)
    assert info.value.__cause__ is None
    assert info.value.__context__ is None or info.value.__suppress_context__


def test_a_name_that_is_nearly_right_is_suggested_by_python() -> None:
    program = """if True:
        from minigrad import nn
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layer1 = nn.Linear(2, 2)
        Net().layer_1"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600)
    assert "'Net' object has no attribute 'layer_1'. Did you mean: 'layer1'?" in ended.stderr


# Which layer ------------------------------------------------------------------------------------------------


class Net(minigrad.nn.Module):
    """A model of parts within parts."""

    def __init__(self) -> None:
        super().__init__()
        nn = minigrad.nn
        self.body = nn.Sequential(nn.Linear(2, 8), nn.Sequential(nn.Tanh(), nn.Linear(8, 6)))
        self.others = [nn.Linear(4, 1)]
        self.head = nn.Linear(6, 3)

    def forward(self, x: Any, wrong: str = "") -> Any:
        x = self.body(x).relu()
        if wrong == "list":
            return self.others[0](x)
        return self.head(x.reshape(7) if wrong == "reshape" else x[:, 1:])


def notes_of(call: Callable[[], Any]) -> list[str]:
    with pytest.raises(Exception) as info:  # noqa: PT011 - the notes are compared
        call()
    return list(getattr(info.value, "__notes__", ()))


def test_the_note_names_the_layer_and_the_shapes_so_far() -> None:
    nn = minigrad.nn
    model, X = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(4, 1)), minigrad.ones(5, 2)
    expected = "in model.2 (Linear(4, 1)); shapes so far: X 5x2 -> 0 Linear 5x8 -> 1 ReLU 5x8"
    assert notes_of(lambda: model(X)) == [expected]


def test_the_note_goes_down_to_the_innermost_layer_from_the_outermost() -> None:
    net, x = Net(), minigrad.ones(5, 2)
    way = "x 5x2 -> body.0 Linear 5x8 -> tanh 5x8 -> body.1.1 Linear 5x6 -> relu 5x6"
    assert notes_of(lambda: net(x)) == [f"in net.head (Linear(6, 3)); shapes so far: {way} -> slice 5x5"]
    assert notes_of(lambda: net(x, "list")) == [f"in net.others[0] (Linear(4, 1)); shapes so far: {way}"]
    assert notes_of(lambda: net(x, "reshape"))[0].startswith(
        "in net (Net()); shapes so far: x 5x2 -> body.0 Linear 5x8"
    )


def test_the_note_says_no_more_than_is_known() -> None:
    nn = minigrad.nn
    same = nn.Linear(2, 3)
    model, x = nn.Sequential(same, nn.Flatten(), same), minigrad.ones(5, 2)
    assert notes_of(lambda: model(x)) == ["in model.0 or .2 (Linear(2, 3)); shapes so far: x 5x2 -> 0 Linear 5x3"]
    with minigrad.no_grad():
        assert notes_of(lambda: model(x)) == ["in model.0 or .2 (Linear(2, 3)); shapes so far: x 5x2 -> ... 5x3"]
    models = [model]
    assert notes_of(lambda: models[0](x))[0].startswith("in Sequential.0 or .2 (Linear(2, 3))")


def test_the_note_names_the_parts_of_a_convolutional_model() -> None:
    nn = minigrad.nn
    body = nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
    cnn, images = nn.Sequential(*body, nn.Linear(9, 2)), minigrad.ones(2, 1, 28, 28)
    way = "images 2x1x28x28 -> 0 Conv2d 2x8x26x26 -> 1 BatchNorm2d 2x8x26x26 -> 2 ReLU 2x8x26x26"
    way += " -> 3 MaxPool2d 2x8x13x13 -> reshape 2x1352"
    assert notes_of(lambda: cnn(images)) == [f"in cnn.5 (Linear(9, 2)); shapes so far: {way}"]


def test_the_note_names_no_layer_whose_parameters_are_frozen() -> None:
    net, x = Net(), minigrad.ones(5, 2)
    net.body[0].requires_grad_(False)
    way = "x 5x2 -> body.1.1 Linear 5x6 -> relu 5x6 -> slice 5x5"
    assert notes_of(lambda: net(x)) == [f"in net.head (Linear(6, 3)); shapes so far: {way}"]


def test_the_note_of_a_loss_and_of_named_arguments() -> None:
    loss_fn, output, target = minigrad.nn.CrossEntropyLoss(), minigrad.ones(5, 3), minigrad.zeros(4).long()
    notes = ["in loss_fn (CrossEntropyLoss()); shapes so far: output 5x3, target 4 int64"]
    assert notes_of(lambda: loss_fn(output, target)) == notes
    assert notes_of(lambda: loss_fn(output, target=target)) == notes


def test_an_error_that_was_caught_or_is_the_users_own() -> None:
    class Careful(Net):
        def forward(self, x: Any, wrong: str = "") -> Any:
            try:
                return super().forward(x)
            except RuntimeError:
                if wrong:
                    raise ValueError("mine") from None
                return x

    net, x = Careful(), minigrad.ones(5, 2)
    assert net(x) is x
    assert notes_of(lambda: net(x, "own")) == ["in net (Careful()); shapes so far: x 5x2"]


def test_hooks_are_called_whether_they_were_there_before_or_not() -> None:
    layer, seen = minigrad.nn.Linear(2, 1), []
    layer(minigrad.ones(2))
    handle = layer.register_forward_hook(lambda *_: seen.append("after"))
    layer.register_forward_pre_hook(lambda *_: seen.append("before"))
    layer(minigrad.ones(2))
    handle.remove()
    layer(minigrad.ones(2))
    assert seen == ["before", "after", "before"]


# Steps without a gradient -----------------------------------------------------------------------------------


def made() -> tuple[Any, Any, Any]:
    model = minigrad.nn.Linear(2, 1)
    return model, minigrad.optim.SGD(model.parameters(), lr=0.1), minigrad.ones(1, 2)


def cleared_too_late() -> None:
    model, optimizer, x = made()
    for _ in range(3):
        loss = model(x).sum()
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()


def too_early() -> None:
    model, optimizer, x = made()
    for _ in range(2):
        optimizer.zero_grad()
        loss = model(x).sum()
        optimizer.step()
        loss.backward()


def not_called() -> None:
    model, optimizer, x = made()
    loss = model(x).sum()
    loss.backward  # noqa: B018
    optimizer.step()


def of_another_model() -> None:
    model, optimizer, x = made()
    new_model = minigrad.nn.Linear(2, 1)
    new_model(x).sum().backward()
    optimizer.step()
    assert model.weight.grad is None


def frozen() -> None:
    model, optimizer, _ = made()
    model.requires_grad_(False)
    optimizer.step()


STEPS = {
    cleared_too_late: ["cleared after backward()", "optimizer.zero_grad()", "zero_grad() before backward()"],
    too_early: ["backward() comes after step()", "loss.backward()"],
    not_called: ["backward is not called", "Write loss.backward()"],
    of_another_model: ["`new_model`", "another model"],
    frozen: ["None of them requires grad"],
}


@pytest.mark.parametrize("loop", STEPS, ids=lambda loop: loop.__name__)
def test_a_step_without_gradients_warns_once_and_says_why(loop: Callable[[], None]) -> None:
    with pytest.warns(UserWarning, match="changed nothing") as caught:
        loop()
    assert len(caught) == 1
    message = str(caught[0].message)
    assert message.startswith("SGD.step() changed nothing: no parameter has a gradient.")
    assert [word for word in STEPS[loop] if word not in message] == []
    assert caught[0].filename == __file__


def test_a_missing_backward_is_told_where_no_line_of_the_file_calls_it(tmp_path: Path) -> None:
    program = tmp_path / "lesson.py"
    program.write_text(
        "import minigrad as torch\n"
        "p = torch.ones(2, requires_grad=True)\n"
        "optimizer = torch.optim.Adam([p])\n"
        "for _ in range(3):\n"
        "    loss = (p * p).sum()\n"
        "    optimizer.step()\n"
    )
    ended = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=600)
    assert ended.stderr.count("UserWarning") == 1
    assert f"{program}:6: UserWarning: Adam.step() changed nothing" in ended.stderr
    assert "Likely loss.backward() is missing" in ended.stderr


def test_a_step_with_some_gradients_does_not_warn() -> None:
    p, q = (minigrad.ones(2, requires_grad=True) for _ in range(2))
    optimizer = minigrad.optim.SGD([{"params": [p]}, {"params": [q]}], lr=0.1)
    q.sum().backward()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.step()


# Backward without a graph -----------------------------------------------------------------------------------

MODEL, X = minigrad.nn.Linear(2, 3), minigrad.ones(4, 2)
TARGET = minigrad.zeros(4, 3)


def under_no_grad() -> None:
    with minigrad.no_grad():
        output = MODEL(X)
    loss = functional.mse_loss(output, TARGET)
    loss.backward()


@minigrad.no_grad()
def in_a_decorated_function() -> None:
    loss = MODEL(X).sum()
    loss.backward()


def by_item() -> None:
    loss = functional.mse_loss(MODEL(X), TARGET)
    total = minigrad.tensor(loss.item())
    total.backward()


def by_tensor() -> None:
    output = MODEL(X).sum()
    loss = minigrad.tensor([output, 1.0]).sum()
    loss.backward()


def by_detach() -> None:
    output = MODEL(X).detach()
    loss = functional.mse_loss(output, minigrad.tensor(TARGET.tolist()))
    loss.backward()


def by_data() -> None:
    loss = functional.mse_loss(MODEL(X).data, TARGET)
    loss.backward()


def by_argmax() -> None:
    guess = MODEL(X).argmax(1)
    loss = (guess.float() - 1).pow(2).mean()
    loss.backward()


def by_a_comparison() -> None:
    output = MODEL(X)
    accuracy = (output > 0).float().mean()
    accuracy.backward()


def by_numpy() -> None:
    array = MODEL(X).detach().numpy()
    loss = minigrad.from_numpy(array).sum()
    loss.backward()


def frozen_model() -> None:
    model = minigrad.nn.Linear(2, 3).requires_grad_(False)
    loss = model(X).sum()
    loss.backward()


def in_one_expression() -> None:
    MODEL(X).detach().sum().backward()


CUTS = {
    under_no_grad: ["output = MODEL(X)", "under no_grad"],
    in_a_decorated_function: ["loss = MODEL(X).sum()", "under no_grad"],
    by_item: ["total = minigrad.tensor(loss.item())", "tensor() copies"],
    by_tensor: ["loss = minigrad.tensor([output, 1.0]).sum()", "tensor() copies"],
    by_detach: ["output = MODEL(X).detach()", ".detach()"],
    by_data: ["loss = functional.mse_loss(MODEL(X).data, TARGET)", ".data"],
    by_argmax: ["guess = MODEL(X).argmax(1)", ".argmax() has no derivative"],
    by_a_comparison: ["accuracy = (output > 0).float().mean()", "a comparison has no derivative"],
    by_numpy: ["array = MODEL(X).detach().numpy()"],
    frozen_model: ["loss = model(X).sum()", "no parameter of model requires grad"],
    in_one_expression: [".detach()"],
}


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.__name__)
def test_backward_says_where_the_graph_was_likely_cut(cut: Callable[[], None]) -> None:
    with pytest.raises(RuntimeError, match=r"^element 0 of tensors does not require grad") as info:
        cut()
    said = str(info.value)
    assert [word for word in [f"Likely cut at {__file__}:", *CUTS[cut]] if word not in said] == []


def test_backward_says_nothing_of_a_cut_that_is_none() -> None:
    """The target is made by tensor(), and nothing that requires grad is in sight."""
    a = minigrad.ones(3)
    loss = functional.mse_loss(a, minigrad.tensor([1.0, 2.0, 3.0]))
    with pytest.raises(RuntimeError) as info:
        loss.backward()
    assert "Likely" not in str(info.value)


def test_a_cause_that_cannot_be_read_is_not_told() -> None:
    program = "def f(loss):\n    loss.backward()\n"
    names: dict[str, Any] = {}
    exec(compile(program, "<nowhere>", "exec"), names)
    with pytest.raises(RuntimeError, match="does not require grad") as info:
        names["f"](minigrad.ones(2).sum())
    assert "Likely" not in str(info.value)
    with pytest.raises(TypeError, match="NoneType"):
        minigrad.relu(None)


# What it costs ----------------------------------------------------------------------------------------------


def test_a_layer_that_works_costs_what_its_forward_costs() -> None:
    layer, x = minigrad.nn.Linear(2, 1), minigrad.ones(4, 2)
    assert executed_by(lambda: layer(x)) - executed_by(lambda: layer.forward(x)) < 30

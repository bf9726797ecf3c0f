"""Modules: the same code run with PyTorch and with minigrad gives the same forms, names, errors and numbers."""

import copy
import pickle
import re
from collections import OrderedDict
from types import SimpleNamespace

import numpy as np
import pytest
from engines import ENGINES, torch
from same_draws import agree, bits, in_step

import minigrad


def plain(x):
    """A result as something that == compares: tensors as dtype, shape, bytes and requires_grad."""
    if isinstance(x, (torch.Tensor, minigrad.Tensor)):
        return "Parameter" in type(x).__name__, *bits(x), x.requires_grad
    if isinstance(x, dict):
        return {key: plain(value) for key, value in x.items()}, list(x)
    if isinstance(x, (list, tuple)):
        return [plain(each) for each in x]
    return x


def same(scenario, *args):
    """A scenario gives the same with both libraries; what it gave with minigrad."""
    results = []
    for lib in ENGINES:
        lib.manual_seed(0)
        results.append(scenario(lib, *args))
    assert plain(results[1]) == plain(results[0])
    return results[1]


def error_of(call, *args, **kwargs):
    """The type and the words of the error that a call raises."""
    with pytest.raises(Exception) as info:  # noqa: PT011 - the caller compares type and words
        call(*args, **kwargs)
    return type(info.value).__name__, in_words(info.value)


def in_words(error):
    """The words of an error, with both libraries called torch, and classes by their names without the module.

    PyTorch names torch.nn.Buffer, which minigrad has not.
    """
    words = str(error).replace("minigrad.", "torch.").replace("torch.nn.Buffer, ", "")
    return re.sub(r"'torch\.[\w.]*?(\w+)'", r"'\1'", words)


def numbers(lib, *shape, dtype="float32", start=0.0):
    """Numbers without a pattern of their own, the same in both libraries."""
    array = np.sin(np.arange(np.prod(shape, dtype=int)) * 1.7 + start).reshape(shape)
    return lib.from_numpy(array.astype(dtype))


def scaled(lib):
    """A module with parameters, buffers and parts, named in an order of its own."""

    class Scaled(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.second = lib.nn.Linear(3, 2)
            self.scale = lib.nn.Parameter(lib.ones(3))
            self.register_buffer("mean", lib.zeros(3))
            self.first = lib.nn.Sequential(lib.nn.Linear(3, 3, bias=False), lib.nn.ReLU())
            self.absent = None
            self.register_parameter("offset", None)
            self.register_buffer("cache", lib.arange(2), persistent=False)
            self.register_module("nothing", None)

        def forward(self, x):
            return self.second(self.first(x * self.scale - self.mean))

    return Scaled()


def small(lib):
    return lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.Tanh(), lib.nn.Linear(4, 2))


# Printed forms ----------------------------------------------------------------------------------------------


def custom(lib):
    class Wide(lib.nn.Module):
        def extra_repr(self):
            return "first=1\nsecond=2"

    class Whole(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.wide = Wide()
            self.number = 3
            self.weight = lib.nn.Parameter(lib.ones(2))
            self.parts = lib.nn.ModuleList([lib.nn.Linear(2, 2) for _ in range(3)] + [Wide(), Wide(), lib.nn.ReLU()])
            self.gone = lib.nn.Identity()
            self.gone = None

        def extra_repr(self):
            return f"number={self.number}"

    return Whole()


PRINTED = {
    "linear": lambda lib: lib.nn.Linear(2, 3),
    "linear without bias": lambda lib: lib.nn.Linear(2, 3, bias=False),
    "nested": lambda lib: lib.nn.Sequential(lib.nn.Sequential(lib.nn.Linear(1, 2), lib.nn.ReLU()), lib.nn.Flatten()),
    "named": lambda lib: lib.nn.Sequential(OrderedDict(hidden=lib.nn.Linear(1, 2), act=lib.nn.ReLU(inplace=True))),
    "empty sequential": lambda lib: lib.nn.Sequential(),
    "empty list": lambda lib: lib.nn.ModuleList(),
    "list of one": lambda lib: lib.nn.ModuleList([lib.nn.ReLU()]),
    "repeated": lambda lib: lib.nn.ModuleList([lib.nn.Linear(2, 2) for _ in range(4)] + [lib.nn.Tanh()]),
    "repeated blocks": lambda lib: lib.nn.ModuleList([small(lib) for _ in range(2)]),
    "layers": lambda lib: lib.nn.ModuleList(
        [lib.nn.Dropout(0.2), lib.nn.Softmax(dim=1), lib.nn.LogSoftmax(dim=-1), lib.nn.Flatten(0, 1)]
    ).extend([lib.nn.Sigmoid(), lib.nn.Tanh(), lib.nn.Identity(3, a=4), lib.nn.Softmax(), lib.nn.LogSoftmax()]),
    "losses": lambda lib: lib.nn.ModuleList(
        [lib.nn.MSELoss(), lib.nn.L1Loss(reduction="sum"), lib.nn.BCELoss(), lib.nn.BCEWithLogitsLoss()]
    ).extend([lib.nn.CrossEntropyLoss(label_smoothing=0.1), lib.nn.NLLLoss()]),
    "custom": custom,
    "with buffers": scaled,
    "bare": lambda lib: lib.nn.Module(),
    "parameter": lambda lib: lib.nn.Parameter(lib.ones(2, 2)),
    "frozen parameter": lambda lib: lib.nn.Parameter(lib.arange(3), requires_grad=False),
}


@pytest.mark.parametrize("name", PRINTED)
def test_printed(name):
    text = same(lambda lib: repr(PRINTED[name](lib)))
    assert text
    assert "object at" not in text


# Names, order, sharing --------------------------------------------------------------------------------------


def shared(lib):
    model = lib.nn.Sequential(lib.nn.Linear(2, 2), lib.nn.Linear(2, 2), lib.nn.ReLU())
    model[1].weight = model[0].weight
    model.append(model[2])
    model.register_buffer("seen", lib.ones(1))
    model[0].register_buffer("seen", model.seen)
    return model


@pytest.mark.parametrize("make", [small, scaled, shared, custom], ids=lambda make: make.__name__)
@pytest.mark.parametrize("remove_duplicate", [True, False])
@pytest.mark.parametrize("prefix", ["", "net"])
def test_names(make, remove_duplicate, prefix):
    def names(lib):
        model = make(lib)
        options = {"prefix": prefix, "remove_duplicate": remove_duplicate}
        return {
            "parameters": list(model.named_parameters(**options)),
            "own parameters": list(model.named_parameters(recurse=False, **options)),
            "buffers": list(model.named_buffers(**options)),
            "own buffers": list(model.named_buffers(recurse=False, **options)),
            "modules": [(name, type(part).__name__) for name, part in model.named_modules(**options)],
            "children": [(name, type(part).__name__) for name, part in model.named_children()],
            "unnamed": [list(model.parameters()), list(model.buffers()), list(model.parameters(recurse=False))],
            "counts": [len(list(model.modules())), len(list(model.children()))],
        }

    assert same(names)["parameters"]


def test_lookup_by_dotted_name():
    def looked_up(lib):
        model = scaled(lib)
        return [
            model.get_submodule("") is model,
            model.get_submodule("first.0") is model.first[0],
            model.get_parameter("first.0.weight") is model.first[0].weight,
            error_of(model.get_submodule, "first.7"),
            error_of(model.get_submodule, "scale"),
            error_of(model.get_parameter, "first.0"),
            error_of(model.get_parameter, "first.0.nothing")[0],
        ]

    same(looked_up)


# Registering ------------------------------------------------------------------------------------------------

REGISTERING_ERRORS = {
    "parameter name": lambda m, _lib: m.register_parameter(3, None),
    "parameter with a dot": lambda m, _lib: m.register_parameter("a.b", None),
    "parameter without a name": lambda m, _lib: m.register_parameter("", None),
    "parameter that exists": lambda m, _lib: m.register_parameter("forward", None),
    "parameter that is no tensor": lambda m, _lib: m.register_parameter("a", 3.0),
    "buffer name": lambda m, _lib: m.register_buffer(None, None),
    "buffer with a dot": lambda m, _lib: m.register_buffer("a.b", None),
    "buffer without a name": lambda m, _lib: m.register_buffer("", None),
    "buffer that exists": lambda m, _lib: m.register_buffer("scale", None),
    "buffer that is no tensor": lambda m, _lib: m.register_buffer("a", [1]),
    "module name": lambda m, lib: m.add_module(3, lib.nn.ReLU()),
    "module with a dot": lambda m, lib: m.add_module("a.b", lib.nn.ReLU()),
    "module without a name": lambda m, lib: m.add_module("", lib.nn.ReLU()),
    "module that exists": lambda m, lib: m.add_module("mean", lib.nn.ReLU()),
    "module that is none": lambda m, _lib: m.add_module("a", 3),
    "number for a parameter": lambda m, _lib: setattr(m, "scale", 3.0),
    "number for an absent parameter": lambda m, _lib: setattr(m, "offset", 3.0),
    "number for a module": lambda m, _lib: setattr(m, "first", 3.0),
    "number for a buffer": lambda m, _lib: setattr(m, "mean", 3.0),
    "no such attribute": lambda m, _lib: m.nonsense,
    "no such attribute to delete": lambda m, _lib: delattr(m, "nonsense"),
    "mode": lambda m, _lib: m.train("yes"),
    "integer dtype": lambda m, lib: m.to(lib.int64),
    "dropout": lambda _m, lib: lib.nn.Dropout(1.5),
    "index": lambda m, _lib: m.first[2],
    "negative index": lambda m, _lib: m.first[-3],
}


def state_of(model):
    """Everything that an error might have changed."""
    parts = [(name, type(part).__name__, part.training) for name, part in model.named_modules()]
    own = [list(model._parameters), list(model._buffers), list(model._modules), sorted(vars(model))]
    return plain([parts, own, list(model.named_parameters()), list(model.named_buffers())])


@pytest.mark.parametrize("name", REGISTERING_ERRORS)
def test_registering_errors_change_nothing(name):
    def attempt(lib):
        model = scaled(lib)
        before = state_of(model)
        error = error_of(REGISTERING_ERRORS[name], model, lib)
        assert state_of(model) == before
        return error

    same(attempt)


def test_a_tensor_is_no_parameter():
    def attempt(lib):
        model = scaled(lib)
        before = state_of(model)
        errors = [
            error_of(setattr, model, "scale", lib.ones(3)),
            error_of(model.register_parameter, "other", lib.ones(3)),
            error_of(setattr, model, "first", lib.ones(3)),
            error_of(setattr, model, "scale", lib.nn.ReLU()),
        ]
        assert state_of(model) == before
        return [(kind, words.removesuffix(". Write nn.Parameter(...) around it")) for kind, words in errors]

    same(attempt)


def test_assignment_before_init():
    def attempt(lib):
        class Early(lib.nn.Module):
            def __init__(self, value):
                self.part = value
                super().__init__()

        errors = [error_of(Early, lib.nn.Parameter(lib.ones(1))), error_of(Early, lib.nn.ReLU())]
        advice = ". Write super().__init__() in the first line of Early.__init__"
        return [(kind, words.removesuffix(advice)) for kind, words in errors]

    same(attempt)


def test_assigning_and_deleting():
    def steps(lib):
        model = scaled(lib)
        seen = []

        def look():
            seen.append([list(model.named_parameters()), list(model.named_buffers()), list(model.state_dict())])
            seen.append([name for name, _ in model.named_children()])

        model.scale = None
        look()
        model.scale = lib.nn.Parameter(lib.zeros(2))
        look()
        model.mean = lib.ones(2)
        look()
        model.mean = None
        look()
        model.first = None
        look()
        model.absent = lib.nn.Parameter(lib.ones(1))
        look()
        model.plain = 3
        del model.plain, model.second, model.scale, model.mean, model.cache
        look()
        model.register_buffer("cache", lib.ones(1))
        look()
        model.scale = lib.ones(1)
        look()
        seen.append([hasattr(model, name) for name in ("plain", "second", "offset", "nothing")])
        seen.append("first" in dir(model))
        return seen

    same(steps)


def test_a_parameter_takes_the_place_of_another_kind():
    def steps(lib):
        model = scaled(lib)
        model.second = lib.nn.Parameter(lib.ones(1))
        model.mean = lib.nn.ReLU()
        model.cache = lib.nn.Parameter(lib.zeros(1))
        model.first = lib.nn.Tanh()
        model.__dict__["plain"] = 1
        model.plain = lib.nn.Sigmoid()
        assert "plain" not in vars(model)
        return [list(model.state_dict()), repr(model), list(model.named_parameters())]

    same(steps)


def test_forward_is_missing():
    def attempt(lib):
        class Without(lib.nn.Module):
            pass

        kind, words = error_of(Without(), 1)
        return kind, words.removesuffix(". Define it: def forward(self, ...)")

    same(attempt)


# Containers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Sequential", "ModuleList"])
def test_containers_as_lists(kind):
    def steps(lib):
        nn = lib.nn
        parts = [nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2), nn.Tanh()]
        model = nn.Sequential(*parts) if kind == "Sequential" else nn.ModuleList(parts)
        seen = [
            len(model),
            model[1] is parts[1],
            model[-1] is parts[3],
            [part is model[i] for i, part in enumerate(model)],
        ]
        seen += [repr(model[1:3]), repr(model[::-2]), type(model[:2]).__name__, repr(model[4:])]
        model[1] = nn.Sigmoid()
        seen.append(repr(model))
        model.append(nn.Identity()).insert(1, nn.Flatten())
        seen += [repr(model), list(model.state_dict())]
        del model[0]
        seen.append(repr(model))
        del model[1:3]
        seen.append(repr(model))
        model.extend([nn.ReLU(), nn.Softmax(dim=0)])
        seen += [repr(model), error_of(lambda: model[9]), error_of(lambda: model[-9])]
        seen.append(repr(model + type(model)(nn.ReLU()) if kind == "Sequential" else model + (nn.ReLU(),)))
        return seen

    same(steps)


def test_sequential_keeps_names_when_sliced():
    def steps(lib):
        model = lib.nn.Sequential(OrderedDict(a=lib.nn.Linear(2, 2), b=lib.nn.ReLU(), c=lib.nn.Tanh()))
        return [repr(model[1:]), list(model[:1].state_dict()), model.b is model[1], model[:1][0] is model.a]

    same(steps)


def test_module_list_has_no_forward():
    assert same(lambda lib: error_of(lib.nn.ModuleList([lib.nn.ReLU()]), 1)[0]) == "NotImplementedError"


# Saving and loading -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [small, scaled, shared, custom], ids=lambda make: make.__name__)
def test_state_dict(make):
    def states(lib):
        model = make(lib)
        kept = model.state_dict(keep_vars=True)
        named = dict(model.named_parameters())
        assert all(kept[name] is p for name, p in named.items())
        return [model.state_dict(), model.state_dict(prefix="net."), kept]

    same(states)


def test_state_dict_shares_memory():
    def shares(lib):
        model = small(lib)
        with lib.no_grad():
            model.state_dict()["0.bias"].fill_(7)
        return model[0].bias

    assert (same(shares).detach().array == 7).all()


def changed_keys(lib, change):
    state = scaled(lib).state_dict()
    changes = {
        "missing": lambda: state.pop("first.0.weight"),
        "missing two": lambda: (state.pop("scale"), state.pop("mean")),
        "unexpected": lambda: state.update(other=lib.ones(1), **{"first.9.weight": lib.ones(1)}),
        "not saved": lambda: state.update(cache=lib.ones(2)),
        "misshapen": lambda: state.update(scale=lib.ones(4)),
        "misshapen two": lambda: state.update({"scale": lib.ones(2, 3), "second.weight": lib.ones(3, 2)}),
        "size one": lambda: state.update(scale=lib.ones(1)),
        "0-d": lambda: state.update(scale=lib.tensor(1.0)),
        "all at once": lambda: (state.pop("mean"), state.update({"x": lib.ones(1), "second.bias": lib.ones(5)})),
    }
    changes[change]()
    for tensor in state.values():
        tensor += 1
    return state


CHANGES = ["missing", "missing two", "unexpected", "not saved", "misshapen", "misshapen two", "size one", "0-d"]


@pytest.mark.parametrize("change", [*CHANGES, "all at once"])
@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("assign", [False, True])
def test_load_state_dict_with_other_keys(change, strict, assign):
    def load(lib):
        model = scaled(lib)
        before = [plain(model.state_dict()), [id(p) for p in model.parameters()]]
        try:
            answer = model.load_state_dict(changed_keys(lib, change), strict=strict, assign=assign)
        except RuntimeError as error:
            if lib is minigrad:  # PyTorch loads what it can and then raises
                assert [plain(model.state_dict()), [id(p) for p in model.parameters()]] == before
            return in_words(error)
        return repr(answer), answer.missing_keys, answer.unexpected_keys, model.state_dict(keep_vars=True)

    same(load)


def test_load_state_dict_of_something_else():
    def attempt(lib):
        model = small(lib)
        before = plain(model.state_dict())
        state = model.state_dict()
        state["0.bias"] = 3.0
        errors = [error_of(model.load_state_dict, [1]), error_of(model.load_state_dict, state)[0]]
        assert plain(model.state_dict()) == before
        return errors

    same(attempt)


@pytest.mark.parametrize("assign", [False, True])
def test_load_state_dict_copies_or_takes_over(assign):
    def load(lib):
        model, other = scaled(lib), scaled(lib)
        model.scale.requires_grad_(False)
        own, saved = dict(model.named_parameters()), other.state_dict()
        answer = model.load_state_dict(saved, assign=assign)
        same_objects = [model.get_parameter(name) is p for name, p in own.items()]
        with lib.no_grad():
            other.scale.fill_(5)
            other.mean.fill_(6)
        return [str(answer), repr(answer), same_objects, model.state_dict(keep_vars=True), list(own.values())]

    same(load)


def test_load_state_dict_converts_the_dtype():
    def load(lib, assign):
        model = small(lib)
        model.load_state_dict(small(lib).double().state_dict(), assign=assign)
        return list(model.parameters())

    assert all(p.dtype == minigrad.float32 for p in same(load, False))
    assert all(p.dtype == minigrad.float64 for p in same(load, True))


def test_a_parameter_that_was_loaded_cannot_be_differentiated_through():
    """The values that backward would need are gone."""

    def attempt(lib):
        model = lib.nn.Sequential(lib.nn.Linear(2, 2), lib.nn.Linear(2, 1))
        loss = model(numbers(lib, 3, 2)).sum()
        model.load_state_dict(model.state_dict())
        return error_of(loss.backward)[0]

    assert same(attempt) == "RuntimeError"


# Modes, apply, gradients, dtypes ----------------------------------------------------------------------------


def test_train_and_eval():
    def modes(lib):
        model = scaled(lib)
        seen = []
        for change in (model.eval, model.train, lambda: model.train(False), lambda: model.first.train()):
            returned = change()
            seen.append([returned is model, [part.training for part in model.modules()]])
        return seen

    same(modes)


def test_apply_goes_from_the_inside_out():
    def order(lib):
        seen = []
        model = lib.nn.Sequential(scaled(lib), lib.nn.ReLU())
        returned = model.apply(lambda part: seen.append(type(part).__name__))
        return [seen, returned is model]

    assert same(order)[0][-1] == "Sequential"


def test_requires_grad_():
    def frozen(lib):
        model = scaled(lib)
        model.first.requires_grad_(False)
        model(numbers(lib, 2, 3)).sum().backward()
        seen = [(name, p.requires_grad, p.grad is None) for name, p in model.named_parameters()]
        returned = model.requires_grad_()
        return [seen, returned is model, [p.requires_grad for p in model.parameters()]]

    same(frozen)


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad(set_to_none):
    def zeroed(lib):
        model = small(lib)
        model[2].requires_grad_(False)
        model(numbers(lib, 2, 3)).sum().backward()
        held = model[0].weight.grad
        before = held.clone()
        model.zero_grad(set_to_none=set_to_none)
        grads = [p.grad for p in model.parameters()]
        return [len(before) == 4, (held == before).all().item(), held is grads[0], grads]

    same(zeroed)


@pytest.mark.parametrize(
    "convert",
    [
        lambda model, lib: model.to(lib.float64),
        lambda model, lib: model.to(dtype=lib.float64),
        lambda model, lib: model.to("cpu", lib.float64),
        lambda model, _lib: model.to("cpu"),
        lambda model, lib: model.to(lib.zeros(1, dtype=lib.float64)),
        lambda model, _lib: model.double(),
        lambda model, _lib: model.half(),
        lambda model, _lib: model.double().float(),
        lambda model, _lib: model.cpu(),
    ],
)
def test_to_keeps_the_parameters(convert):
    def converted(lib):
        model = scaled(lib)
        model(numbers(lib, 2, 3)).sum().backward()
        before = list(model.parameters())
        returned = convert(model, lib)
        kept = [a is b for a, b in zip(before, model.parameters())]
        gradients = [p.grad.dtype == p.dtype for p in model.parameters()]
        return [returned is model, kept, gradients, model.state_dict(keep_vars=True), model.cache]

    same(converted)


@pytest.mark.parametrize("optimizer", ["SGD", "AdamW"])
def test_to_keeps_optimizers_working(optimizer):
    def trained(lib):
        model = small(lib)
        steps = getattr(lib.optim, optimizer)(model.parameters(), lr=0.1)
        model.double()
        for i in range(5):
            steps.zero_grad()
            (model(numbers(lib, 4, 3, dtype="float64", start=i)) ** 2).mean().backward()
            steps.step()
        return model

    reference, model = (trained_from_seed(lib, trained) for lib in ENGINES)
    close(model, reference, 1e-12)


def trained_from_seed(lib, train):
    lib.manual_seed(0)
    return train(lib)


def close(model, reference, tolerance):
    """Two models' states are equal but for rounding."""
    state, expected = model.state_dict(), reference.state_dict()
    assert list(state) == list(expected)
    for name, tensor in expected.items():
        assert state[name].array.dtype == tensor.numpy().dtype
        np.testing.assert_allclose(state[name].array, tensor.numpy(), rtol=tolerance, atol=tolerance, err_msg=name)


# Hooks ------------------------------------------------------------------------------------------------------


def test_forward_hooks():
    def steps(lib):
        layer = lib.nn.Linear(2, 2)
        seen = []

        def note(label, result=None):
            def hook(module, args, *more):
                seen.append([label, module is layer, len(args), len(more)])
                return result(args, *more) if result else None

            return hook

        handles = [
            layer.register_forward_hook(note("after")),
            layer.register_forward_hook(note("doubling", lambda args, output: output * 2)),
            layer.register_forward_hook(note("first"), prepend=True),
            layer.register_forward_pre_hook(note("before")),
            layer.register_forward_pre_hook(note("shifting", lambda args: args[0] + 1)),
            layer.register_forward_pre_hook(note("tupled", lambda args: (args[0] * 3,)), prepend=True),
        ]
        outputs = [layer(numbers(lib, 3, 2))]
        for handle in handles:
            handle.remove()
            handle.remove()
            outputs.append(layer(numbers(lib, 3, 2)))
        with layer.register_forward_hook(note("within")):
            layer(numbers(lib, 3, 2))
        layer(numbers(lib, 3, 2))
        return [seen, [bool((a == outputs[-1]).all()) for a in outputs], [tuple(a.shape) for a in outputs]]

    seen, equal, _ = same(steps)
    assert [label for label, *_ in seen[:6]] == ["tupled", "before", "shifting", "first", "after", "doubling"]
    assert seen[-1][0] == "within"
    assert equal[0] is False
    assert equal[-1] is True


def test_forward_hooks_with_kwargs():
    def steps(lib):
        class Scale(lib.nn.Module):
            def forward(self, x, by=2, plus=0):
                return x * by + plus

        seen = []
        layer = Scale()

        def before(module, args, kwargs):
            seen.append(["before", len(args), dict(kwargs)])
            return args, {**kwargs, "plus": 10}

        def look(module, args, kwargs):
            seen.append(["look", len(args), dict(kwargs)])

        def after(module, args, kwargs, output):
            seen.append(["after", len(args), dict(kwargs)])
            return output + 100

        layer.register_forward_pre_hook(before, with_kwargs=True)
        layer.register_forward_pre_hook(look, with_kwargs=True)
        layer.register_forward_hook(after, with_kwargs=True)
        layer.register_forward_pre_hook(lambda module, args: (args[0] + 0.5,))
        return [layer(lib.ones(2), by=3), layer(lib.ones(2)), seen]

    same(steps)


def test_a_hook_that_returns_nonsense():
    def attempt(lib):
        layer = lib.nn.ReLU()
        layer.register_forward_pre_hook(lambda module, args, kwargs: 3, with_kwargs=True)
        return error_of(layer, lib.ones(1))

    same(attempt)


def test_a_hook_may_remove_itself():
    def steps(lib):
        layer, seen = lib.nn.ReLU(), []
        handle = layer.register_forward_hook(lambda *_: (seen.append(1), handle.remove())[:0] or None)
        layer.register_forward_hook(lambda *_: seen.append(2))
        layer(lib.ones(1))
        layer(lib.ones(1))
        return seen

    assert same(steps) == [1, 2, 2]


# Copies -----------------------------------------------------------------------------------------------------


def test_deepcopy():
    def copied(lib):
        model = shared(lib)
        model(numbers(lib, 3, 2)).sum().backward()
        twin = copy.deepcopy(model)
        with lib.no_grad():
            for p in model.parameters():
                p.fill_(9)
        model[0].weight.grad.fill_(9)
        tied = twin[0].weight is twin[1].weight, twin.seen is twin[0].seen, twin[0].weight is model[0].weight
        return [tied, twin.state_dict(keep_vars=True), [p.grad for p in twin.parameters()], repr(twin), twin.training]

    same(copied)


def test_deepcopy_of_a_parameter():
    def copied(lib):
        p = lib.nn.Parameter(numbers(lib, 3), requires_grad=False)
        q = copy.deepcopy(lib.nn.Parameter(numbers(lib, 3)))
        return [copy.deepcopy(p), q, q.is_leaf, type(q).__name__]

    same(copied)


class Pickled:
    """Built from library classes alone: pickle needs classes that it can import."""

    @staticmethod
    def model(lib):
        model = lib.nn.Sequential(small(lib), lib.nn.Dropout(0.3), lib.nn.ModuleList([lib.nn.ReLU()]))
        model.register_buffer("seen", lib.arange(3))
        model[0][0].weight.requires_grad_(False)
        model.tied = model[0][2].weight
        return model.eval()


def test_pickle():
    def pickled(lib):
        model = Pickled.model(lib)
        twin = pickle.loads(pickle.dumps(model))
        state = pickle.loads(pickle.dumps(model.state_dict()))
        tied = twin.tied is twin[0][2].weight
        modes = [part.training for part in twin.modules()]
        return [tied, modes, twin.state_dict(keep_vars=True), repr(twin), list(twin.named_parameters()), state]

    same(pickled)


# Initial weights --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 1234, 2**40 + 7])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", [(1, 1), (2, 3), (3, 5), (16, 1), (17, 16), (64, 33), (784, 10)])
def test_initial_weights_of_linear(seed, bias, dtype, sizes):
    def weight(lib):
        layer = lib.nn.Linear(*sizes, bias=bias, dtype=getattr(lib, dtype))
        assert (layer.bias is not None) is bias
        weight.layers[lib] = layer
        return layer.weight

    weight.layers = {}
    agree(seed, weight)
    if bias:
        assert bits(weight.layers[minigrad].bias) == bits(weight.layers[torch].bias)


def test_initial_weights_of_a_model():
    same(lambda lib: [scaled(lib).state_dict(), small(lib).state_dict(), custom(lib).state_dict()])
    in_step()


@pytest.mark.filterwarnings("ignore:Initializing zero-element:UserWarning")
def test_linear_without_features():
    def made(lib):
        layer = lib.nn.Linear(0, 3)
        return [layer.state_dict(), lib.nn.Linear(3, 0).state_dict(), layer(lib.ones(2, 0)).detach()]

    same(made)


INITS = {
    "uniform_": [{}, {"a": -2.0, "b": 3.0}],
    "normal_": [{}, {"mean": 1.0, "std": 0.02}],
    "constant_": [{"val": 0.3}],
    "ones_": [{}],
    "zeros_": [{}],
    "eye_": [{}],
    "kaiming_uniform_": [
        {},
        {"a": 5**0.5},
        {"mode": "fan_out", "nonlinearity": "relu"},
        {"nonlinearity": "tanh"},
        {"nonlinearity": "selu"},
    ],
    "kaiming_normal_": [{}, {"a": 0.2, "mode": "fan_out"}, {"nonlinearity": "relu"}, {"nonlinearity": "sigmoid"}],
    "xavier_uniform_": [{}, {"gain": 2.0}],
    "xavier_normal_": [{}, {"gain": 0.5}],
}
INIT_CASES = [(name, options) for name, several in INITS.items() for options in several]


@pytest.mark.parametrize(("name", "options"), INIT_CASES, ids=lambda x: str(x) if x else "plain")
@pytest.mark.parametrize("shape", [(2, 3), (5, 4), (17, 16), (40, 33)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_init(name, options, shape, dtype):
    def draw(lib):
        tensor = lib.nn.Parameter(lib.zeros(shape, dtype=getattr(lib, dtype)))
        assert getattr(lib.nn.init, name)(tensor, **options) is tensor
        assert tensor.requires_grad
        assert tensor.is_leaf
        return tensor

    agree(3, draw, draw)


@pytest.mark.parametrize("name", ["kaiming_uniform_", "xavier_normal_"])
def test_init_of_a_kernel(name):
    agree(5, lambda lib: getattr(lib.nn.init, name)(lib.empty(4, 3, 2, 5)))


@pytest.mark.parametrize("name", ["uniform_", "normal_", "kaiming_uniform_", "xavier_normal_"])
def test_init_with_a_generator(name):
    def drawn(lib):
        generator = lib.Generator()
        generator.manual_seed(11)
        return getattr(lib.nn.init, name)(lib.empty(4, 5), generator=generator)

    same(drawn)
    in_step()


def test_init_errors():
    def errors(lib):
        init = lib.nn.init
        tensor = lib.zeros(3)
        found = [
            error_of(init.eye_, tensor),
            error_of(init.kaiming_uniform_, tensor),
            error_of(init.xavier_normal_, tensor),
            error_of(init.kaiming_normal_, lib.zeros(2, 2), mode="fan_sideways"),
            error_of(init.calculate_gain, "cubic"),
        ]
        return [found, tensor]

    same(errors)


@pytest.mark.parametrize(
    "args",
    [("linear",), ("conv2d",), ("sigmoid",), ("tanh",), ("relu",), ("leaky_relu",), ("leaky_relu", 0.3), ("selu",)],
)
def test_calculate_gain(args):
    assert same(lambda lib: lib.nn.init.calculate_gain(*args)) > 0


# Dropout ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("shape", [(), (7,), (16,), (33, 10), (2, 3, 4)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("inplace", [False, True])
def test_dropout(p, shape, dtype, inplace):
    def dropped(lib):
        layer = lib.nn.Dropout(p, inplace=inplace)
        leaf = (numbers(lib, *shape, dtype=dtype) + 2).requires_grad_()
        x = leaf * 1
        output = layer(x)
        output.sum().backward()
        layer.eval()
        return [output.detach(), x.detach(), leaf.grad, layer(x) is x]

    same(dropped)
    in_step()


# Losses -----------------------------------------------------------------------------------------------------


def regression(lib, dtype):
    return numbers(lib, 4, 3, dtype=dtype), numbers(lib, 4, 3, dtype=dtype, start=1.0)


def probabilities(lib, dtype):
    return (x / 2.2 + 0.5 for x in regression(lib, dtype))


def classes(lib, dtype):
    return numbers(lib, 4, 3, dtype=dtype), lib.tensor([0, 2, 1, 1])


def weights(lib, dtype):
    return numbers(lib, 3, dtype=dtype) + 1.5


REDUCTIONS = [{}, {"reduction": "sum"}, {"reduction": "none"}]
WEIGHTED = [*REDUCTIONS, {"weight": weights}, {"weight": weights, "reduction": "sum"}]
INDEXED = [
    *WEIGHTED,
    {"weight": weights, "reduction": "none"},
    {"ignore_index": 1},
    {"ignore_index": 2, "weight": weights},
]
LOSSES = {
    "MSELoss": (regression, REDUCTIONS),
    "L1Loss": (regression, REDUCTIONS),
    "BCELoss": (probabilities, WEIGHTED),
    "BCEWithLogitsLoss": (
        probabilities,
        [*WEIGHTED, {"pos_weight": weights}, {"weight": weights, "pos_weight": weights}],
    ),
    "NLLLoss": (classes, INDEXED),
    "CrossEntropyLoss": (
        classes,
        [*INDEXED, {"label_smoothing": 0.1}, {"label_smoothing": 0.3, "weight": weights, "ignore_index": 0}],
    ),
}
LOSS_CASES = [(name, data, options) for name, (data, several) in LOSSES.items() for options in several]
TOLERANCE = {"float32": 3e-6, "float64": 1e-14}


@pytest.mark.parametrize(("name", "data", "options"), LOSS_CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_loss_modules(name, data, options, dtype):
    results = []
    for lib in ENGINES:
        loss = getattr(lib.nn, name)(**{k: v(lib, dtype) if callable(v) else v for k, v in options.items()})
        input, target = data(lib, dtype)
        input = input.requires_grad_()
        output = loss(input, target)
        (output * numbers(lib, *output.shape, dtype=dtype, start=2.0)).sum().backward()
        results.append([output.detach().numpy(), input.grad.numpy(), list(loss.state_dict()), repr(loss)])
    (value, gradient, *names), (expected, expected_gradient, *expected_names) = results[::-1]
    assert names == expected_names
    assert value.dtype == expected.dtype
    np.testing.assert_allclose(value, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
    np.testing.assert_allclose(gradient, expected_gradient, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


def test_losses_of_class_probabilities():
    def loss(lib):
        input, _ = regression(lib, "float64")
        target = lib.softmax(numbers(lib, 4, 3, dtype="float64", start=3.0), 1)
        return lib.nn.CrossEntropyLoss(label_smoothing=0.2)(input, target).item()

    assert loss(minigrad) == pytest.approx(loss(torch), rel=1e-14)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_refuse_an_unknown_reduction(name):
    def attempt(lib):
        kind, words = error_of(getattr(lib.nn, name)(reduction="median"), *LOSSES[name][0](lib, "float32"))
        return kind, words.split(":")[0]

    assert same(attempt) == ("ValueError", "median is not a valid value for reduction")


# Functional -------------------------------------------------------------------------------------------------

FUNCTIONS = {
    "relu": lambda F, x: F.relu(x),
    "relu in place": lambda F, x: F.relu(x, inplace=True),
    "relu_": lambda F, x: F.relu_(x),
    "sigmoid": lambda F, x: F.sigmoid(x),
    "tanh": lambda F, x: F.tanh(x),
    "softmax": lambda F, x: F.softmax(x, dim=1),
    "log_softmax": lambda F, x: F.log_softmax(x, dim=0),
    "linear": lambda F, x: F.linear(x, x * 2),
    "linear with bias": lambda F, x: F.linear(x, x * 2, x[:, 0]),
    "mse_loss": lambda F, x: F.mse_loss(x, x * 2),
    "l1_loss": lambda F, x: F.l1_loss(x, x * 2, reduction="sum"),
    "binary_cross_entropy": lambda F, x: F.binary_cross_entropy(F.sigmoid(x), F.sigmoid(2 * x).detach()),
    "binary_cross_entropy_with_logits": lambda F, x: F.binary_cross_entropy_with_logits(x, F.sigmoid(x).detach()),
    "cross_entropy": lambda F, x: F.cross_entropy(x, x.detach().argmax(1)),
    "nll_loss": lambda F, x: F.nll_loss(F.log_softmax(x, 1), x.detach().argmin(1)),
    "dropout in evaluation": lambda F, x: F.dropout(x, 0.3, training=False),
    "dropout": lambda F, x: F.dropout(x, 0.3),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    results = []
    for lib in ENGINES:
        lib.manual_seed(2)
        leaf = numbers(lib, 4, 3, dtype="float64").requires_grad_()
        output = FUNCTIONS[name](lib.nn.functional, leaf * 1)
        output.sum().backward()
        results.append((output.detach().numpy(), leaf.grad.numpy()))
    for value, expected in zip(*results[::-1]):
        assert value.shape == expected.shape
        np.testing.assert_allclose(value, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("ndim", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_without_a_dimension_warns(ndim, name):
    results = []
    for lib in ENGINES:
        with pytest.warns(UserWarning, match="Implicit dimension choice") as warned:
            results.append(getattr(lib.nn.functional, name)(numbers(lib, *[3] * ndim, dtype="float64")).numpy())
        assert warned[0].filename == __file__
    np.testing.assert_allclose(*results, rtol=1e-13, atol=1e-14)


def test_one_hot():
    def coded(lib):
        one_hot = lib.nn.functional.one_hot
        classes = lib.tensor([[0, 2], [1, 0]])
        return [
            one_hot(classes),
            one_hot(classes, 5),
            one_hot(lib.tensor(1)),
            one_hot(lib.tensor([], dtype=lib.int64), 2),
        ]

    same(coded)


def test_one_hot_errors():
    def errors(lib):
        one_hot = lib.nn.functional.one_hot
        return [
            error_of(one_hot, lib.tensor([-1]))[0],
            error_of(one_hot, lib.tensor([3]), 2)[0],
            error_of(one_hot, lib.tensor([], dtype=lib.int64))[0],
            error_of(one_hot, lib.tensor([1.0]))[0],
        ]

    same(errors)


def test_dropout_errors():
    same(lambda lib: error_of(lib.nn.functional.dropout, lib.ones(2), 1.5))


# Parameters -------------------------------------------------------------------------------------------------


def test_parameters():
    def made(lib):
        data = numbers(lib, 2, 3)
        p = lib.nn.Parameter(data)
        with lib.no_grad():
            p += 1
        empty = lib.nn.Parameter()
        frozen = lib.nn.Parameter(lib.arange(3), requires_grad=False)
        again = lib.nn.Parameter(p * 2)
        kinds = [type(x).__name__ for x in (p, p * 2, p.detach(), p.data, p.T)]
        with lib.no_grad():
            again_under_no_grad = lib.nn.Parameter(lib.ones(1))
        flags = [x.is_leaf for x in (p, again, frozen, p * 2)] + [isinstance(p, lib.Tensor)]
        return [data, p, tuple(empty.shape), empty.requires_grad, frozen, again, kinds, again_under_no_grad, flags]

    same(made)


def test_an_integer_parameter_cannot_require_grad():
    def attempt(lib):
        kind, words = error_of(lib.nn.Parameter, lib.arange(3))
        return kind, "floating point" in words

    assert same(attempt) == ("RuntimeError", True)


# Training ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "optimizer", [("SGD", {"lr": 0.1, "momentum": 0.9}), ("Adam", {"lr": 0.01}), ("AdamW", {"lr": 0.01})]
)
def test_training_in_step(optimizer):
    """A network with dropout, trained on batches that are shuffled each epoch."""
    name, options = optimizer

    def train(lib):
        nn = lib.nn
        model = nn.Sequential(
            nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 3)
        )
        model = model.double()
        x = numbers(lib, 60, 4, dtype="float64")
        target = (x.sum(1) > 0).long() + (x[:, 0] > 0.5).long()
        steps, loss_function, losses = (
            getattr(lib.optim, name)(model.parameters(), **options),
            nn.CrossEntropyLoss(),
            [],
        )
        for _ in range(10):
            for batch in lib.randperm(60).split(20):
                steps.zero_grad()
                loss = loss_function(model(x[batch]), target[batch])
                loss.backward()
                steps.step()
                losses.append(loss.item())
        return SimpleNamespace(model=model.eval(), losses=losses, output=model(x))

    reference, trained = (trained_from_seed(lib, train) for lib in ENGINES)
    np.testing.assert_allclose(trained.losses, reference.losses, rtol=1e-12)
    np.testing.assert_allclose(trained.output.detach().array, reference.output.detach().numpy(), rtol=1e-10, atol=1e-12)
    close(trained.model, reference.model, 1e-12)
    assert trained.losses[-1] < 0.8 * trained.losses[0]
    in_step()

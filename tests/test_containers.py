"""Containers as Python's lists and dicts, and the order in which modules keep what is assigned anew."""

from collections import OrderedDict

import pytest
from engines import ENGINES


def same(scenario):
    """A scenario gives the same, as it is printed, on both engines; what it gave on minigrad."""
    theirs, ours = (repr(scenario(engine.nn, engine)).replace("minigrad", "torch") for engine in ENGINES)
    assert ours == theirs
    return ours


def error_of(call):
    """The type and the words of the error that a call raises, without the names of modules' classes."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the caller compares type and words
        call()
    return caught.type.__name__, str(caught.value).partition("<class")[0].removesuffix(FORWARD_IS_MISSING)


FORWARD_IS_MISSING = ". Define it: def forward(self, ...)"
"""What minigrad's error says besides."""


def test_a_layer_put_in_anothers_place_is_computed_there():
    def replaced(nn, engine):
        model = nn.Sequential(nn.Identity(), nn.Tanh(), nn.ReLU())
        model[1] = nn.Sigmoid()
        model[0] = nn.Flatten()
        return model, model(engine.tensor([[-1.0, 0.0, 2.0]]))

    assert same(replaced).index("Sigmoid") < same(replaced).index("ReLU")


def test_parameters_keep_their_order_when_assigned_anew():
    def order(nn, engine):
        layer = nn.Linear(2, 3)
        layer.weight = nn.Parameter(engine.ones(3, 2))
        names = [name for name, _ in layer.named_parameters()]
        layer.load_state_dict({"bias": engine.ones(3), "weight": engine.zeros(3, 2)}, assign=True)
        return names, [name for name, _ in layer.named_parameters()], list(layer.state_dict())

    same(order)


def test_sums_and_products_of_sequentials():
    def combined(nn, _):
        first, second = nn.Sequential(nn.ReLU(), nn.Tanh()), nn.Sequential(OrderedDict(end=nn.Sigmoid()))
        seen = [first + second, second + first, first * 2, 3 * second, list((first * 2)._modules)]
        assert (first * 2)[0] is first[0]
        first += second
        seen.append(repr(first))
        first *= 2
        seen.append(repr(first))
        first.extend(nn.Sequential(nn.Tanh()))
        return [*seen, first, second]

    same(combined)


def test_sums_and_products_that_make_no_sense():
    def refused(nn, _):
        model = nn.Sequential(nn.ReLU())
        calls = [lambda: model + 3, lambda: model + [nn.ReLU()], lambda: model * 0, lambda: model * -1]
        calls += [lambda: model * 1.5, lambda: model.__iadd__(3), lambda: model.__imul__(0)]
        return [error_of(call) for call in calls], model

    same(refused)


@pytest.mark.parametrize("kind", ["Sequential", "ModuleList"])
def test_taking_out_and_putting_in(kind):
    def changed(nn, _):
        parts = [nn.ReLU(), nn.Tanh(), nn.Sigmoid()]
        model = nn.Sequential(*parts) if kind == "Sequential" else nn.ModuleList(parts)
        seen = [model.pop(0), repr(model), model.pop(-1), repr(model)]
        model += type(model)(nn.Identity()) if kind == "Sequential" else [nn.Identity()]
        seen.append(repr(model))
        model.insert(1, nn.Flatten())
        model.insert(3, nn.Softmax(0))
        return [*seen, model, error_of(lambda: model.pop(9)), [name for name in dir(model) if name.isdigit()]]

    same(changed)


def test_a_module_put_in_at_the_end_leaves_the_names_alone():
    def changed(nn, _):
        model = nn.Sequential(OrderedDict(first=nn.ReLU(), second=nn.Tanh()))
        model.insert(2, nn.Sigmoid())
        return model, list(model.state_dict()), [name for name, _ in model.named_children()]

    same(changed)


def test_what_a_sequential_refuses():
    def refused(nn, _):
        model = nn.Sequential(nn.ReLU())
        calls = [lambda: model.insert(5, nn.Tanh()), lambda: model.insert(-2, nn.Tanh()), lambda: model.insert(0, 3)]
        calls += [lambda: model.append(3), lambda: model.__setitem__(0, 3), lambda: model.__setitem__(4, nn.Tanh())]
        return [error_of(call) for call in calls], model

    same(refused)


def test_a_list_is_extended_by_what_can_be_iterated():
    same(lambda nn, _: error_of(lambda: nn.ModuleList([nn.ReLU()]).extend(3)))


def test_module_dict():
    def used(nn, engine):
        modules = nn.ModuleDict({"act": nn.ReLU(), "out": nn.Linear(2, 1)})
        seen = [modules, modules["act"], len(modules), list(modules), "act" in modules, "none" in modules]
        seen += [list(modules.keys()), list(modules.values()), list(modules.items())]
        seen += [[name for name, _ in modules.named_parameters()], list(modules.state_dict())]
        modules["late"] = nn.Tanh()
        modules["act"] = nn.Sigmoid()
        modules.update(nn.ModuleDict([("pair", nn.Identity())]))
        modules.update(OrderedDict(ordered=nn.Flatten()))
        del modules["late"]
        seen += [repr(modules), modules.pop("out"), modules.act(engine.tensor(0.0))]
        modules.clear()
        return [*seen, modules, nn.ModuleDict()]

    same(used)


def test_what_a_module_dict_refuses():
    def refused(nn, _):
        modules = nn.ModuleDict({"act": nn.ReLU()})
        calls = [lambda: modules["none"], lambda: modules.__setitem__("a.b", nn.ReLU()), lambda: modules.pop("none")]
        calls += [lambda: modules.__setitem__("x", 3), lambda: modules.__setitem__(3, nn.ReLU()), lambda: modules(1)]
        calls += [lambda: modules.update(3), lambda: modules.__setitem__("keys", nn.ReLU())]
        return [error_of(call) for call in calls], modules

    same(refused)


def test_buffers_by_dotted_name():
    def found(nn, engine):
        model = nn.Sequential(nn.Module())
        model[0].register_buffer("mean", engine.ones(2))
        model[0].plain = engine.ones(1)
        calls = [
            lambda: model.get_buffer("0.plain"),
            lambda: model.get_buffer("0.none"),
            lambda: model.get_buffer("1.x"),
        ]
        return model.get_buffer("0.mean"), [error_of(call) for call in calls]

    same(found)


def test_a_buffer_that_was_not_saved_is_saved_when_registered_anew():
    def names(nn, engine):
        seen = []
        for anew in (engine.ones(1), nn.Parameter(engine.ones(1)), nn.Linear(1, 1)):
            module = nn.Module()
            module.register_buffer("part", engine.ones(1), persistent=False)
            seen.append(list(module.state_dict()))
            if isinstance(anew, engine.Tensor) and not isinstance(anew, nn.Parameter):
                module.register_buffer("part", anew)
            else:
                module.part = anew
            seen.append(list(module.state_dict()))
        return seen

    same(names)


def test_unexpected_keys_are_listed_from_the_outside_in():
    def answered(nn, engine):
        model, one = nn.Sequential(nn.Linear(2, 1), nn.Linear(1, 1)), engine.ones(1)
        keys = ["1.q", "0.weight.x", "z", "0.x.y", "1.", "2.bias", "0"]
        return model.load_state_dict(dict.fromkeys(keys, one), strict=False)

    same(answered)

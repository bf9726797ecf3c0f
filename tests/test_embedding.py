"""Embedding: rows looked up by number, in both libraries alike."""

import numpy as np
import pytest
from engines import ENGINES, torch
from same_draws import bits, in_step
from test_normalization import check_close, in_both, numbers, saved

import minigrad

MADE = {
    "plain": lambda nn: nn.Embedding(5, 3),
    "padding": lambda nn: nn.Embedding(5, 3, padding_idx=0),
    "padding from the end": lambda nn: nn.Embedding(5, 3, padding_idx=-1),
    "float64": lambda nn: nn.Embedding(30, 4, dtype=nn.Parameter(nn.Linear(1, 1).weight.data.double()).dtype),
    "options": lambda nn: nn.Embedding(5, 3, max_norm=1.5, norm_type=1.0, scale_grad_by_freq=True),
}


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_form_and_initial_weight(make):
    made = []
    for lib in ENGINES:
        lib.manual_seed(3)
        layer = make(lib.nn)
        made.append((repr(layer), bits(layer.weight), layer.padding_idx, layer.weight.requires_grad))
    assert made[0] == made[1]
    in_step()


def test_training():
    """A bag of words, trained: the padding row stays 0."""

    def train(lib):
        words = lib.nn.Embedding(11, 4, padding_idx=2)
        model = lib.nn.Sequential(words, lib.nn.Flatten(), lib.nn.Linear(12, 2)).double()
        steps, losses = lib.optim.SGD(model.parameters(), lr=0.5, momentum=0.9), []
        texts = (lib.arange(60) * 7 % 11).reshape(20, 3)
        for _ in range(8):
            steps.zero_grad()
            loss = lib.nn.functional.cross_entropy(model(texts), texts[:, 0] % 2)
            loss.backward()
            steps.step()
            losses.append(loss.detach())
        return losses, saved(model)

    losses, state = in_both(train)
    assert losses[-1].item() < 0.5 * losses[0].item()
    assert state["0.weight"][2].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("options", [{}, {"padding_idx": 1}, {"scale_grad_by_freq": True}])
def test_gradient_of_rows_named_often(options):
    rows = np.random.default_rng(0).integers(0, 7, (40, 50))

    def gradient(lib):
        weight = numbers(lib, 7, 5).requires_grad_()
        output = lib.nn.functional.embedding(lib.from_numpy(rows), weight, **options)
        (output * numbers(lib, 40, 50, 5)).sum().backward()
        return output, weight.grad, repr(output.grad_fn).split()[0]

    in_both(gradient)


def test_from_pretrained():
    def pretrained(lib):
        table = numbers(lib, 4, 3)
        frozen = lib.nn.Embedding.from_pretrained(table, padding_idx=1)
        free = lib.nn.Embedding.from_pretrained(table, freeze=False)
        rows = lib.tensor([[0, 3], [1, 1]])
        return repr(frozen), frozen.weight.requires_grad, free.weight.requires_grad, frozen(rows), free(rows)

    in_both(pretrained)


@pytest.mark.parametrize("norm_type", [2.0, 1.0])
def test_max_norm(norm_type):
    """Rows that are named and too long are scaled down in the table itself."""

    def shortened(lib):
        layer = lib.nn.Embedding(6, 4, max_norm=1.0, norm_type=norm_type).double()
        before = layer.weight.detach().clone()
        output = layer(lib.tensor([0, 2, 2, 5]))
        output.sum().backward()
        return before, output, layer.weight, layer.weight.grad

    before, _, after, _ = in_both(shortened)
    assert bits(before[1]) == bits(after.detach()[1])
    assert (after.detach()[0] != before[0]).any()


def test_later_changes_of_the_rows_asked_for_do_not_matter():
    weight, rows = minigrad.ones(3, 2, requires_grad=True), minigrad.tensor([0, 0, 1])
    output = minigrad.nn.functional.embedding(rows, weight)
    rows[0] = 2
    output.sum().backward()
    assert weight.grad.tolist() == [[2, 2], [1, 1], [0, 0]]


def test_one_vector_for_no_dimensions():
    def looked_up(lib):
        embedding = lib.nn.functional.embedding
        table = numbers(lib, 3, 2)
        return (
            embedding(lib.tensor(2), table),
            embedding(lib.zeros(0, 2).int(), table),
            embedding(lib.tensor([1]), table),
        )

    in_both(looked_up)


WRONG = {
    "no such row": lambda lib: lib.nn.functional.embedding(lib.tensor([3]), lib.ones(3, 2)),
    "negative": lambda lib: lib.nn.functional.embedding(lib.tensor([-1]), lib.ones(3, 2)),
    "floats": lambda lib: lib.nn.functional.embedding(lib.tensor([1.0]), lib.ones(3, 2)),
    "short": lambda lib: lib.nn.functional.embedding(lib.tensor([1]).short(), lib.ones(3, 2)),
    "no table": lambda lib: lib.nn.functional.embedding(lib.tensor([1]), lib.ones(3)),
    "padding": lambda lib: lib.nn.functional.embedding(lib.tensor([1]), lib.ones(3, 2), padding_idx=3),
    "layer's padding": lambda lib: lib.nn.Embedding(3, 2, padding_idx=-4),
    "pretrained": lambda lib: lib.nn.Embedding.from_pretrained(lib.ones(3)),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_errors(case):
    kinds = []
    for lib in ENGINES:
        with pytest.raises((RuntimeError, IndexError, AssertionError)) as info:
            case(lib)
        kinds.append((type(info.value).__name__, str(info.value).split(":")[0][:20]))
    assert kinds[0] == kinds[1]


def test_sparse_gradients_are_refused():
    with pytest.raises(NotImplementedError, match="sparse=False"):
        minigrad.nn.Embedding(3, 2, sparse=True)
    with pytest.raises(NotImplementedError, match="sparse=False"):
        minigrad.nn.functional.embedding(minigrad.tensor([1]), minigrad.ones(3, 2), sparse=True)


def test_state_is_exchanged():
    theirs, mine = (lib.nn.Embedding(4, 3) for lib in ENGINES)
    mine.load_state_dict({name: minigrad.from_numpy(x.numpy().copy()) for name, x in theirs.state_dict().items()})
    check_close(theirs(torch.tensor([3, 1])), mine(minigrad.tensor([3, 1])))

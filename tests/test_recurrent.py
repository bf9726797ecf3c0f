"""Recurrent layers, cells and packed sequences: the same weights, numbers, errors and state in both libraries."""

from __future__ import annotations

import copy
import io
import pickle
import warnings

import numpy as np
import pytest
from engines import ENGINES, error_of, torch
from hypothesis import given, settings
from hypothesis import strategies as st
from same_draws import bits, in_step

import minigrad
from minigrad.nn.utils import rnn

pytestmark = pytest.mark.filterwarnings("ignore")

LAYERS = ("RNN", "LSTM", "GRU")
EVERY_LAYER = pytest.mark.parametrize("kind", LAYERS)
EVERY_CELL = pytest.mark.parametrize("kind", ["RNNCell", "LSTMCell", "GRUCell"])


@st.composite
def options_of(draw, kind):
    """Options of a layer."""
    size = draw(st.integers(1, 4))
    options = {
        "input_size": draw(st.integers(1, 3)),
        "hidden_size": size,
        "num_layers": draw(st.integers(1, 3)),
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
        "dropout": draw(st.sampled_from((0.0, 0.5, 1))),
        "bidirectional": draw(st.booleans()),
        "dtype": draw(st.sampled_from(("float32", "float64"))),
    }
    if kind == "RNN":
        options["nonlinearity"] = draw(st.sampled_from(("tanh", "relu")))
    if kind == "LSTM" and size > 1:
        options["proj_size"] = draw(st.sampled_from((0, 1, size - 1)))
    return options


def made(lib, kind, options, seed=3):
    """A layer, of weights from the seed."""
    lib.manual_seed(seed)
    dtype = getattr(lib, options.get("dtype", "float32"))
    return getattr(lib.nn, kind)(**{**options, "dtype": dtype})


def numbers(lib, shape, dtype, start=0.0, requires_grad=True):
    """Numbers without a pattern of their own, the same in both libraries."""
    x = np.sin(np.arange(np.prod(shape)) * 1.7 + start).reshape(shape)
    return lib.from_numpy(x.astype(dtype)).requires_grad_(requires_grad)


def states_of(lib, layer, batch, dtype):
    """A state of each kind that a layer has; batch: (number,), or () for one sequence."""
    rows = layer.num_layers * (1 + layer.bidirectional)
    sizes = [layer.proj_size or layer.hidden_size, layer.hidden_size][: 1 + (type(layer).__name__ == "LSTM")]
    return [numbers(lib, (rows, *batch, size), dtype, i + 0.5) for i, size in enumerate(sizes)]


def outputs_and_gradients(layer, x, states, leaves):
    """The results of a layer, and what all of them together give for gradients."""
    output, ends = layer(x, (states if len(states) == 1 else [tuple(states)])[0] if states else None)
    packed = not hasattr(output, "sum")
    ends = list(ends) if isinstance(ends, tuple) else [ends]
    results = [output.data if packed else output, *ends]
    loss = sum((y * y * (i + 1)).sum() for i, y in enumerate(results))
    loss.backward()
    names = [y.grad_fn.name() for y in results]
    return results, [p.grad for p in [*leaves, *layer.parameters()]], names


def check_close(theirs, mine, dtype):
    """Two lists of tensors are equal within rounding."""
    tolerance = {"float32": 3e-5, "float64": 1e-11}[dtype]
    assert len(theirs) == len(mine)
    for a, b in zip(theirs, mine, strict=True):
        assert str(a.dtype).partition(".")[2] == str(b.dtype).partition(".")[2]
        assert steps(a) == steps(b)
        np.testing.assert_allclose(b.detach().numpy(), a.detach().numpy(), tolerance, tolerance)


def steps(x):
    """The strides along dimensions of more than one element."""
    return [step for n, step in zip(x.shape, x.stride(), strict=True) if n > 1 and x.numel()]


@EVERY_LAYER
def test_weights_outputs_and_gradients(kind):
    @settings(max_examples=40)
    @given(st.data())
    def check(data):
        options = data.draw(options_of(kind))
        form = data.draw(st.sampled_from(("batch", "batch", "one sequence", "packed", "packed, unsorted")))
        with_states, training = data.draw(st.booleans()), data.draw(st.booleans())
        results = [run(lib, kind, options, form, with_states, training) for lib in ENGINES]
        (theirs, *of_theirs), (mine, *of_mine) = results
        assert repr(mine) == repr(theirs)
        assert [(name, bits(p)) for name, p in mine.named_parameters()] == [
            (name, bits(p)) for name, p in theirs.named_parameters()
        ]
        in_step()
        for a, b in zip(of_theirs[:2], of_mine[:2], strict=True):
            check_close(a, b, options["dtype"])
        if torch.backends.mkldnn.is_available() or kind != "LSTM":
            assert of_mine[2] == of_theirs[2]

    check()


def run(lib, kind, options, form, with_states, training):
    """A layer, its results on an input of some form, their gradients, and the names of the results' grad_fn."""
    layer, dtype = made(lib, kind, options), options["dtype"]
    layer.train(training)
    batch = () if form == "one sequence" else (3,)
    shape = (*batch, 5) if options["batch_first"] else (5, *batch)
    x = numbers(lib, (*shape, options["input_size"]), dtype)
    states = states_of(lib, layer, batch, dtype) if with_states else []
    given = x
    if form.startswith("packed"):
        lengths = [5, 3, 3] if form == "packed" else [2, 5, 1]
        given = lib.nn.utils.rnn.pack_padded_sequence(x, lengths, options["batch_first"], form == "packed")
    lib.manual_seed(9)
    return layer, *outputs_and_gradients(layer, given, states, [x, *states])


@EVERY_LAYER
@pytest.mark.parametrize("packed", [False, True])
def test_second_derivatives(kind, packed):
    layer = made(minigrad, kind, {"input_size": 2, "hidden_size": 3, "bidirectional": True, "dtype": "float64"})
    x = numbers(minigrad, (4, 2, 2), "float64")
    states = states_of(minigrad, layer, (2,), "float64")

    def results(x, *states):
        given = rnn.pack_padded_sequence(x, [4, 2]) if packed else x
        output, ends = layer(given, tuple(states) if len(states) == 2 else states[0])
        return (output.data if packed else output), *(ends if isinstance(ends, tuple) else [ends])

    assert minigrad.autograd.gradcheck(results, (x, *states))
    assert minigrad.autograd.gradgradcheck(results, (x, *states))


@EVERY_LAYER
def test_an_empty_batch(kind):
    layer = made(minigrad, kind, {"input_size": 2, "hidden_size": 3})
    x = minigrad.ones(4, 0, 2, requires_grad=True)
    output, _ = layer(x)
    output.sum().backward()
    assert output.shape == (4, 0, 3)
    assert x.grad.shape == x.shape
    assert not layer.weight_hh_l0.grad.any()


def test_third_derivatives():
    def third(lib):
        gru = made(lib, "GRU", {"input_size": 1, "hidden_size": 2, "dtype": "float64"})
        x = numbers(lib, (3, 1, 1), "float64")
        y = gru(x)[0].sum()
        for _ in range(3):
            (y,) = lib.autograd.grad(y.sum(), x, create_graph=True)
        return y

    check_close(*([third(lib)] for lib in ENGINES), "float64")


def test_rounds_like_pytorch_in_float16():
    def outputs(lib):
        lstm = made(lib, "LSTM", {"input_size": 2, "hidden_size": 3, "dtype": "float16"})
        output, (h, c) = lstm(numbers(lib, (4, 2, 2), "float16"))
        (output.float().sum() + h.float().sum()).backward()
        return [output, h, c, lstm.weight_hh_l0.grad]

    for a, b in zip(*map(outputs, ENGINES), strict=True):
        assert str(b.dtype) == "minigrad.float16"
        np.testing.assert_allclose(b.detach().float().numpy(), a.detach().float().numpy(), 1e-2, 4e-3)


def test_dropout_is_of_training_and_between_layers():
    lstm = minigrad.nn.LSTM(2, 3, 2, dropout=1.0)
    x = numbers(minigrad, (4, 2, 2), "float32")
    below = made(minigrad, "LSTM", {"input_size": 2, "hidden_size": 3})
    assert not np.allclose(lstm.eval()(x)[0].detach().numpy(), lstm.train()(x)[0].detach().numpy())
    assert below(x)[0].abs().sum().item() > 0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        minigrad.nn.LSTM(2, 3, dropout=0.5)
    assert [str(each.message)[:28] for each in caught] == ["dropout option adds dropout "]
    assert caught[0].filename == __file__


@EVERY_LAYER
def test_state_goes_to_pytorch_and_back(kind):
    options = {"input_size": 2, "hidden_size": 3, "num_layers": 2, "bidirectional": True}
    theirs, mine = (made(lib, kind, options, seed) for lib, seed in zip(ENGINES, (1, 2)))
    assert list(mine.state_dict()) == list(theirs.state_dict())
    file = io.BytesIO()
    minigrad.save(mine.state_dict(), file)
    file.seek(0)
    theirs.load_state_dict(torch.load(file))
    assert list(map(bits, mine.parameters())) == list(map(bits, theirs.parameters()))
    theirs.reset_parameters()
    file = io.BytesIO()
    torch.save(theirs.state_dict(), file)
    file.seek(0)
    mine.load_state_dict(minigrad.load(file))
    assert list(map(bits, mine.parameters())) == list(map(bits, theirs.parameters()))
    assert [[tuple(w.shape) for w in each] for each in mine.all_weights] == [
        [tuple(w.shape) for w in each] for each in theirs.all_weights
    ]
    assert mine._flat_weights_names == theirs._flat_weights_names


@EVERY_LAYER
def test_copies_and_pickles(kind):
    layer = made(minigrad, kind, {"input_size": 2, "hidden_size": 3, "bidirectional": True})
    x = numbers(minigrad, (4, 2, 2), "float32")
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert repr(other) == repr(layer)
        assert bits(other(x)[0]) == bits(layer(x)[0])
        with minigrad.no_grad():
            other.weight_hh_l0.zero_()
        assert bits(other(x)[0]) != bits(layer(x)[0])
    double = copy.deepcopy(layer).double()
    assert double(x.double())[0].dtype is minigrad.float64
    layer.flatten_parameters()


def test_a_weight_that_is_replaced_is_used():
    gru = minigrad.nn.GRU(2, 3)
    x = numbers(minigrad, (4, 2, 2), "float32")
    before = gru(x)[0]
    gru.weight_hh_l0 = minigrad.nn.Parameter(gru.weight_hh_l0 * 2)
    assert gru._flat_weights[1] is gru.weight_hh_l0
    assert bits(gru(x)[0]) != bits(before)


@EVERY_CELL
def test_cells(kind):
    @settings(max_examples=20)
    @given(st.data())
    def check(data):
        options = {"input_size": 3, "hidden_size": 2, "bias": data.draw(st.booleans()), "dtype": "float64"}
        if kind == "RNNCell":
            options["nonlinearity"] = data.draw(st.sampled_from(("tanh", "relu")))
        batch, with_states = data.draw(st.sampled_from(((), (4,)))), data.draw(st.booleans())
        results = []
        for lib in ENGINES:
            cell = made(lib, kind, options)
            x = numbers(lib, (*batch, 3), "float64")
            states = [numbers(lib, (*batch, 2), "float64", i) for i in range(1 + (kind == "LSTMCell"))]
            given = (tuple(states) if len(states) == 2 else states[0]) if with_states else None
            after = cell(x, given)
            after = list(after) if isinstance(after, tuple) else [after]
            sum((y * y).sum() for y in after).backward()
            gradients = [x.grad, *[s.grad for s in states if with_states], *[p.grad for p in cell.parameters()]]
            results.append((cell, after, gradients, [y.grad_fn.name() for y in after]))
        (theirs, *of_theirs), (mine, *of_mine) = results
        assert repr(mine) == repr(theirs)
        assert [(n, bits(p)) for n, p in mine.named_parameters()] == [
            (n, bits(p)) for n, p in theirs.named_parameters()
        ]
        in_step()
        for a, b in zip(of_theirs[:2], of_mine[:2], strict=True):
            check_close(a, b, "float64")
        assert of_mine[2] == of_theirs[2]

    check()


def test_a_layer_is_a_cell_again_and_again():
    lstm, cell = minigrad.nn.LSTM(3, 4), minigrad.nn.LSTMCell(3, 4)
    for name, weight in cell.named_parameters():
        weight.data = getattr(lstm, f"{name}_l0").data
    x = numbers(minigrad, (6, 2, 3), "float32")
    state, outputs = None, []
    for now in x:
        state = cell(now, state)
        outputs.append(state[0])
    np.testing.assert_allclose(minigrad.stack(outputs).detach().numpy(), lstm(x)[0].detach().numpy(), 1e-5, 1e-6)


def h(lib, layer, *shape, dtype="float32"):
    """States of a shape for a layer."""
    one = numbers(lib, shape, dtype)
    return (one, one) if "LSTM" in layer else one


ERRORS = {
    "one dimension": lambda lib, kind: getattr(lib.nn, kind)(3, 4)(lib.ones(3)),
    "four dimensions": lambda lib, kind: getattr(lib.nn, kind)(3, 4)(lib.ones(1, 1, 1, 3)),
    "features": lambda lib, kind: getattr(lib.nn, kind)(3, 4)(lib.ones(5, 2, 4)),
    "float64": lambda lib, kind: getattr(lib.nn, kind)(3, 4)(lib.ones(5, 2, 3).double()),
    "integers": lambda lib, kind: getattr(lib.nn, kind)(3, 4)(lib.ones(5, 2, 3).long()),
    "batch of h": lambda lib, kind: getattr(lib.nn, kind)(3, 4)(lib.ones(5, 2, 3), h(lib, kind, 1, 3, 4)),
    "size of h": lambda lib, kind: getattr(lib.nn, kind)(3, 4)(lib.ones(5, 2, 3), h(lib, kind, 1, 2, 5)),
    "layers of h": lambda lib, kind: getattr(lib.nn, kind)(3, 4)(lib.ones(5, 2, 3), h(lib, kind, 2, 2, 4)),
    "h without batch": lambda lib, kind: getattr(lib.nn, kind)(3, 4)(lib.ones(5, 2, 3), h(lib, kind, 1, 4)),
    "h with batch": lambda lib, kind: getattr(lib.nn, kind)(3, 4)(lib.ones(5, 3), h(lib, kind, 1, 2, 4)),
    "no steps": lambda lib, kind: getattr(lib.nn, kind)(3, 4)(lib.ones(0, 2, 3)),
    "no tensor": lambda lib, kind: getattr(lib.nn, kind)(3, 4)([1, 2]),
    "dropout": lambda lib, kind: getattr(lib.nn, kind)(3, 4, dropout=1.5),
    "dropout, bool": lambda lib, kind: getattr(lib.nn, kind)(3, 4, dropout=True),
    "bias": lambda lib, kind: getattr(lib.nn, kind)(3, 4, bias=1),
    "batch_first": lambda lib, kind: getattr(lib.nn, kind)(3, 4, batch_first=1),
    "num_layers": lambda lib, kind: getattr(lib.nn, kind)(3, 4, num_layers=0),
    "input_size": lambda lib, kind: getattr(lib.nn, kind)(0, 4),
    "hidden_size": lambda lib, kind: getattr(lib.nn, kind)(3, 4.0),
    "proj_size": lambda lib, kind: getattr(lib.nn, kind)(3, 4, proj_size=4),
    "negative proj_size": lambda lib, kind: getattr(lib.nn, kind)(3, 4, proj_size=-1),
}


@EVERY_LAYER
@pytest.mark.parametrize("wrong", ERRORS.values(), ids=ERRORS)
def test_errors(kind, wrong):
    (theirs, words), (mine, own_words) = (error_of(wrong, lib, kind) for lib in ENGINES)
    assert mine == theirs
    assert own_words.startswith(words.rstrip("."))


CELL_ERRORS = {
    "three dimensions": lambda lib, kind: getattr(lib.nn, kind)(3, 4)(lib.ones(5, 2, 3)),
    "features": lambda lib, kind: getattr(lib.nn, kind)(3, 4)(lib.ones(2, 4)),
    "batch of h": lambda lib, kind: getattr(lib.nn, kind)(3, 4)(lib.ones(2, 3), h(lib, kind, 3, 4)),
    "size of h": lambda lib, kind: getattr(lib.nn, kind)(3, 4)(lib.ones(2, 3), h(lib, kind, 2, 5)),
    "dimensions of h": lambda lib, kind: getattr(lib.nn, kind)(3, 4)(lib.ones(2, 3), h(lib, kind, 1, 2, 4)),
    "float64": lambda lib, kind: getattr(lib.nn, kind)(3, 4)(lib.ones(2, 3).double()),
}


@EVERY_CELL
@pytest.mark.parametrize("wrong", CELL_ERRORS.values(), ids=CELL_ERRORS)
def test_errors_of_cells(kind, wrong):
    (theirs, words), (mine, own_words) = (error_of(wrong, lib, kind) for lib in ENGINES)
    assert mine == theirs
    assert own_words.startswith(words)


OTHER_ERRORS = {
    "mode": lambda lib: lib.nn.RNNBase("X", 3, 4),
    "nonlinearity": lambda lib: lib.nn.RNN(3, 4, nonlinearity="x"),
    "nonlinearity of a cell": lambda lib: lib.nn.RNNCell(3, 4, nonlinearity="x")(lib.ones(2, 3)),
    "one state for an LSTM": lambda lib: lib.nn.LSTM(3, 4)(lib.ones(5, 2, 3), (lib.ones(1, 2, 4),) * 3),
    "two for a GRU": lambda lib: lib.nn.GRU(3, 4)(lib.ones(5, 2, 3), (lib.ones(1, 2, 4),) * 2),
    "h in float64": lambda lib: lib.nn.GRU(3, 4)(lib.ones(5, 2, 3), lib.ones(1, 2, 4).double()),
    "no length": lambda lib: lib.nn.utils.rnn.pack_padded_sequence(lib.ones(5, 2, 3), [5, 0]),
    "too many lengths": lambda lib: lib.nn.utils.rnn.pack_padded_sequence(lib.ones(5, 2, 3), [5, 3, 2]),
    "lengths of two dimensions": lambda lib: lib.nn.utils.rnn.pack_padded_sequence(
        lib.ones(5, 2, 3), lib.tensor([[5, 3]])
    ),
    "nothing to pack": lambda lib: lib.nn.utils.rnn.pack_padded_sequence(lib.ones(5, 0, 3), []),
    "total_length": lambda lib: lib.nn.utils.rnn.pad_packed_sequence(
        lib.nn.utils.rnn.pack_sequence([lib.ones(3), lib.ones(2)]), total_length=2
    ),
    "no sequences": lambda lib: lib.nn.utils.rnn.pad_sequence([]),
    "a number for sequences": lambda lib: lib.nn.utils.rnn.pad_sequence(3),
    "sequences of numbers": lambda lib: lib.nn.utils.rnn.pad_sequence([[1, 2]]),
    "sizes of sequences": lambda lib: lib.nn.utils.rnn.pad_sequence([lib.ones(2, 3), lib.ones(2, 4)]),
    "side": lambda lib: lib.nn.utils.rnn.pad_sequence([lib.ones(2)], padding_side="x"),
    "no batch sizes": lambda lib: lib.nn.utils.rnn.PackedSequence(lib.ones(2)),
}


@pytest.mark.parametrize("wrong", OTHER_ERRORS.values(), ids=OTHER_ERRORS)
def test_other_errors(wrong):
    (theirs, words), (mine, own_words) = (error_of(wrong, lib) for lib in ENGINES)
    assert mine == theirs
    assert own_words.startswith(words.partition(", but got 2D")[0].rstrip("."))


def test_unsorted_lengths_are_an_error_that_says_what_to_write():
    with pytest.raises(RuntimeError, match=r"must be sorted in decreasing order.*enforce_sorted=False"):
        rnn.pack_padded_sequence(minigrad.ones(5, 2), [3, 5])
    with pytest.raises(RuntimeError, match="a length of 6 for an input of 5 steps"):
        rnn.pack_padded_sequence(minigrad.ones(5, 2), [6, 5])


# Packed sequences -------------------------------------------------------------------------------------------


def plain(x):
    """Tensors as lists, also in tuples."""
    if isinstance(x, (tuple, list)):
        return [plain(each) for each in x]
    return x if x is None else (x.tolist(), str(x.dtype).partition(".")[2])


@settings(max_examples=30)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.booleans())
def test_packing_and_unpacking(lengths, batch_first):
    def packed(lib):
        sequences = [lib.arange(n * 2).reshape(n, 2) + 10 * i for i, n in enumerate(lengths)]
        one = lib.nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False)
        again = lib.nn.utils.rnn.pad_packed_sequence(one, batch_first, padding_value=-1, total_length=6)
        unpadded = lib.nn.utils.rnn.unpad_sequence(again[0].clone(), again[1], batch_first)
        assert plain(lib.nn.utils.rnn.unpack_sequence(one)) == plain(sequences) == plain(unpadded)
        return plain(one), plain(again), repr(one).replace("minigrad.", "torch.")

    theirs, mine = (packed(lib) for lib in ENGINES)
    assert mine == theirs


def test_a_packed_sequence_is_a_named_tuple_that_moves():
    packed = rnn.pack_sequence([minigrad.ones(1), minigrad.ones(3)], enforce_sorted=False)
    assert isinstance(packed, tuple)
    assert packed._fields == ("data", "batch_sizes", "sorted_indices", "unsorted_indices")
    assert packed.to(minigrad.float32) is packed
    assert packed.cpu() is packed
    kinds = ("double", "float", "half", "long", "int", "short", "char", "byte")
    assert [str(getattr(packed, kind)().data.dtype).partition(".")[2] for kind in kinds] == [
        *("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8")
    ]
    assert packed.double().batch_sizes is packed.batch_sizes
    assert not packed.is_cuda
    assert not packed.is_pinned()
    again = rnn.PackedSequence((packed.data, packed.batch_sizes))
    assert again.sorted_indices is None
    assert rnn.invert_permutation(None) is None
    assert rnn.invert_permutation(minigrad.tensor([2, 0, 1])).tolist() == [1, 2, 0]
    copied = pickle.loads(pickle.dumps(packed))
    assert type(copied) is rnn.PackedSequence
    assert plain(copied) == plain(packed) == plain(copy.deepcopy(packed))


def test_unpadding_leaves_its_operand_as_it_is():
    padded = minigrad.arange(6).reshape(3, 2)
    assert plain(rnn.unpad_sequence(padded, minigrad.tensor([3, 1]))) == [([0, 2, 4], "int64"), ([1], "int64")]
    assert padded.shape == (3, 2)


def test_a_change_of_the_output_in_place_does_not_reach_the_gradients():
    x = numbers(minigrad, (4, 2, 2), "float32")
    gru = made(minigrad, "GRU", {"input_size": 2, "hidden_size": 3})
    (gru(x)[0] * 2).sum().backward()
    expected, x.grad = x.grad, None
    gru(x)[0].mul_(2).sum().backward()
    assert bits(x.grad) == bits(expected)

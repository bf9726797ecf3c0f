"""Dropout: the masks, and the numbers drawn for them, are PyTorch's (test_nn.py has Dropout itself)."""

import warnings

import pytest
from engines import ENGINES
from same_draws import bits, in_step

import minigrad


def same_bits(scenario):
    """A scenario gives tensors of the same bits in both libraries, and draws as many numbers."""
    results = []
    for lib in ENGINES:
        lib.manual_seed(5)
        results.append([bits(x) for x in scenario(lib)])
    assert results[0] == results[1]
    in_step()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize(
    ("name", "shape"),
    [
        *(("Dropout1d", (3, 4, 5)), ("Dropout1d", (4, 5)), ("Dropout1d", (0, 4, 5))),
        *(("Dropout2d", (3, 4, 5, 2)), ("Dropout2d", (6, 7, 3)), ("Dropout2d", (3, 4))),
    ],
)
def test_whole_channels(name, shape, p, inplace):
    def dropped(lib):
        layer = getattr(lib.nn, name)(p, inplace)
        leaf = (lib.ones(*shape) * 2).requires_grad_()
        x = leaf * 1
        output = layer(x)
        output.sum().backward()
        again = layer(lib.ones(*shape).double())
        return output, x, leaf.grad, again, layer.eval()(x)

    same_bits(dropped)


def test_columns_in_memory():
    """The mask follows the order of the elements in memory, as PyTorch's does."""

    def dropped(lib):
        x = lib.arange(60).reshape(12, 5).float()
        F = lib.nn.functional
        channels = lib.ones(4, 3).t().unsqueeze(2), lib.ones(4, 3, 1, 1).transpose(0, 1)
        masked = F.dropout1d(channels[0], 0.4), F.dropout2d(channels[1], 0.4)  # their masks lie in rows always
        return F.dropout(x.t(), 0.4), F.dropout(x, 0.4), *masked

    same_bits(dropped)


def test_forms():
    made = [
        [repr(layer) for layer in (lib.nn.Dropout(0.2), lib.nn.Dropout1d(), lib.nn.Dropout2d(0.1, inplace=True))]
        for lib in ENGINES
    ]
    assert made[0] == made[1]


@pytest.mark.filterwarnings("ignore:dropout2d")
def test_errors():
    for lib in ENGINES:
        F = lib.nn.functional
        for dropout in (F.dropout, F.dropout1d, F.dropout2d, lambda _, p, lib=lib: lib.nn.Dropout2d(p)):
            for p in (-0.1, 1.5):
                with pytest.raises(ValueError, match="dropout probability has to be between 0 and 1, but got"):
                    dropout(lib.ones(2, 3), p)
        with pytest.raises(RuntimeError, match="dropout1d: Expected 2D or 3D input, but received a 4D input"):
            F.dropout1d(lib.ones(1, 2, 3, 4))
        with pytest.warns(UserWarning, match="dropout2d: Received a 2-D input to dropout2d"):
            F.dropout2d(lib.ones(2, 3))


def test_nothing_is_dropped_by_an_error():
    x = minigrad.ones(4)
    with pytest.raises(ValueError, match="between 0 and 1"):
        minigrad.nn.functional.dropout(x, 2.0, inplace=True)
    assert x.tolist() == [1, 1, 1, 1]


def test_integers_are_refused():
    for lib in ENGINES:
        with pytest.raises(RuntimeError, match="result type Float can't be cast to"):
            lib.nn.functional.dropout(lib.ones(2, dtype=lib.int64))


WARNING_CALLS = [
    "nn.functional.dropout2d(torch.ones(3, 4, 5))",
    "nn.Dropout2d()(torch.ones(3, 4, 5))",
    "nn.functional.dropout3d(torch.ones(3, 4, 5))",
    "nn.functional.gumbel_softmax(torch.ones(3), eps=1.0)",
    "nn.LSTM(2, 2, dropout=0.5)",
    "nn.InstanceNorm1d(3)(torch.ones(2, 4, 5))",
    "nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2), 1)",
    "nn.MultiheadAttention(4, 2)(*[torch.ones(3, 1, 4)] * 3, torch.ones(1, 3) > 0, attn_mask=torch.ones(3, 3))",
]


@pytest.mark.parametrize("call", WARNING_CALLS)
def test_warnings_name_the_line_of_the_caller(call):
    code = compile(call, "script.py", "eval")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        eval(code, {"torch": minigrad, "nn": minigrad.nn})
    assert [(warning.category, warning.filename) for warning in warned] == [(UserWarning, "script.py")]

"""Look at: section 4.  `state` is all that the model remembers; it is handed on from call to call.
Picture: the right figure.  Where does the curve that goes on alone leave the sine: in height, or in time?
Exercise: one step of an LSTM, by hand.
"""

from comparisons.tasks import equal, expect, expect_tensor, expect_without

START = '''
import torch


def lstm_step(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """The next h and c.  x: (n, inputs), h and c: (n, hidden); the weights are those of nn.LSTMCell.

    Not by a recurrent layer or cell.
    """
'''


def case(torch, name="LSTMCell"):
    """Inputs, and a cell with its weights."""
    torch.manual_seed(8)
    return torch.randn(3, 2), torch.randn(3, 4), torch.randn(3, 4), getattr(torch.nn, name)(2, 4)


def weights(cell):
    """In the order of the arguments."""
    return cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh


def check_by_hand(answer, _torch):
    """It is written by hand."""
    expect_without(answer, "LSTM", "lstm_cell", "RNN", "GRU")


def check_shapes(answer, torch):
    """It returns h and c."""
    x, h, c, cell = case(torch)
    got = answer.lstm_step(x, h, c, *weights(cell))
    expect(isinstance(got, tuple) and len(got) == 2, "It should return two tensors, h and c.")
    for name, value in zip("hc", got):
        expect_tensor(torch, value, (3, 4), f"The next {name}")


def check_forgetting(answer, torch):
    """With gates that are shut, c fades; with a forget gate that is open, it stays."""
    x, h, c, _ = case(torch)
    zeros = torch.zeros(16, 2), torch.zeros(16, 4), torch.zeros(16)
    bias = torch.zeros(16)
    _, faded = answer.lstm_step(x, h, c, *zeros, bias)
    expect(
        equal(torch, faded, 0.5 * c), "With weights of 0 every gate is half open: then the next c should be half of c."
    )
    bias = torch.cat([torch.full((4,), -50.0), torch.full((4,), 50.0), torch.zeros(8)])
    _, kept = answer.lstm_step(x, h, c, *zeros, bias)
    expect(
        equal(torch, kept, c),
        "With the input gate shut and the forget gate open c should stay. In which order does nn.LSTM's documentation "
        "give the gates whose weights stand one below the other?",
    )


def check_values(answer, torch):
    """Its values are those of nn.LSTMCell."""
    x, h, c, cell = case(torch)
    got = answer.lstm_step(x, h, c, *weights(cell))
    for name, value, wanted in zip("ch", got[::-1], cell(x, (h, c))[::-1]):
        also = (
            " c is right, so look at what becomes of it." if name == "h" else " Look at what is added to the old one."
        )
        expect(equal(torch, value, wanted), f"The next {name} is not that of nn.LSTMCell.{also}")


def check_gradients(answer, torch):
    """So are the gradients of all weights, over three steps."""
    grads = []
    for by_hand in (True, False):
        x, h, c, cell = case(torch)
        for _ in range(3):
            h, c = answer.lstm_step(x, h, c, *weights(cell)) if by_hand else cell(x, (h, c))
        h.sum().backward()
        grads.append([p.grad for p in weights(cell)])
    for name, got, wanted in zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), *grads):
        expect(got is not None, f"No gradient reaches {name}.")
        expect(equal(torch, got, wanted), f"The gradient of {name} is not that of nn.LSTMCell, though the values are.")

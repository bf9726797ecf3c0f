"""Look at: `Attention.forward`, line by line with the shapes; and `before`, the mask.
Picture: the weights of attention.  Why is everything above the diagonal white?
Exercise: causal attention of one head, by hand.
"""

from comparisons.tasks import equal, expect, expect_tensor, expect_without

START = '''
import torch


def attention(q, k, v):
    """For each character the mean of the values up to it, weighted by how well its query fits their keys.

    The weights are a softmax of q . k / sqrt(width).  q, k, v: (pieces, characters, width).
    Not by scaled_dot_product_attention.
    """
'''


def case(torch, length=5):
    """Queries, keys and values."""
    torch.manual_seed(2)
    return torch.randn(2, length, 4), torch.randn(2, length, 4), torch.randn(2, length, 4)


def check_by_hand(answer, _torch):
    """It is written by hand."""
    expect_without(answer, "scaled_dot_product_attention", "MultiheadAttention")


def check_weights(answer, torch):
    """The weights of each character sum to 1."""
    q, k, v = case(torch)
    got = answer.attention(q, k, v)
    expect_tensor(torch, got, (2, 5, 4), "The result")
    ones = answer.attention(q, k, torch.ones_like(v))
    expect(bool(torch.isfinite(ones).all()), "There is nan or inf in the result. What is the softmax of a row of -inf?")
    expect(
        equal(torch, ones, torch.ones_like(v)),
        "If all values are 1 the result should be 1: over which dimension is the softmax, and is the mask before it?",
    )


def check_causal(answer, torch):
    """A character knows nothing of those after it, and the first one only itself."""
    q, k, v = case(torch)
    got = answer.attention(q, k, v)
    k2, v2 = k.clone(), v.clone()
    k2[:, -1], v2[:, -1] = 9.0, 9.0
    expect(
        equal(torch, got[:, :-1], answer.attention(q, k2, v2)[:, :-1]),
        "Another last key and value change what characters before it give. Which scores should count as -inf?",
    )
    expect(equal(torch, got[:, 0], v[:, 0]), "The first character should give its own value: it sees itself, too.")


def check_values(answer, torch):
    """Its values are PyTorch's."""
    q, k, v = case(torch)
    wanted = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    expect(
        equal(torch, answer.attention(q, k, v), wanted),
        "Not those of scaled_dot_product_attention. Which is divided by what, and whose keys are compared with whose "
        "queries?",
    )

"""The layers that no lesson of the first hours needs: imported when one of them is first used.

Each layer stands here as those of minigrad.nn stand there, and its op in minigrad.ops.further.
"""

LAYERS = {
    "": "attention parallel",
    "minigrad.nn.parallel": "DataParallel",
    "minigrad.nn.further.attention": "MultiheadAttention",
    "minigrad.nn.further.transformer": (
        "Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer"
    ),
}
"""What minigrad.nn has of them: the names of each module; "" stands for modules of minigrad.nn."""

FUNCTIONS = {
    "minigrad.ops.further.attention": "multi_head_attention_forward scaled_dot_product_attention",
}
"""What minigrad.nn.functional has of them: the names of each module."""

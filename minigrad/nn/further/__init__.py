"""The layers that no lesson of the first hours needs: imported when one of them is first used.

Each layer stands here as those of minigrad.nn stand there, and its op in minigrad.ops.further.
"""

LAYERS = {
    "": "parallel",
    "minigrad.nn.parallel": "DataParallel",
    "minigrad.nn.further.activations": (
        "CELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LogSigmoid Mish PReLU RReLU ReLU6 SELU Softmax2d "
        "Softmin Softshrink Softsign Tanhshrink Threshold"
    ),
    "minigrad.nn.further.convolution": "Conv1d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d",
}
"""What minigrad.nn has of them: the names of each module; "" stands for modules of minigrad.nn."""

FUNCTIONS: dict[str, str] = {
    "minigrad.ops.further.activations": (
        "celu celu_ elu_ glu gumbel_softmax hardshrink hardsigmoid hardswish hardtanh hardtanh_ leaky_relu_ "
        "logsigmoid mish prelu relu6 rrelu rrelu_ selu selu_ softshrink softsign tanhshrink threshold threshold_"
    ),
    "minigrad.nn.further.activations": "softmin",
    "minigrad.ops.further.convolution": "conv1d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
    "minigrad.ops.further.padding": "pad",
}
"""What minigrad.nn.functional has of them: the names of each module."""

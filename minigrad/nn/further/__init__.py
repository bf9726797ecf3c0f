"""The layers that no lesson of the first hours needs: imported when one of them is first used.

Each layer stands here as those of minigrad.nn stand there, and its op in minigrad.ops.further.
"""

LAYERS = {
    "": "parallel",
    "minigrad.nn.parallel": "DataParallel",
    "minigrad.nn.further.convolution": "Conv1d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d",
}
"""What minigrad.nn has of them: the names of each module; "" stands for modules of minigrad.nn."""

FUNCTIONS = {
    "minigrad.ops.further.convolution": "conv1d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
    "minigrad.ops.further.padding": "pad",
}
"""What minigrad.nn.functional has of them: the names of each module."""

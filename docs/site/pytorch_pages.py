"""PyTorch's page about a name: docs/source/torch.md, nn.md and others in its repository list names that have one."""

ADDRESS = "https://docs.pytorch.org/docs/stable/generated/"
MODULES = (
    "torch",
    "torch.func",
    "torch.linalg",
    "torch.nn",
    "torch.nn.functional",
    "torch.nn.utils",
    "torch.nn.utils.parametrizations",
    "torch.nn.utils.parametrize",
    "torch.nn.utils.rnn",
    "torch.optim",
    "torch.optim.lr_scheduler",
)
"""Modules whose names have a page each."""
MISSING = {
    "torch": (
        "BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor GradScaler HalfTensor IntTensor LongTensor "
        "ShortTensor Size Tensor adaptive_avg_pool1d autocast avg_pool1d bilinear binomial celu channel_shuffle "
        "clamp_max clamp_min conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d "
        "cosine_similarity detach device dtype finfo get_autocast_dtype get_device get_printoptions group_norm gru "
        "gru_cell hardshrink iinfo index_fill index_put inference_mode is_anomaly_check_nan_enabled "
        "is_anomaly_enabled is_autocast_cache_enabled is_autocast_enabled is_same_size is_signed log_softmax lstm "
        "lstm_cell masked_fill masked_scatter max_pool1d max_pool2d max_pool3d memory_format pairwise_distance pdist "
        "pixel_shuffle pixel_unshuffle prelu relu rms_norm rnn_relu rnn_relu_cell rnn_tanh rnn_tanh_cell rrelu rsub "
        "scalar_tensor selu set_grad_enabled threshold typename"
    ),
    "torch.linalg": "LinAlgError",
    "torch.nn": "NLLLoss2d RNNCellBase",
    "torch.nn.functional": "celu_ channel_shuffle multi_head_attention_forward selu_",
    "torch.optim": "Optimizer",
}
"""Names of these modules that have none, beside functions of torch that end in _ and all that end in _with_indices."""
MOVED = {
    "torch.nn.Buffer": "torch.nn.parameter.Buffer",
    "torch.nn.Flatten": "torch.nn.modules.flatten.Flatten",
    "torch.nn.Parameter": "torch.nn.parameter.Parameter",
    "torch.nn.Unflatten": "torch.nn.modules.flatten.Unflatten",
    "torch.nn.UninitializedBuffer": "torch.nn.parameter.UninitializedBuffer",
    "torch.nn.UninitializedParameter": "torch.nn.parameter.UninitializedParameter",
}
"""Pages that have the name of the file in which PyTorch defines it."""


def pytorch_page(module: str, name: str) -> str | None:
    """The address of the page about a name, None where there is none."""
    is_inner = name.endswith("_with_indices") or (module == "torch" and name.endswith("_"))
    if module not in MODULES or is_inner or name in MISSING.get(module, "").split():
        return None
    path = f"{module}.{name}"
    return f"{ADDRESS}{MOVED.get(path, path)}.html"

"""The layers that no lesson of the first hours needs: imported when one of them is first used.

Each layer stands here as those of minigrad.nn stand there, and its op in minigrad.ops.further.
"""

LAYERS = {
    "": "parallel attention",
    "minigrad.nn.parallel": "DataParallel",
    "minigrad.nn.further.adaptive": "AdaptiveLogSoftmaxWithLoss",
    "minigrad.nn.further.bags": "EmbeddingBag",
    "minigrad.nn.further.dropout": "AlphaDropout Dropout3d FeatureAlphaDropout",
    "minigrad.nn.further.lazy": (
        "LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d LazyConv1d LazyConv2d LazyConv3d LazyConvTranspose1d "
        "LazyConvTranspose2d LazyConvTranspose3d LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d "
        "LazyLinear UninitializedBuffer UninitializedParameter"
    ),
    "minigrad.nn.further.parameters": "Buffer ParameterDict ParameterList",
    "minigrad.nn.further.pairs": "Bilinear CosineSimilarity PairwiseDistance",
    "minigrad.nn.further.activations": (
        "CELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LogSigmoid Mish PReLU RReLU ReLU6 SELU Softmax2d "
        "Softmin Softshrink Softsign Tanhshrink Threshold"
    ),
    "minigrad.nn.further.convolution": "Conv1d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d",
    "minigrad.nn.further.folding": "ChannelShuffle Fold PixelShuffle PixelUnshuffle Unfold",
    "minigrad.nn.further.losses": (
        "CTCLoss CosineEmbeddingLoss GaussianNLLLoss HingeEmbeddingLoss HuberLoss KLDivLoss "
        "LinearCrossEntropyLoss MarginRankingLoss "
        "MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss2d PoissonNLLLoss SmoothL1Loss "
        "SoftMarginLoss TripletMarginLoss TripletMarginWithDistanceLoss"
    ),
    "minigrad.nn.further.padding": (
        "CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d ReflectionPad1d "
        "ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d ZeroPad1d ZeroPad2d "
        "ZeroPad3d"
    ),
    "minigrad.nn.further.pooling": (
        "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d "
        "AdaptiveMaxPool3d AvgPool1d AvgPool3d LPPool1d LPPool2d LPPool3d MaxPool1d MaxPool3d MaxUnpool1d "
        "MaxUnpool2d MaxUnpool3d"
    ),
    "minigrad.nn.further.fractional_pooling": "FractionalMaxPool2d FractionalMaxPool3d",
    "minigrad.nn.further.normalization": (
        "BatchNorm3d GroupNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d LocalResponseNorm RMSNorm SyncBatchNorm"
    ),
    "minigrad.nn.further.attention": "MultiheadAttention",
    "minigrad.nn.further.transformer": (
        "Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer"
    ),
    "minigrad.nn.further.resizing": "Upsample UpsamplingBilinear2d UpsamplingNearest2d",
    "minigrad.nn.further.recurrent": "GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell RNNCellBase",
}
"""What minigrad.nn has of them: the names of each module; "" stands for modules of minigrad.nn."""

FUNCTIONS: dict[str, str] = {
    "minigrad.ops.further.activations": (
        "celu celu_ elu_ glu gumbel_softmax hardshrink hardsigmoid hardswish hardtanh hardtanh_ leaky_relu_ "
        "logsigmoid mish prelu relu6 rrelu rrelu_ selu selu_ softshrink softsign tanhshrink threshold threshold_"
    ),
    "minigrad.nn.further.activations": "softmin",
    "minigrad.ops.further.bags": "embedding_bag",
    "minigrad.ops.further.dropout": "alpha_dropout dropout3d feature_alpha_dropout",
    "minigrad.ops.further.pairs": "bilinear cosine_similarity pairwise_distance pdist",
    "minigrad.ops.further.convolution": "conv1d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
    "minigrad.ops.further.folding": "fold unfold",
    "minigrad.ops.further.fractional_pooling": (
        "fractional_max_pool2d fractional_max_pool2d_with_indices fractional_max_pool3d "
        "fractional_max_pool3d_with_indices"
    ),
    "minigrad.ops.further.grids": "affine_grid grid_sample",
    "minigrad.ops.further.padding": "pad",
    "minigrad.ops.further.ctc": "ctc_loss",
    "minigrad.ops.further.linear_cross_entropy": "linear_cross_entropy",
    "minigrad.ops.further.losses": (
        "gaussian_nll_loss huber_loss kl_div poisson_nll_loss smooth_l1_loss soft_margin_loss"
    ),
    "minigrad.ops.further.margin_losses": (
        "cosine_embedding_loss hinge_embedding_loss margin_ranking_loss multi_margin_loss multilabel_margin_loss "
        "multilabel_soft_margin_loss triplet_margin_loss triplet_margin_with_distance_loss"
    ),
    "minigrad.ops.further.pooling": (
        "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d "
        "adaptive_max_pool1d_with_indices adaptive_max_pool2d adaptive_max_pool2d_with_indices "
        "adaptive_max_pool3d adaptive_max_pool3d_with_indices avg_pool1d avg_pool3d lp_pool1d lp_pool2d lp_pool3d "
        "max_pool1d max_pool1d_with_indices max_pool2d_with_indices max_pool3d max_pool3d_with_indices "
        "max_unpool1d max_unpool2d max_unpool3d"
    ),
    "minigrad.ops.further.resizing": "interpolate upsample upsample_bilinear upsample_nearest",
    "minigrad.ops.further.shuffling": "channel_shuffle pixel_shuffle pixel_unshuffle",
    "minigrad.ops.further.normalization": "group_norm instance_norm local_response_norm rms_norm",
    "minigrad.ops.further.attention": "multi_head_attention_forward scaled_dot_product_attention",
}
"""What minigrad.nn.functional has of them: the names of each module."""

"""The layers that no lesson of the first hours needs: imported when one of them is first used.

Each layer stands here as those of minigrad.nn stand there, and its op in minigrad.ops.further.
"""

LAYERS = {
    "": "parallel",
    "minigrad.nn.parallel": "DataParallel",
    "minigrad.nn.further.losses": (
        "CTCLoss CosineEmbeddingLoss GaussianNLLLoss HingeEmbeddingLoss HuberLoss KLDivLoss MarginRankingLoss "
        "MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss2d PoissonNLLLoss SmoothL1Loss "
        "SoftMarginLoss TripletMarginLoss TripletMarginWithDistanceLoss"
    ),
}
"""What minigrad.nn has of them: the names of each module; "" stands for modules of minigrad.nn."""

FUNCTIONS: dict[str, str] = {
    "minigrad.ops.further.ctc": "ctc_loss",
    "minigrad.ops.further.losses": (
        "gaussian_nll_loss huber_loss kl_div poisson_nll_loss smooth_l1_loss soft_margin_loss"
    ),
    "minigrad.ops.further.margin_losses": (
        "cosine_embedding_loss hinge_embedding_loss margin_ranking_loss multi_margin_loss multilabel_margin_loss "
        "multilabel_soft_margin_loss triplet_margin_loss triplet_margin_with_distance_loss"
    ),
}
"""What minigrad.nn.functional has of them: the names of each module."""

"""Helpers for training, as torch.nn.utils: gradients clipped, parameters as one vector, weights normed.

`rnn` has sequences of different lengths, `parametrize` weights that are computed from others.
https://docs.pytorch.org/docs/stable/nn.html#utilities
"""

from typing import Any as _Any

from minigrad import on_use as _on_use
from minigrad.nn.utils.clip_grad import clip_grad_norm_, clip_grad_value_, clip_grads_with_norm_, get_total_norm
from minigrad.nn.utils.convert_parameters import parameters_to_vector, vector_to_parameters

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
    "parameters_to_vector",
    "vector_to_parameters",
]

_LATER = {
    "": "parametrizations parametrize rnn stateless",
    "minigrad.nn.utils.normed_weights": "remove_spectral_norm remove_weight_norm spectral_norm weight_norm",
    "minigrad.nn.utils.skipping": "skip_init",
    "minigrad.nn.utils.old_names": "clip_grad_norm",
}
__all__ += _on_use.names_in(_LATER)


def __getattr__(name: str) -> _Any:
    """What is imported when it is first used."""
    return _on_use.found(__name__, _LATER, name)

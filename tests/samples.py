"""What the ops of the registry are tried on: the strategies of `minigrad.testing`."""

from minigrad.testing.samples import *  # noqa: F403

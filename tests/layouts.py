"""Ways for an array to lie in memory: those of `minigrad.testing`."""

from minigrad.testing.layouts import *  # noqa: F403

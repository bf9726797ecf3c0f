"""The strict stand-in for CuPy: that of `minigrad.testing`."""

from minigrad.testing.stand_in import counting_synchronisations, cupy, installed, no_synchronisation

__all__ = ["counting_synchronisations", "cupy", "installed", "no_synchronisation"]

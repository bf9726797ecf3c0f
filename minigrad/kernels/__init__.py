"""Formulas that a GPU computes as one kernel each."""

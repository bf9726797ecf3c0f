"""The schedules that no lesson of the first hours needs: imported when one of them is first used."""

SCHEDULERS = {
    "minigrad.optim.lr_scheduler.further.chained": "ChainedScheduler",
    "minigrad.optim.lr_scheduler.further.cycles": "CyclicLR OneCycleLR",
    "minigrad.optim.lr_scheduler.further.factors": "MultiplicativeLR PolynomialLR",
    "minigrad.optim.lr_scheduler.further.restarts": "CosineAnnealingWarmRestarts",
}
"""What minigrad.optim.lr_scheduler has of them: the names of each module."""

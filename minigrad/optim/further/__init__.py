"""The optimizers that no lesson of the first hours needs: imported when one of them is first used."""

OPTIMIZERS = {
    "": "swa_utils",
    "minigrad.optim.further.adafactor": "Adafactor",
    "minigrad.optim.further.adamax": "Adamax",
    "minigrad.optim.further.asgd": "ASGD",
    "minigrad.optim.further.lbfgs": "LBFGS",
    "minigrad.optim.further.muon": "Muon",
    "minigrad.optim.further.nadam": "NAdam",
    "minigrad.optim.further.radam": "RAdam",
    "minigrad.optim.further.rprop": "Rprop",
}
"""What minigrad.optim has of them: the names of each module; "" stands for modules of minigrad.optim."""

"""Look at: exercise 2 of the lesson, the three lines that remember the best loss, its epoch and its weights.
Picture: the middle figure.  How many epochs after the red line did the training go on, and why so many?
Exercise: early stopping as a class.
"""

from comparisons.tasks import NotYet, expect

START = '''
class EarlyStopping:
    """Says when to stop: once `patience` losses in a row were no improvement on the best one before them.

    An improvement is a loss that is smaller than the best one by more than `improvement`.
    """

    def __init__(self, patience, improvement=0.0):
        ...

    def step(self, loss):
        """Take the next validation loss; True when training should stop."""
'''


def stops_at(answer, losses, patience, improvement=0.0):
    """The number of losses after which it says stop; None if it never does."""
    stopping = answer.EarlyStopping(patience, improvement)
    for number, loss in enumerate(losses, start=1):
        stop = stopping.step(loss)
        if not isinstance(stop, bool):
            raise NotYet(f"step should return True or False, and returned {stop!r}.")
        if stop:
            return number
    return None


def check_falling(answer, _torch):
    """It goes on while the loss falls."""
    expect(stops_at(answer, [1.0, 0.9, 0.8, 0.7, 0.6], 2) is None, "It stops though every loss was the best so far.")


def check_patience(answer, _torch):
    """It stops at the loss that is the last of `patience` without improvement."""
    for patience in (1, 2, 3):
        stopped = stops_at(answer, [0.5, 0.6, 0.7, 0.8, 0.9], patience)
        expect(stopped is not None, f"With patience {patience} it never stops, though the loss only grows.")
        expect(
            stopped == 1 + patience,
            f"With patience {patience} it stops at loss number {stopped} of 0.5 0.6 0.7 0.8 0.9. Count those that were "
            "no improvement.",
        )


def check_reset(answer, _torch):
    """An improvement starts the count anew."""
    expect(
        stops_at(answer, [0.5, 0.6, 0.4, 0.6, 0.6], 2) == 5,
        "With patience 2, of 0.5 0.6 0.4 0.6 0.6 the last is the one to stop at. In a row: what happens at 0.4?",
    )


def check_best(answer, _torch):
    """It compares with the best loss, not with the last."""
    expect(
        stops_at(answer, [0.5, 0.8, 0.7, 0.6], 3) == 4,
        "Of 0.5 0.8 0.7 0.6 with patience 3 none after the first is an improvement: on which loss would it be one?",
    )


def check_improvement(answer, _torch):
    """What is smaller by less than `improvement` is none."""
    expect(
        stops_at(answer, [0.5, 0.495, 0.49, 0.485], 3, improvement=0.1) == 4,
        "With improvement=0.1, 0.5 0.495 0.49 0.485 has none after the first.",
    )
    expect(
        stops_at(answer, [0.5, 0.46, 0.42, 0.38, 0.34], 3, improvement=0.1) is None,
        "With improvement=0.1 and patience 3, of 0.5 0.46 0.42 0.38 the last is an improvement: on the best that "
        "counted as one, not on the one before it.",
    )

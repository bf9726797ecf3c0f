"""Tables from which source of minigrad is written by `python -m tables`; a test says when that is stale."""

"""Tables from which source of minigrad is written, by `PYTHONPATH=tests python -m tables`; a test finds it stale."""

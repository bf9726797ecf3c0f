"""Run a PyTorch script on PyTorch and on minigrad, and compare every step: `python -m minigrad --compare script.py`.

    command.py    the command: which scripts, what is printed while they run
    engines.py    one script on one engine, in a process of its own
    worker.py     that process
    recorder.py   what it writes down at each backward()
    measure.py    how far two arrays are apart
    printed.py    how far two printed lines are apart
    compare.py    two runs beside each other, and whether they pass
    report.py     the table, and JSON
    figure.py     the figure

Nothing of it is imported by `import minigrad`; PyTorch and matplotlib are imported where they are used.
"""

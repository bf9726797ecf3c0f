"""`python -m minigrad script.py` runs a PyTorch script on minigrad."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from minigrad import launcher

USAGE = """\
usage: python -m minigrad script.py [arguments]    run a PyTorch script on minigrad, unchanged
                          or -m module, -c code, -, a folder or zip file: as `python` runs them
       python -m minigrad --compare script.py      run it on PyTorch too, and compare every step (--help: options)
       python -m minigrad --explain [--step N] script.py [arguments]
                                                   explain its first (or N-th) step in words, and stop there
       python -m minigrad --draw FILE [--step N] script.py [arguments]
                                                   draw it: FILE ends in .svg, .png or .dot
       python -m minigrad --replay FILE [--step N] script.py [arguments]
                                                   write a page that plays it: FILE ends in .html
       python -m minigrad --profile script.py [arguments]
                                                   run it, and show where its time went
       python -m minigrad --check script.py ...    say what scripts or notebooks use and minigrad lacks, without running
       python -m minigrad --names                  list the names of PyTorch that minigrad has
"""


def main(arguments: list[str]) -> None:
    """Run the script, or answer an option."""
    if not arguments:
        print(USAGE, end="", file=sys.stderr)
        refuse("which script?")
    elif arguments[0] in ("-h", "--help"):
        print(USAGE, end="")
    elif arguments[0] == "--names":
        show(launcher.supported_names())
    elif arguments[0] == "--check":
        from minigrad.launcher import checking

        sys.exit(checking.main(arguments[1:]) if arguments[1:] else refuse("which script?"))
    elif arguments[0] == "--compare":
        from minigrad.comparison import command

        sys.exit(command.main(arguments[1:]))
    elif arguments[0] in ("--explain", "--draw", "--replay", "--profile"):
        show_step(arguments)
    elif arguments[0].startswith("-") and arguments[0] not in ("-m", "-c", "-"):
        refuse(f"no option {arguments[0]}")
    else:
        launch(arguments)


def launch(arguments: list[str]) -> None:
    """Run a program with minigrad in PyTorch's place."""
    from minigrad.launcher import starting

    launcher.install()
    sys.excepthook = starting.show_uncaught
    try:
        program, rest = starting.program(arguments)
    except starting.NotFound as reason:
        refuse(str(reason))
    starting.run(program, rest)


def show_step(arguments: list[str]) -> None:
    """Show a step of a script, or where its time goes."""
    from minigrad.watch import command

    try:
        command.main(arguments)
    except command.Wrong as error:
        refuse(str(error))


def show(text: str) -> None:
    """Print to a reader who may leave before the end, as in `python -m minigrad --names | head`."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def refuse(reason: str) -> NoReturn:
    """Say what is wrong; exit with status 2, as Python for a missing script."""
    print(f"python -m minigrad: {reason} (--help: how it is used)", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])

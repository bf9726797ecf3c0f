"""`python -m minigrad script.py` runs a PyTorch script on minigrad."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from minigrad import launcher

USAGE = """\
usage: python -m minigrad script.py [arguments]    run a PyTorch script on minigrad, unchanged
       python -m minigrad --explain [--step N] script.py [arguments]
                                                   explain its first (or N-th) step in words, and stop there
       python -m minigrad --draw FILE [--step N] script.py [arguments]
                                                   draw it: FILE ends in .svg, .png or .dot
       python -m minigrad --profile script.py [arguments]
                                                   run it, and show where its time went
       python -m minigrad --names                  list the names of PyTorch that minigrad has
"""


def main(arguments: list[str]) -> None:
    """Run the script, or answer an option."""
    if not arguments:
        refuse("which script?")
    elif arguments[0] in ("-h", "--help"):
        print(USAGE, end="")
    elif arguments[0] == "--names":
        show(launcher.supported_names())
    elif arguments[0] in ("--explain", "--draw", "--profile"):
        show_step(arguments)
    elif arguments[0].startswith("-"):
        refuse(f"no option {arguments[0]}")
    elif not os.path.isfile(arguments[0]):
        refuse(f"no such file: {arguments[0]}")
    else:
        launcher.install()
        launcher.run(arguments[0], arguments[1:])


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
    """Say how the command is used and what is wrong; exit with status 2, as Python for a missing script."""
    print(f"{USAGE}python -m minigrad: {reason}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])

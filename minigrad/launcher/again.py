"""The program of `python -m minigrad`, in a process that multiprocessing has started anew.

Such a process (a DataLoader's worker where processes are not forked) imports the main module again, to know the
program's classes.  The launcher names this module as the main one's, so that `import torch` brings minigrad here too.
"""

from minigrad import launcher
from minigrad.launcher import starting

if __name__ == "__mp_main__":
    launcher.install()
    starting.run_again(globals())

"""The script of `python -m minigrad script.py`, in a process that multiprocessing has started anew.

Such a process (a DataLoader's worker where processes are not forked) imports the main module again, to know the
script's classes.  The launcher names this module as the main one's, so that `import torch` brings minigrad here too.
"""

import os

from minigrad import launcher

if __name__ == "__mp_main__":
    launcher.install()
    launcher.execute(os.environ[launcher.SCRIPT], globals())

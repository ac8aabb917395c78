"""``python -m handbook.web … wsgi:gateway``: granian, with the application loaded before it forks.

The workers share the memory of what was loaded once, and start in a fraction of the time. Loading
opens no connection and starts no thread. Takes the arguments of granian's own command line, the
application last.
"""

import gc
import sys
from importlib import import_module

from granian.cli import entrypoint


def main() -> None:
    """Load the application named last on the command line and serve it."""
    import_module(sys.argv[-1].partition(":")[0])
    gc.collect()
    gc.freeze()  # else the collector writes into every page that is shared
    entrypoint()  # type: ignore[no-untyped-call] # granian's own command line


if __name__ == "__main__":
    main()

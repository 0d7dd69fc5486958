"""The command line, for `python -m recstore`."""

import sys

from recstore.cli import main

if __name__ == "__main__":
    sys.exit(main())

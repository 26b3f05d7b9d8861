"""The command `edgewise`, and `python -m edgewise`: what happens before the command line is loaded."""

from __future__ import annotations

import sys


def main() -> None:
    """Load the command line and run it. Ctrl-C ends it in silence, also while it loads, which takes half a second."""
    try:
        from edgewise.cli.main import main as command_line

        command_line()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

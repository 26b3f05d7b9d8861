"""`python -m edgewise`: the command line."""

from edgewise.cli.main import main

main()

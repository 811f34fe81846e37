"""``python -m flows`` is the command ``mard``."""

from flows.cli import main

main()

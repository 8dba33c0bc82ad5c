"""`python -m gridclear` is the command `gridclear`."""

from gridclear.cli import app

app(prog_name="gridclear")

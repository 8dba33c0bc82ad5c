"""The command's root."""

import typer

from gridclear import __version__
from gridclear.cli import agent
from gridclear.cli.output import console

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="Lease GPUs on a Gridclear marketplace, or offer yours.",
)
app.add_typer(agent.app, name="agent")


@app.command()
def version() -> None:
    """The version of this client."""
    console.print(__version__)

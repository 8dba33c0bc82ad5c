"""The command's root."""

import typer

from gridclear.cli import market, money
from gridclear.cli.output import console, fail
from gridclear.version import __version__

try:
    from gridclear.cli import agent
except ModuleNotFoundError as missing:  # the SDK without the extra `agent`, or a system that cannot be a node
    if (missing.name or "").startswith("gridclear"):
        raise
    agent = None  # type: ignore[assignment]

try:
    from gridclear.cli import escrow
except ModuleNotFoundError as missing:  # the SDK without the extra `escrow`
    if (missing.name or "").startswith("gridclear"):
        raise
    escrow = None  # type: ignore[assignment]

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="Lease GPUs on a Gridclear marketplace, or offer yours.",
)
app.add_typer(market.lease_app, name="lease")
app.add_typer(money.money_app, name="money")
app.command()(market.login)
app.command()(market.logout)
app.command()(market.offers)


if escrow is not None:
    app.add_typer(escrow.app, name="escrow")
else:

    @app.command("escrow", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
    def no_escrow() -> None:
        """Get a deposit back from the chain with nothing but a wallet (not installed)."""
        fail("no_escrow", "Chain wallets are not installed here. Run `pip install 'gridclear[escrow]'`.")


if agent is not None:
    app.add_typer(agent.app, name="agent")
else:

    @app.command("agent", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
    def no_agent() -> None:
        """Enrol this machine as a node, and run its agent (not installed)."""
        fail("no_agent", "The agent is not installed here. Run `pip install 'gridclear[agent]'` on Linux.")


@app.command()
def version() -> None:
    """The version of this client."""
    console.print(__version__)

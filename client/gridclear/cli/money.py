"""`gridclear money`: prepaid money that no lease used, and its way back."""

from typing import Annotated

import typer

from gridclear.cli.market import AsJson, connect
from gridclear.cli.output import console, print_json, speaks_plainly
from gridclear.types import Refund

money_app = typer.Typer(no_args_is_help=True, help="Unused prepaid money, and its way back to your cards.")


@money_app.command()
@speaks_plainly
def unused(as_json: AsJson = False) -> None:
    """What can go back to the cards that brought it, and what went back before."""
    with connect() as client:
        found = client.unused_money()
    if as_json:
        print_json(found.raw)
        return
    console.print(f"{found.returnable} can go back to your cards.")
    _show(found.refunds)


@money_app.command("return")
@speaks_plainly
def give_back(
    amount: Annotated[int, typer.Argument(min=1, help="USD cents.")],
    idempotency_key: Annotated[str | None, typer.Option(help="The same key again asks for no second one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask for so much of it; owners alone may, with a key for payments. One refund for each charge it goes back to."""
    with connect() as client:
        made = client.return_unused_money(amount, idempotency_key=idempotency_key)
    if as_json:
        print_json([refund.raw for refund in made])
    else:
        _show(made)


def _show(refunds: tuple[Refund, ...] | list[Refund]) -> None:
    for refund in refunds:
        why = f" ({refund.failure_code.replace('_', ' ')})" if refund.failure_code else ""
        console.print(f"{refund.id}  {refund.amount}, {refund.state}{why}", soft_wrap=True, highlight=False)

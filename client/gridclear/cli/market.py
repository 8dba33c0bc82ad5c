"""`gridclear offers`, `lease`, `login`: the renter's side."""

from collections.abc import Iterable
from itertools import islice
from typing import Annotated, Any

import typer
from rich.table import Table

from gridclear import credentials
from gridclear.cli.output import console, print_json, speaks_plainly
from gridclear.client import Client
from gridclear.errors import AgentError
from gridclear.types import EndUser, Lease, LeaseRequest, Money, Offer, Receipt

lease_app = typer.Typer(no_args_is_help=True, help="Open, watch, stop and resume leases; their receipts.")

AsJson = Annotated[bool, typer.Option("--json", help="Print the server's answer as JSON.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]
LeaseId = Annotated[str, typer.Argument(help="The lease's id.")]


def connect() -> Client:
    """A client for the address and the key that the environment or `gridclear login` gave."""
    known = credentials.find()
    return Client(known.url, known.api_key)


@speaks_plainly
def login(
    url: Annotated[str, typer.Option(envvar="GRIDCLEAR_URL", prompt="Address", help="The marketplace's address.")],
    api_key: Annotated[str, typer.Option(envvar="GRIDCLEAR_API_KEY", prompt="API key", hide_input=True)],
) -> None:
    """Check an API key and keep it in a file that only you can read."""
    with Client(url, api_key) as client:
        me = client.me()
    path = credentials.store(credentials.Credentials(url.rstrip("/"), api_key))
    console.print(f"Logged in for [bold]{me.organization}[/]. The key lies in {path}.", soft_wrap=True)


@speaks_plainly
def logout() -> None:
    """Forget the stored API key. It stays valid: revoke it in the web interface."""
    console.print("The stored key is forgotten." if credentials.forget() else "No key was stored.")


@speaks_plainly
def offers(
    gpu: Annotated[str | None, typer.Option(help="A GPU model's short name, such as h100-sxm.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="So many GPUs must be free.")] = None,
    price_max: Annotated[int | None, typer.Option(min=1, help="USD cents per GPU hour.")] = None,
    country: Annotated[str | None, typer.Option(help="Two letters, such as AU.")] = None,
    sort: Annotated[str | None, typer.Option(help="price, -price, newest, -memory, -free.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """GPUs that can be leased now."""
    filters = {"gpu_model": gpu, "gpu_count": count, "price_max_minor": price_max, "country": country, "sort": sort}
    with connect() as client:
        found = list(islice(client.offers(**filters), limit))
    if as_json:
        print_json([offer.raw for offer in found])
    elif found:
        console.print(_offer_table(found))
    else:
        console.print("No offer fits. Widen the filters, or try again later.")


@lease_app.command("open")
@speaks_plainly
def open_lease(
    offer: Annotated[str, typer.Argument(help="The offer's id, from `gridclear offers`.")],
    image: Annotated[str, typer.Option(help="The image to run.")],
    end_use: Annotated[str, typer.Option(help="What you will compute, in a sentence.")],
    command: Annotated[list[str] | None, typer.Argument(help="The command, after `--`.")] = None,
    gpus: Annotated[int, typer.Option(min=1)] = 1,
    seconds: Annotated[int, typer.Option(min=1, help="How long at most.")] = 3600,
    rail: Annotated[str, typer.Option(help="balance, card or escrow.")] = "balance",
    max_spend: Annotated[int | None, typer.Option(min=1, help="USD cents at most.")] = None,
    env: Annotated[list[str] | None, typer.Option(help="NAME=VALUE; may be repeated.")] = None,
    port: Annotated[list[int] | None, typer.Option(help="A port to publish; may be repeated.")] = None,
    ssh_public_key: Annotated[str, typer.Option()] = "",
    payment_method: Annotated[str, typer.Option(help="The card, for rail card.")] = "",
    wallet: Annotated[str, typer.Option(help="The depositing address, for rail escrow.")] = "",
    end_user: Annotated[str, typer.Option(help="self, undisclosed, or NAME,COUNTRY of another.")] = "self",
    end_use_kind: Annotated[
        str, typer.Option(help="no_model, inference, fine_tuning, training, or large_training (from 1e23 operations).")
    ] = "",
    idempotency_key: Annotated[str | None, typer.Option(help="The same key again opens no second lease.")] = None,
    as_json: AsJson = False,
) -> None:
    """Lease GPUs of an offer."""
    request = LeaseRequest(
        offer_id=offer,
        gpu_count=gpus,
        seconds=seconds,
        image=image,
        end_use=end_use,
        end_use_kind=end_use_kind,
        rail=rail,
        end_user=_end_user(end_user),
        command=tuple(command or ()),
        environment=_variables(env or []),
        ports=tuple(port or ()),
        ssh_public_key=ssh_public_key,
        max_spend_minor=max_spend,
        payment_method=payment_method,
        wallet=wallet,
    )
    with connect() as client:
        _show(client.open_lease(request, idempotency_key=idempotency_key), as_json)


@lease_app.command()
@speaks_plainly
def show(lease_id: LeaseId, as_json: AsJson = False) -> None:
    """One lease: its state, its cost so far, how it ended."""
    with connect() as client:
        _show(client.lease(lease_id), as_json)


@lease_app.command()
@speaks_plainly
def stop(lease_id: LeaseId, as_json: AsJson = False) -> None:
    """Stop a lease; you pay no further than now."""
    with connect() as client:
        _show(client.stop_lease(lease_id), as_json)


@lease_app.command()
@speaks_plainly
def resume(lease_id: LeaseId, as_json: AsJson = False) -> None:
    """Go on, in a new lease, with what was left of one that compliance ended."""
    with connect() as client:
        _show(client.resume_lease(lease_id), as_json)


@lease_app.command()
@speaks_plainly
def receipt(lease_id: LeaseId, as_json: AsJson = False) -> None:
    """What a settled lease cost, and what went back of it since."""
    with connect() as client:
        found, refunds = client.receipt(lease_id), client.refunds(lease_id)
    if as_json:
        print_json({**found.raw, "refunds": [refund.raw for refund in refunds]})
        return
    _print_rows(_receipt_rows(found))
    for refund in refunds:
        reason = refund.reason.replace("_", " ")
        _print_rows({"Refund": f"{refund.amount}, {refund.state} ({reason}, by the {refund.given_by})"})


@lease_app.command("list")
@speaks_plainly
def list_leases(limit: Limit = 20, as_json: AsJson = False) -> None:
    """Your leases, newest first."""
    with connect() as client:
        found = list(islice(client.leases(), limit))
    if as_json:
        print_json([lease.raw for lease in found])
    elif found:
        console.print(_lease_table(found))
    else:
        console.print("No lease yet. Next: gridclear offers")


@lease_app.command()
@speaks_plainly
def logs(
    lease_id: LeaseId,
    after: Annotated[int, typer.Option(min=0, help="Only lines with a higher number.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the lease is over.")] = False,
    as_json: AsJson = False,
) -> None:
    """What the workload wrote."""
    with connect() as client:
        lines = client.follow_logs(lease_id, after=after) if follow else _all_logs(client, lease_id, after)
        for line in lines:
            if as_json:
                at = line.at.isoformat() if line.at else None
                print_json({"sequence": line.sequence, "stream": line.stream, "at": at, "line": line.line})
            else:
                style = "yellow" if line.stream == "stderr" else None
                console.print(line.line, style=style, markup=False, highlight=False, soft_wrap=True)


def _all_logs(client: Client, lease_id: str, after: int) -> Iterable[Any]:
    while lines := client.logs(lease_id, after=after):
        yield from lines
        after = lines[-1].sequence


def _end_user(text: str) -> EndUser:
    if text in ("self", "undisclosed"):
        return EndUser(text)
    name, comma, country = text.rpartition(",")
    if not comma or not name.strip() or len(country.strip()) != 2:
        raise AgentError("bad_end_user", 'Give self, undisclosed, or the end user as "NAME,COUNTRY".')
    return EndUser("other", name.strip(), country.strip().upper())


def _variables(words: list[str]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    if bad := next((name for name, equals, _ in pairs if not equals or not name), None):
        raise AgentError("bad_variable", f"{bad!r} is not of the form NAME=VALUE.")
    return {name: value for name, _, value in pairs}


def _offer_table(found: list[Offer]) -> Table:
    table = Table("Offer", "GPU", "Where", "Provider", box=None, header_style="dim")
    table.add_column("Free", justify="right")
    table.add_column("Price / GPU h", justify="right")
    for offer in found:
        gpu = f"{offer.gpu_model} [yellow](simulated)[/]" if offer.simulated else offer.gpu_model
        where = " ".join(part for part in (offer.city or offer.region, offer.country) if part)
        free = f"{offer.free_gpus} of {offer.gpu_count}"
        table.add_row(offer.id, gpu, where, offer.provider, free, str(offer.price))
    return table


def _lease_table(found: list[Lease]) -> Table:
    table = Table("Lease", "State", "GPUs", box=None, header_style="dim")
    table.add_column("Seconds", justify="right")
    table.add_column("Cost", justify="right")
    for lease in found:
        gpus = f"{lease.gpu_count} x {lease.gpu_model}"
        table.add_row(lease.id, lease.state, gpus, f"{lease.billed_seconds:,}", str(lease.cost))
    return table


def _show(lease: Lease, as_json: bool) -> None:
    if as_json:
        print_json(lease.raw)
        return
    rows = {
        "Lease": lease.id,
        "State": lease.state + (f" ({lease.end_reason})" if lease.end_reason else ""),
        "GPUs": f"{lease.gpu_count} x {lease.gpu_model}" + (" (simulated)" if lease.simulated else ""),
        "Cost": f"{lease.cost} for {lease.billed_seconds:,} s, at most {lease.limit}",
        "Image": lease.image,
        "Error": lease.error,
    }
    _print_rows(rows)


def _receipt_rows(receipt: Receipt) -> dict[str, str]:
    def shown(amount: Money | None) -> str:
        return str(amount) if amount is not None and amount.minor else ""

    return {
        "Receipt": str(receipt.number),
        "Lease": receipt.lease_id,
        "Total": f"{receipt.total} for {receipt.billed_seconds:,} s",
        "Credit": shown(receipt.credit),
        "Fee": shown(receipt.fee),
        "Earned": shown(receipt.earned),
        "Refunded": shown(receipt.refunded),
        "Owed": f"{receipt.owed}: the card did not pay it" if receipt.owed.minor else "",
    }


def _print_rows(rows: dict[str, str]) -> None:
    for name, value in rows.items():
        if value:
            console.print(f"{name:10}", end="", style="dim")
            console.print(value, markup=False, highlight=False, soft_wrap=True)

"""What the developer sees once everything runs: where to look and who to sign in as."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from marketplace.development.environment import HERE
from marketplace.development.world import PASSWORD, logins


def print_addresses(console: Console, state: Path, environment: Mapping[str, str]) -> None:
    """The addresses and the logins stand on the terminal."""
    base = environment["GRIDCLEAR_BASE_URL"]
    table = Table(title="Gridclear is running", title_justify="left", show_header=False, box=None)
    table.add_row("Web", base)
    table.add_row("API", f"{base}/api/v1/")
    table.add_row("API docs", f"{base}/api/v1/docs/")
    table.add_row("Logs", str(state / "logs"))
    console.print(table)
    people = Table("Sign in as", "who is", title=f"Everyone's password: {PASSWORD}", title_justify="left", box=None)
    for email, description in logins():
        people.add_row(email, description)
    console.print(people)
    if not environment.get(HERE):
        console.print(
            "It is not known where your browser is, so leases of controlled chips wait for an officer; "
            f"`{HERE}=SG make run` puts it into Singapore.",
            highlight=False,
        )
    console.print("Press Ctrl-C to stop every part.")

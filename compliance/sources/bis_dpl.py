"""The Denied Persons List of BIS, as the tab separated file that it publishes: a line for each address of an order."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from compliance.engine.country_names import country_code
from compliance.sources.base import ListedName, ListEntry
from compliance.sources.files import table_rows

_COLUMNS = (
    "Name", "Street_Address", "City", "State", "Country", "Postal_Code", "Effective_Date", "Expiration_Date",
    "Standard_Order", "Last_Update", "Action", "FR_Citation",
)  # fmt: skip


@dataclass(slots=True)
class _Order:
    """One denial: of one name, from one day on."""

    name: str
    since: str
    until: str
    countries: dict[str, None] = field(default_factory=dict)
    notices: dict[str, None] = field(default_factory=dict)


def read_bis_dpl(path: Path) -> Iterator[ListEntry]:
    """Every order of the list; it denies export privileges and blocks nothing. Raises `NotAList`."""
    orders: dict[tuple[str, str], _Order] = {}
    for _, cells in table_rows(path, _COLUMNS, delimiter="\t"):
        row = {name: " ".join(cell.split()) for name, cell in cells.items()}
        key = (row["Name"].casefold(), row["Effective_Date"])
        order = orders.setdefault(key, _Order(row["Name"], row["Effective_Date"], row["Expiration_Date"]))
        # The list leaves the country of its own country's addresses blank, or writes a state's code there.
        if code := country_code(row["Country"]) or ("US" if row["State"] else ""):
            order.countries[code] = None
        order.notices[row["FR_Citation"]] = None
    yield from map(_entry, orders.values())


def _entry(order: _Order) -> ListEntry:
    until = f" until {order.until}" if order.until else ", without an end"
    told = f"{order.name.casefold()}\0{order.since}"
    return ListEntry(
        external_id=f"DPL:{hashlib.sha256(told.encode()).hexdigest()[:20]}",
        kind="unknown",
        names=(ListedName(order.name, "strong", "", True),) if order.name else (),
        authority="BIS",
        blocked=False,
        countries=tuple(order.countries),
        programmes=("DPL",),
        remarks=f"Denied since {order.since}{until}. {'; '.join(each for each in order.notices if each)}".strip(),
    )

"""What a file says about parties and holdings, whatever its format."""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from compliance.engine.codec import Malformed

HUNDRED = Decimal(100)
UNIT = Decimal("0.0001")  # the finest part of a percent that is kept
MAX_PARTIES = 2_000
MAX_HOLDINGS = 5_000


@dataclass(frozen=True, slots=True)
class ToldParty:
    """A party as the file has it; `key` is the file's own name for it. Countries are ISO 3166-1, "" when not told.

    `undisclosed` says why the file does not tell who it is.
    """

    key: str
    kind: str  # person | entity
    name: str
    country: str = ""
    region: str = ""
    headquarters_country: str = ""
    address: str = ""
    registration_number: str = ""
    birth_date: str = ""
    aliases: tuple[str, ...] = ()
    lei: str = ""
    entity_type: str = ""
    publicly_traded: bool = False
    undisclosed: str = ""


@dataclass(frozen=True, slots=True)
class ToldHolding:
    """`owner` holds `low` to `high` percent of `owned` from `started_on` until `ended_on`, its first day without."""

    owner: str
    owned: str
    interest: str
    low: Decimal = Decimal(0)
    high: Decimal = HUNDRED
    direct: bool = True
    started_on: date | None = None
    ended_on: date | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """All that the file says. `subject` is the key of the entity that it is about.

    `whole`: of each entity that it speaks of it names all known holders, so that others are over. `notes` tell what was
    left out or read in a way that one may want to know.
    """

    source: str
    subject: str
    parties: dict[str, ToldParty]
    holdings: tuple[ToldHolding, ...]
    whole: bool
    notes: tuple[str, ...] = field(default=())

    @property
    def owned(self) -> set[str]:
        """The entities of whose owners the file speaks."""
        return {each.owned for each in self.holdings}


def above_subject(told: Told) -> Told:
    """The same without whoever does not stand above the subject; a note says so."""
    owners: dict[str, set[str]] = {}
    for each in told.holdings:
        owners.setdefault(each.owned, set()).add(each.owner)
    seen, frontier = {told.subject}, [told.subject]
    while frontier:
        new = owners.get(frontier.pop(), set()) - seen
        seen |= new
        frontier += new
    left = len(told.parties) - len(seen)
    notes = (f"Left out: {left} parties that do not stand above the subject.",) if left else ()
    return replace(
        told,
        parties={key: party for key, party in told.parties.items() if key in seen},
        holdings=tuple(each for each in told.holdings if each.owned in seen),
        notes=(*told.notes, *notes),
    )


def undisclosed(key: str, kind: str, reason: str) -> ToldParty:
    """A holder of whom the file does not tell who it is."""
    return ToldParty(key, kind, f"Undisclosed {'person' if kind == 'person' else 'owner'}", undisclosed=reason[:60])


def day(text: object, what: str, today: date) -> date | None:
    """The day that the text begins with; a year or a month stands for its first day. Raises `Malformed`.

    A day that has not come is refused: what is held then is not known now.
    """
    if text in (None, ""):
        return None
    digits = text[:10] if isinstance(text, str) else ""
    try:
        found = date.fromisoformat(digits + "0000-01-01"[len(digits) :])
    except ValueError as error:
        raise Malformed(f"{what} must be a date, YYYY-MM-DD") from error
    if found > today:
        raise Malformed(f"{what} lies in the future ({found.isoformat()})")
    return found


def refuse_too_much(parties: int, holdings: int) -> None:
    """Raises `Malformed` for more than one declaration can sensibly hold."""
    if parties > MAX_PARTIES or holdings > MAX_HOLDINGS:
        raise Malformed(f"at most {MAX_PARTIES:,} parties and {MAX_HOLDINGS:,} holdings are taken in one import")

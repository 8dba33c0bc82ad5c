"""Whether the person whom a vendor proved is the person who was declared."""

from typing import Protocol

from compliance.engine.naming.text import plain

LEAST_IN_COMMON = 2


class Proven(Protocol):
    """What was proven of a person."""

    @property
    def first_name(self) -> str: ...
    @property
    def last_name(self) -> str: ...
    @property
    def birth_date(self) -> str: ...


def differences(proven: Proven, *, name: str, aliases: tuple[str, ...], birth_date: str) -> tuple[str, ...]:
    """In what the two differ: `name`, `birth_date`; nothing when they fit.

    Names fit in any order and script of Latin, with middle names on one side only, when two words at least are the
    same. A birth date fits when both give the whole day and it is the same.
    """
    shown = set(plain(f"{proven.first_name} {proven.last_name}").split())
    told = [set(plain(each).split()) for each in (name, *aliases)]
    found = []
    if not any(len(shown & words) >= LEAST_IN_COMMON and (shown <= words or words <= shown) for words in told):
        found.append("name")
    if len(birth_date) != len("YYYY-MM-DD") or proven.birth_date != birth_date:
        found.append("birth_date")
    return tuple(found)

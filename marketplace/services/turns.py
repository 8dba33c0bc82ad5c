"""How often an organization begins a deed about its cards, whichever way it asks: pages and API are counted together.

Who tests stolen cards tries many of them, or many small amounts, in a short time; nobody who rents does. What is
counted is that it was asked for, whether it came to anything or not: a declined card is what such a test is after.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from django.core.cache import cache

from compliance.base import clock
from compliance.base.errors import Refusal

HOUR, DAY = 3_600, 86_400


class Deed(StrEnum):
    """What is counted."""

    TOP_UP = "top_up"
    SAVE_CARD = "save_card"
    AUTO_TOP_UP = "auto_top_up"
    UNUSED_MONEY = "unused_money"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many in each span of so many seconds (UTC); `words` say what."""

    most: int
    seconds: int
    words: str


LIMITS: Mapping[Deed, Limit] = {
    Deed.TOP_UP: Limit(10, HOUR, "10 top-ups an hour"),
    Deed.SAVE_CARD: Limit(10, DAY, "10 cards a day"),
    Deed.AUTO_TOP_UP: Limit(10, DAY, "10 changes of automatic top-up a day"),
    Deed.UNUSED_MONEY: Limit(10, DAY, "10 requests for unused money a day"),
}


class TooOften(Refusal):
    """The organization has asked for it too often; `retry_after_seconds` says when it may again."""

    code = "too_often"
    http_status = 429
    default_message = "You asked for this too often. Nothing was changed; try again later."


def take(organization_id: UUID, deed: Deed) -> None:
    """The organization has begun one more of these deeds. Raises TooOften beyond the limit.

    Spans begin with the hour or the day in UTC, so at most twice the limit falls into any such time. Counted in the
    cache, in one step, so that requests at once count each; while it does not answer, nothing is begun.
    """
    limit, now = LIMITS[deed], int(clock.now().timestamp())
    span = now // limit.seconds
    key = f"turns:{deed}:{organization_id}:{span}"
    # Kept for longer than the span, so that it does not end between the two steps.
    cache.add(key, 0, 2 * limit.seconds)
    if cache.incr(key) > limit.most:
        ends = (span + 1) * limit.seconds
        until = datetime.fromtimestamp(ends, UTC)
        words = f"An organization has {limit.words} at most"
        raise TooOften(
            f"{words}. Nothing was changed; try again from {until:%d %b, %H:%M} UTC.", retry_after_seconds=ends - now
        )

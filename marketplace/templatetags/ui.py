"""Filters and tags of the design system: money, times, ids, states, flow of a form."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString

from compliance.base import clock
from marketplace.forms.countries import country_name
from marketplace.views.states import Look, look
from settlement.money import amount_words

register = template.Library()

STEPS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


@register.filter
def money(amount_minor: int | None, currency: str = "USD") -> str:
    """`$2.10` or `2.10 USDC`, exact, from minor units; an em dash where there is no amount."""
    return "—" if amount_minor is None else amount_words(amount_minor, currency, minus="−")


@register.filter
def count(number: int) -> str:
    """`18,204`."""
    return f"{number:,}"


@register.filter
def bps(basis_points: int) -> str:
    """`10 %` from 1,000 basis points."""
    return f"{basis_points / 100:g} %"


@register.filter
def relative(at: datetime | None) -> str:
    """`3 minutes ago`, `in 2 hours`, `just now`."""
    if at is None:
        return "—"
    seconds = round((at - clock.now()).total_seconds())
    if abs(seconds) < 5:
        return "just now"
    unit, size = next((unit, size) for unit, size in STEPS if abs(seconds) >= size)
    count = abs(seconds) // size
    words = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"in {words}" if seconds > 0 else f"{words} ago"


@register.filter
def exact(at: datetime | None) -> str:
    """`24 Nov 2026, 04:05:06 UTC`."""
    return at.astimezone(UTC).strftime("%d %b %Y, %H:%M:%S UTC") if at else ""


@register.filter
def iso(at: datetime | None) -> str:
    """The instant for a machine to read."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


@register.filter
def country(code: str) -> str:
    """The country's name; a code that is none stays as it is."""
    return country_name(code)


@register.filter
def duration(seconds: int | timedelta | None) -> str:
    """`2 h 5 min`, `7 d`, `45 s`: the two greatest units, without idle zeros."""
    if seconds is None:
        return "—"
    total = int(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds)
    for size, word, part, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if total >= size:
            rest = total % size // part
            return f"{total // size} {word} {rest} {small}" if rest else f"{total // size} {word}"
    return f"{total} s"


@register.filter
def gib(mib: int | None) -> str:
    """Mebibytes as whole gibibytes."""
    return "—" if mib is None else f"{mib / 1024:,.0f} GiB"


@register.filter
def bandwidth(mbps: int | None) -> str:
    """Megabits per second, as gigabits from a thousand on."""
    if not mbps:
        return "—"
    return f"{mbps / 1000:g} Gbit/s" if mbps >= 1000 else f"{mbps} Mbit/s"


@register.filter
def disk(gib: int | None) -> str:
    """Gibibytes, as tebibytes from a thousand on."""
    if not gib:
        return "—"
    return f"{gib / 1024:.1f} TiB" if gib >= 1000 else f"{gib} GiB"


@register.filter
def percent(share: float | Decimal | None) -> str:
    """`33.3 %` from 0.333."""
    return "—" if share is None else f"{float(share) * 100:.1f} %"


@register.filter
def short_id(value: Any) -> str:
    """The first eight characters of an id; head and tail of an address or hash."""
    text = str(value)
    if text.startswith("0x") and len(text) > 16:
        return f"{text[:6]}…{text[-4:]}"
    return text[:8] if len(text) > 12 else text


@register.filter
def looks(state: str | None) -> Look:
    """The look of a state."""
    return look(str(state or "none"))


@register.filter
def humanise(code: str | None) -> str:
    """`renter_stopped` as `Renter stopped`."""
    return str(code or "").replace("_", " ").replace(".", ": ").capitalize()


@register.filter
def control(field: BoundField, label_id: str = "") -> SafeString:
    """The widget with the class of its kind and, where the field is wrong or explained, the ARIA words for it."""
    kind = getattr(field.field.widget, "input_type", "textarea")
    classes = {
        "file": "input file-input",
        "checkbox": "checkbox",
        "radio": "radio",
        "select": "select",
        "textarea": "textarea",
    }
    attrs: dict[str, Any] = {
        "class": f"{classes.get(kind, 'input')} {field.field.widget.attrs.get('class', '')}".strip()
    }
    described = []
    if field.help_text:
        described.append(f"{field.id_for_label}_help")
    if field.errors:
        described.append(f"{field.id_for_label}_error")
        attrs["aria-invalid"] = "true"
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return field.as_widget(attrs=attrs)


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Whether the field is one box to tick."""
    return getattr(field.field.widget, "input_type", "") == "checkbox" and not hasattr(field.field, "choices")

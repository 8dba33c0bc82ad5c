"""The matches of a case, as its page shows them."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from compliance.selectors.case_batches import Entry, cases_about, entry_of
from compliance.selectors.cases import CaseInFull
from compliance.selectors.matches import MatchView


def matches_of(full: CaseInFull) -> list[dict[str, Any]]:
    """The matches; an undecided one says how many more open cases are about its entry."""
    views = full.matches
    repeated = cases_about(view.match for view in views if view.match.state == "open")
    rows = []
    for view in views:
        entry = entry_of(view.match)
        rows.append(match_facts(view) | {"same": max(repeated[entry] - 1, 0), "same_url": entry_address(entry)})
    return rows


def entry_address(entry: Entry) -> str:
    """The address of the preview of a batch about the entry."""
    asked = {"list": entry.list_code, "entry": entry.external_id, "hash": entry.entry_hash}
    return f"{reverse('web:case_batch_new')}?{urlencode(asked)}"


def match_facts(view: MatchView) -> dict[str, Any]:
    """A match, its score against its threshold, and the two records side by side."""
    match = view.match
    rest = [
        ("Also known as", "; ".join(view.other_names[:12])),
        ("Programmes", ", ".join(view.programmes)),
        ("Remarks", view.remarks),
    ]
    lines = [
        {"name": row.label, "ours": row.party, "theirs": row.listed, "agrees": row.agrees} for row in view.comparisons
    ]
    lines += [{"name": name, "ours": "", "theirs": value, "agrees": None} for name, value in rest if value]
    return {
        "listed_name": match.listed_name,
        "state": f"match_{match.state}",
        "list_code": view.list_title,
        "list_url": reverse("web:watchlist", args=[match.list_code]),
        "external_id": match.external_id,
        "score": match.score,
        "score_width": round(match.score * 100, 1),
        "threshold": match.threshold,
        "threshold_x": round(match.threshold * 100, 1),
        "strength": match.strength,
        "features": match.features,
        "lines": lines,
    }

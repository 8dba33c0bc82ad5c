"""Policy packs before the officers: which there are, what one changes, and which answers it would turn."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from compliance.base import clock
from compliance.engine.codec import Malformed
from compliance.engine.packs import NoPackInForce, PolicyPack
from compliance.engine.policy_diff import Change, changes
from compliance.selectors.policies import pack_named, packs
from compliance.selectors.policy_changes import Turned, last_decisions, latest_decisions_of_live_leases, turned_by
from marketplace.forms.cases import words_of
from marketplace.forms.policies import LOOKED_AT, PacksForm, SimulationForm
from marketplace.views.base import crumb, officer_view
from marketplace.views.records import record_tabs

MOST_TOLD = 100  # turned answers of a kind; all of them count


@require_safe
@officer_view
def policies(request: HttpRequest) -> HttpResponse:
    """The packs that are here; of two of them, what the one says otherwise than the other."""
    known = packs()
    form = PacksForm(request.GET or None, packs=known, initial=_last_step(known))
    found = None
    if form.is_bound and form.is_valid():
        old, new = (pack_named(form.cleaned_data[name]) for name in ("old", "new"))
        found = [_change(each, old, new) for each in changes(old, new)]
    context = {
        "tabs": record_tabs("web:policies"),
        "packs": list(_rows(known, clock.now().date())),
        "form": form,
        "changes": found,
        "simulation_form": SimulationForm(packs=known),
    }
    return render(request, "records/policies.html", context)


@require_safe
@officer_view
def policy_simulation(request: HttpRequest) -> HttpResponse:
    """Which live leases and which of the last decisions a pack would answer otherwise. Nothing is stored or changed."""
    form = SimulationForm(request.GET or None, packs=packs(), initial={"last": LOOKED_AT[0][0]})
    context: dict[str, Any] = {"crumbs": [crumb("Policy", reverse("web:policies")), crumb("Simulation")], "form": form}
    if form.is_bound and form.is_valid():
        pack, last = pack_named(form.cleaned_data["pack"]), form.cleaned_data["last"]
        try:
            context["parts"] = _simulated(pack, last)
        except (NoPackInForce, Malformed) as error:
            context["failure"] = f"A stored decision cannot be decided again: {error}."
        context["pack"] = pack
    return render(request, "records/policy_simulation.html", context)


def _simulated(pack: PolicyPack, last: int) -> list[dict[str, Any]]:
    live, decisions = latest_decisions_of_live_leases(), last_decisions(last)
    kinds = (("Live leases", "lease", live), ("Last decisions", "decision", decisions))
    parts = []
    for title, kind, rows in kinds:
        turned = list(turned_by(pack, rows))
        told = [_turned(each) for each in turned[:MOST_TOLD]]
        parts.append({"title": title, "kind": kind, "of": rows.count(), "count": len(turned), "rows": told})
    return parts


def _turned(found: Turned) -> dict[str, Any]:
    return {
        "decision": found.decision_id,
        "subject": found.subject_id,
        "lease": found.subject_id if found.purpose == "lease" else None,
        "purpose": found.purpose,
        "pack": found.pack,
        "before": found.turn.before,
        "after": found.turn.after,
        "new": found.turn.new,
        "no_more": found.turn.no_more,
    }


def _last_step(known: tuple[PolicyPack, ...]) -> dict[str, str]:
    """The newest pack against the one before it."""
    newest = known[-2:]
    return {"old": newest[0].label, "new": newest[-1].label} if newest else {}


def _rows(known: tuple[PolicyPack, ...], today: date) -> Iterator[dict[str, Any]]:
    """Newest first, each with whether it is in force."""
    current = max((pack.in_force_from for pack in known if pack.in_force_from <= today), default=None)
    for pack in reversed(known):
        state = "in_force" if pack.in_force_from == current else "coming" if pack.in_force_from > today else "past"
        yield {"pack": pack, "state": state, "rules": len(pack.rules)}


def _change(found: Change, old: PolicyPack, new: PolicyPack) -> dict[str, Any]:
    fields = [{"name": name, "was": _words(was), "now": _words(now)} for name, (was, now) in found.fields.items()]
    whole = {"was": _rule(found, old), "now": _rule(found, new)}
    return {"what": found.what, "name": found.name, "how": found.how, "fields": fields, **whole}


def _rule(found: Change, pack: PolicyPack) -> str:
    """What the rule says in the pack, in one line; a dash where the pack has none of that name."""
    if found.what != "rule":
        return "—"
    rule = next((each for each in pack.rules if each.code == found.name), None)
    return f"{rule.label}. {rule.outcome} ({rule.kind}): {rule.citation}" if rule else "—"


def _words(value: Any) -> str:
    """A value of a pack as people read it."""
    if value is None or value in ("", (), [], {}):
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{words_of(str(name)).lower()}: {_words(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ("; " if any(isinstance(each, Mapping) for each in value) else ", ").join(map(_words, value))
    return str(value)

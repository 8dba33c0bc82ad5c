"""What a pack would change, told by page and by command before it counts: the words, the leases, the decisions."""

from html import unescape
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from compliance.base import clock
from compliance.base.audit import AuditEvent
from compliance.engine.packs import load_packs, pack_in_force
from compliance.engine.policy_diff import changes
from compliance.models import Decision
from compliance.selectors.policies import pack_named, packs
from tests.cast import Cast
from tests.factories.packs import add_newer_pack

BEFORE = pack_in_force(clock.now(), load_packs()).label
OLDEST = "gridclear@2026-11-24"


@pytest.fixture
def lease(cast: Cast):
    """Lion City Labs of Singapore leases, under the newest released pack."""
    _, offer = cast.supply()
    return cast.lease(offer)


@pytest.fixture
def stricter(lease, settings, tmp_path) -> str:
    """A pack that counts Singapore with Macau."""
    return add_newer_pack(settings, tmp_path, 'members = ["MO"]', 'members = ["MO", "SG"]')


def page(client, name: str, **asked: object) -> str:
    response = client.get(reverse(f"web:{name}"), asked)
    assert response.status_code == 200
    return unescape(response.content.decode())


def told(*words: str) -> str:
    out = StringIO()
    call_command("policy", *words, stdout=out)
    return out.getvalue()


def test_the_page_names_every_pack_and_the_one_in_force(cast: Cast, stricter: str, browse):
    shown = page(browse(cast.olga), "policies")
    assert all(pack.label in shown and pack.hash[:8] in shown for pack in packs())
    assert shown.count(">In force<") >= 1
    assert "No difference" not in shown


def test_two_packs_are_compared_by_page_and_by_command(cast: Cast, stricter: str, browse):
    shown = page(browse(cast.olga), "policies", old=BEFORE, new=stricter)
    assert "SG in Macau" in shown
    assert "added" in shown
    same = page(browse(cast.olga), "policies", old=BEFORE, new=BEFORE)
    assert "No difference" in same
    assert told("diff", BEFORE, stricter).splitlines()[-1] == f"1 changes from {BEFORE} to {stricter}."
    assert told("diff", BEFORE, BEFORE) == f"0 changes from {BEFORE} to {BEFORE}.\n"
    assert "added    rule" in told("diff", OLDEST, BEFORE)
    long = page(browse(cast.olga), "policies", old=OLDEST, new=BEFORE)
    added = next(
        each for each in changes(*map(pack_named, (OLDEST, BEFORE))) if (each.what, each.how) == ("rule", "added")
    )
    rule = next(each for each in pack_named(BEFORE).rules if each.code == added.name)
    assert f"{rule.label}. {rule.outcome} ({rule.kind}): {rule.citation}" in long
    assert "frozenset" not in long
    assert '{"' not in long.partition("<tbody>")[2]


def test_a_simulation_names_the_lease_and_the_decision_that_would_turn(cast: Cast, lease, stricter: str, browse):
    before = (AuditEvent.objects.count(), Decision.objects.count())
    shown = page(browse(cast.olga), "policy_simulation", pack=stricter, last=50)
    assert f"{stricter} would change 1 of 1" in shown
    assert reverse("web:lease", args=[lease.pk]) in shown
    assert reverse("web:decision", args=[lease.clearance.decision_id]) in shown
    assert "+ " in shown
    lines = told("simulate", stricter, "--last", "50").splitlines()
    assert lines[0].startswith(f"lease {lease.pk}: ALLOW -> ")
    assert lines[-1].startswith(f"{stricter} would change 1 of 1 live leases and ")
    assert (AuditEvent.objects.count(), Decision.objects.count()) == before
    lease.refresh_from_db()
    assert lease.end_reason == ""


def test_a_pack_that_answers_as_before_turns_nothing(cast: Cast, lease, browse):
    shown = page(browse(cast.olga), "policy_simulation", pack=BEFORE, last=50)
    assert "Nothing would change" in shown
    assert f"{BEFORE} would change 0 of 1" in shown
    assert told("simulate", BEFORE).startswith(f"{BEFORE} would change 0 of 1 live leases and 0 of the last ")


@pytest.mark.parametrize(
    "asked", [{"pack": "gridclear@1999-01-01", "last": 50}, {"pack": BEFORE, "last": 10**9}, {"pack": BEFORE}]
)
def test_what_is_not_offered_is_refused_by_the_form(cast: Cast, asked, browse):
    shown = page(browse(cast.olga), "policy_simulation", **asked)
    assert "would change" not in shown
    assert "_error" in shown


def test_the_command_refuses_a_pack_that_is_not_there(db):
    for words in (("diff", BEFORE, "nowhere"), ("simulate", "nowhere"), ("simulate", BEFORE, "--last", "-1")):
        with pytest.raises(CommandError):
            told(*words)

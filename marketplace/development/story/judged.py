"""Scenes (f) and (g): what people decide with four eyes, and what happens with no one's help."""

import io
import secrets
import time
from typing import Any

from django.conf import settings
from django.core.management import call_command

from marketplace.development.doors import Api, DoorError, Web, wait_for
from marketplace.development.seeding.lists import GROWING_LIST, write_list_with
from marketplace.development.story.leasing import (
    Wish,
    ask_in_vain,
    find_offer,
    lease_body,
    open_lease,
    stop_and_settle,
    tell_refusal,
    top_up,
    watch_it_run,
)
from marketplace.development.story.people import act, find_case, officer
from marketplace.development.story.proofs import expect_reason, hold_of
from marketplace.development.story.stage import Stage
from marketplace.development.story.verifying import verified_renter
from marketplace.development.world import OFFICERS, broker, studio

RTX_3090_IN_BRISBANE = Wish("rtx-3090", "AU", 1, "Training a recommender for web shops", "training")
RTX_4090_IN_FRANKFURT = Wish("rtx-4090", "DE", 1, "Rendering a museum in real time", "no_model")
UNDISCLOSED = {"kind": "undisclosed"}
# From the list's arrival to the end of the workload, as the issue promises.
STOP_SECONDS = 10.0
SYLLABLES = ("ba", "do", "fe", "gri", "hol", "ka", "lu", "mor", "ne", "pel", "quo", "ris", "sta", "tu", "vel", "wen")


def new_word() -> str:
    """A name that nobody bears, so that each play has a new party."""
    return "".join(secrets.choice(SYLLABLES) for _ in range(4)).capitalize()


def undisclosed_end_user(stage: Stage) -> None:
    """(f) A broker does not say for whom it buys: a person asks, a second one agrees."""
    base_url = settings.GRIDCLEAR_BASE_URL
    person = verified_renter(stage, base_url, broker(new_word()), RTX_3090_IN_BRISBANE.end_use)
    terms: dict[str, Any] = {"rail": "balance", "end_user": UNDISCLOSED}
    top_up(stage, person.api, 1_000)
    answer = ask_in_vain(person, RTX_3090_IN_BRISBANE, **terms)
    decision_id = tell_refusal(stage, answer, "clearance_in_review")
    expect_reason(stage, decision_id, "end_user_undisclosed", "an undisclosed end user is a red flag")
    (ada_email, ada), (noor_email, noor) = OFFICERS
    first, second = officer(base_url, ada_email), officer(base_url, noor_email)
    case = find_case(first, person.company.name, "end_user_undisclosed")
    act(first, case, "request", body="For which organization do you buy, and in which country is it?")
    stage.step(f"officer {ada} asked for whom the broker buys")
    said = "We buy for Wattle Retail Pty Ltd of Melbourne, Australia; the contract is attached to our file."
    person.web.submit(case.replace("/cases/", "/requests/"), {"body": said})
    stage.expect(said in _text(first.page(case)), f"the broker answered: “{said}”")
    proposal = {"disposition": "release", "reason": "end_user_known", "body": "The contract names the end user."}
    act(first, case, "propose", **proposal)
    stage.step(f"officer {ada} proposed a release")
    act(first, case, "approve", body="I agree with myself.")
    stage.expect(_is_open(person.api, terms), f"{ada} could not approve her own proposal: four eyes")
    act(second, case, "approve", body="I read the answer and agree.")
    stage.step(f"officer {noor} approved it")
    lease_id = open_lease(stage, person, RTX_3090_IN_BRISBANE, **terms)
    watch_it_run(stage, person.api, lease_id, RTX_3090_IN_BRISBANE)
    stop_and_settle(stage, person.api, lease_id)


def _is_open(api: Api, terms: dict[str, Any]) -> bool:
    """Whether the lease is still held back."""
    body = lease_body(find_offer(api, RTX_3090_IN_BRISBANE), RTX_3090_IN_BRISBANE, **terms)
    return api.ask("POST", "/leases", body).body.get("code") == "clearance_in_review"


def _text(page: str) -> str:
    return page.replace("&#x27;", "'").replace("&amp;", "&")


def listed_while_running(stage: Stage) -> None:
    """(g) A running renter is put on a list: suspended, stopped, frozen, a case, with no one's help."""
    base_url = settings.GRIDCLEAR_BASE_URL
    word = new_word()
    person = verified_renter(stage, base_url, studio(word), RTX_4090_IN_FRANKFURT.end_use)
    top_up(stage, person.api, 1_000)
    lease_id = open_lease(stage, person, RTX_4090_IN_FRANKFURT, rail="balance")
    watch_it_run(stage, person.api, lease_id, RTX_4090_IN_FRANKFURT)
    company = person.company
    update = write_list_with(company.name, "NO", "4 Sample Road, Trondheim")
    call_command("load_watchlists", GROWING_LIST, str(update), stdout=io.StringIO())
    loaded = time.monotonic()
    stage.step(f"the list {GROWING_LIST} was updated and now names {company.name}; nobody does anything more")
    suspended = wait_for(lambda: _lease(person.api, lease_id, "suspended"), "the lease is suspended")
    stage.step(f"after {time.monotonic() - loaded:.1f} s the lease is suspended: {suspended['end_reason']}")
    ordered = time.monotonic()
    wait_for(lambda: _lease(person.api, lease_id, "suspended", workload="stopped"), "the workload is stopped")
    took = time.monotonic() - ordered
    stage.expect(took <= STOP_SECONDS, f"{took:.1f} s later the agent had stopped the workload")
    hold = hold_of(lease_id)
    stage.expect(hold is not None and hold.state == "frozen", "the hold is frozen")
    desk = officer(base_url, OFFICERS[0][0])
    case = wait_for(lambda: _case(desk, company.name), "a case is open")
    stage.expect(case, "a case lies in the officers' queue, with the match in full")
    answer = ask_in_vain(person, RTX_4090_IN_FRANKFURT, rail="balance")
    tell_refusal(stage, answer, "clearance_denied")


def _lease(api: Api, lease_id: str, state: str, workload: str = "") -> dict[str, object] | None:
    lease = api.get(f"/leases/{lease_id}")
    return lease if lease["state"] == state and workload in ("", lease["workload_state"]) else None


def _case(desk: Web, name: str) -> str | None:
    try:
        return find_case(desk, name, "Match")
    except DoorError:
        return None

"""A list that drips away is noticed: what went within thirty days counts together, until two officers let it go."""

import json

import pytest

from compliance.base.actor import system
from compliance.base.audit import AuditEvent
from compliance.base.errors import InvalidInput
from compliance.models import Case, WatchlistVersion
from compliance.services import cases
from compliance.services.list_losses import LOSS_WINDOW
from compliance.services.watchlists import WatchlistRefused, load_watchlist
from tests.factories.compliance import OFFICER, SECOND_OFFICER

pytestmark = pytest.mark.django_db

LOADER = system("tests")
HUNDRED = range(100)


@pytest.fixture
def load(tmp_path, clock):
    """Loads a list of companies of these numbers, a day after the one before."""

    def loading(numbers, *, aliases=(), days=1, **how):
        clock.advance(days=days)
        path = tmp_path / "list.jsonl"
        path.write_text("".join(_line(number, number in aliases) for number in numbers))
        return load_watchlist("opensanctions", str(path), actor=LOADER, **how)

    return loading


def _line(number, alias):
    names = [f"Invented Holding Number {number}", *([f"Made Up Concern {number}"] if alias else [])]
    properties = {"name": names, "topics": ["sanction"]}
    return json.dumps({"id": f"x-{number}", "schema": "Company", "properties": properties}) + "\n"


def released():
    """The number of the newest alarm, released by two officers."""
    case = Case.objects.filter(kind=Case.Kind.LIST_ALARM).latest("number")
    cases.propose_disposition(case.pk, "release", "list_is_sound", "The authority delisted them.", actor=OFFICER)
    cases.approve_disposition(case.pk, "Checked on its site.", actor=SECOND_OFFICER)
    return str(case.number)


def test_a_list_that_loses_little_each_day_is_refused_once_it_lost_more_than_one_in_twenty(load):
    load(HUNDRED)
    load(HUNDRED[4:])
    with pytest.raises(WatchlistRefused, match="within 30 days it lost more than 5 %: from 100 to 93 entries"):
        load(HUNDRED[7:])
    assert WatchlistVersion.objects.get(state="current").row_count == 96
    assert Case.objects.get().summary.startswith("The list opensanctions was refused: within 30 days it lost more")
    assert load(HUNDRED[5:]).row_count == 95, "one in twenty, and no more, is no loss"


def test_as_many_new_entries_hide_no_drip(load):
    load(HUNDRED)
    load(range(4, 110))
    with pytest.raises(WatchlistRefused, match="within 30 days it lost more than 5 %: 8 entries went, of 106 at most"):
        load(range(8, 120))


def test_an_entry_that_came_and_went_between_is_a_loss_and_one_that_came_back_is_none(load):
    load(HUNDRED)
    load([*HUNDRED, 200, 201, 202])
    load(HUNDRED)
    load(HUNDRED[2:])
    back = load([*HUNDRED, 200])
    assert (back.added, back.removed) == (3, 0)
    assert load([*HUNDRED[:97], 200]).row_count == 98, "201, 202 and three more went"
    with pytest.raises(WatchlistRefused, match="within 30 days it lost more than 5 %: 6 entries went, of 103 at most"):
        load([*HUNDRED[:96], 200, 300])


def test_names_that_drip_away_are_a_loss_too(load):
    load(HUNDRED, aliases=HUNDRED)
    load(HUNDRED, aliases=HUNDRED[7:])
    with pytest.raises(WatchlistRefused, match="within 30 days it lost more than 5 %: from 200 to 186 names"):
        load(HUNDRED, aliases=HUNDRED[14:])


def test_what_was_in_force_before_the_window_is_forgotten(load):
    load(HUNDRED)
    load(HUNDRED[4:])
    # The hundred were in force until the day of the second version, and count for as long after it.
    with pytest.raises(WatchlistRefused):
        load(HUNDRED[8:], days=LOSS_WINDOW.days - 1)
    assert load(HUNDRED[8:]).row_count == 92


def test_the_word_of_two_officers_begins_the_count_anew_for_this_content_only(load):
    load(HUNDRED)
    load(HUNDRED[4:])
    with pytest.raises(WatchlistRefused):
        load(HUNDRED[8:])
    number = released()
    with pytest.raises(WatchlistRefused):
        load(HUNDRED[9:], allow_shrink=True, reference=number)
    let_in = load(HUNDRED[8:], allow_shrink=True, reference=number)
    assert let_in.let_in_by.number == int(number)
    event = AuditEvent.objects.get(event="watchlist.loaded", subject_id=str(let_in.pk))
    assert event.data["case"] == str(let_in.let_in_by_id)
    assert load(HUNDRED[12:]).let_in_by is None, "four of the 92 that the officers let in"
    with pytest.raises(WatchlistRefused, match="from 92 to 87 entries"):
        load(HUNDRED[13:])


def test_a_word_is_used_up_once_other_content_is_in_force(load):
    load(HUNDRED)
    with pytest.raises(WatchlistRefused):
        load(HUNDRED[50:])
    number = released()
    load(HUNDRED[50:], allow_shrink=True, reference=number)
    assert load(HUNDRED[50:], allow_shrink=True, reference=number).row_count == 50, "the same content is confirmed"
    full = load(HUNDRED)
    with pytest.raises(InvalidInput, match="other content is in force since"):
        load(HUNDRED[50:], allow_shrink=True, reference=number)
    assert WatchlistVersion.objects.get(state="current").pk == full.pk


def test_officers_read_all_that_they_would_let_in(load):
    load(HUNDRED, aliases=HUNDRED)
    with pytest.raises(WatchlistRefused, match=r"100 to 90 entries, by more than 5 %; its names shrank from 200 to 90"):
        load(HUNDRED[10:])

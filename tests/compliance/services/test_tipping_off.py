"""A question to a party names no list, no listed party and no suspicion; one that asks for facts goes out."""

import pytest

from compliance.base.actor import SYSTEM
from compliance.models import Case
from compliance.services import cases
from compliance.services.tipping_off import TippingOff
from tests.factories import namesakes
from tests.factories.compliance import load_sample_lists

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(clock) -> Case:
    """A company that resembles a listed party without bearing its name."""
    load_sample_lists()
    return namesakes.case_of(namesakes.hit("NL", "Lanternfish Optic Trading FZCO"))


@pytest.mark.parametrize(
    "question",
    [
        "Are you on the OFAC list?",
        "We found you on a watchlist.",
        "Are you a Sanctioned  party?",
        "Is this the blocked entity of that name?",
        "A sus\u200bpicious payment arrived.",
        "\uff33\uff21\uff2e\uff23\uff34\uff29\uff2f\uff2e\uff33 apply?",
        "You are a possible match.",
        "The BIS asks for it.",
        "Has anybody investigated you?",
        "Do you know the politically exposed person who owns it?",
        "Do you know Lanternfish Optics Trading FZCO?",
        "Are you the company LANTERNFISH   OPTICS trading fzco, of Dubai?",
    ],
)
def test_what_tips_off_is_not_sent(case, olga, question):
    with pytest.raises(TippingOff, match="must not learn"):
        cases.request_information(case.pk, question, actor=olga)
    assert not case.notes.exists()
    case.refresh_from_db()
    assert case.state == "open"


@pytest.mark.parametrize(
    "question",
    [
        "For whom do you compute, and where do they sit?",
        "Please list your owners, and on which exchange the company is listed.",
        "Is Lanternfish Optic Trading FZCO registered in Rotterdam or in the Hong Kong SAR?",
        "C'est bis, rue de Rivoli?",
        "Which screen resolution does the workload render at?",
    ],
)
def test_a_question_about_facts_goes_out(case, olga, question):
    cases.request_information(case.pk, question, actor=olga)
    case.refresh_from_db()
    assert case.state == "awaiting_party"


def test_a_name_that_the_party_bears_itself_says_nothing(clock, olga):
    load_sample_lists()
    case = namesakes.case_of(namesakes.hit("NL", namesakes.NAME))
    cases.request_information(case.pk, f"When was {namesakes.NAME} founded?", actor=olga)
    case.refresh_from_db()
    assert case.state == "awaiting_party"


def test_a_case_without_a_party_is_held_to_the_same_words(db, olga):
    alarm = cases.open_case(kind="list_alarm", summary="Stale.", reason_codes=["LIST_STALE"], actor=SYSTEM)
    with pytest.raises(TippingOff):
        cases.request_information(alarm.pk, "Is the OFAC server down?", actor=olga)

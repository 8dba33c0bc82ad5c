"""A question to a party names no list, no listed party and no suspicion; one that asks for facts goes out."""

import pytest

from compliance.base.actor import SYSTEM
from compliance.models import Case
from compliance.services import cases
from compliance.services.tipping_off import PLAIN_QUESTIONS, TippingOff
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
        "Are you on the specially designated nationals list?",
        "Were you ever listed by the Treasury?",
        "Are you on a list?",
        "Is it about the export-control list?",
        "You stand on the Entity-List.",
        "It is on a UN list.",
        "There is an asset freeze.",
        "We had to freeze your account.",
        "Your balance is frozen.",
        "Was he debarred?",
        "You are a restricted party.",
        "We filed a SAR about you.",
        "You matched.",
        "There was a hit on your name.",
        "Does O.F.A.C. know you?",
        "It is about s-a-n-c-t-i-o-n-s.",
        "It is about s\u0430nctions.",
        "It is about sancti0ns.",
        "Stehen Sie auf einer Sanktionsliste?",
        "Êtes-vous visé par un gel des avoirs ?",
        "¿Le han sancionado?",
        "Вы под санкциями?",
        "贵公司是否受到制裁？",
        "귀사는 제재 대상입니까?",
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
        *PLAIN_QUESTIONS,
        "Please list your owners, and on which exchange the company is listed.",
        "Is Lanternfish Optic Trading FZCO registered in Rotterdam or in the Hong Kong SAR?",
        "C'est bis, rue de Rivoli?",
        "Which screen resolution does the workload render at?",
        "Please send a list of your GPUs and the price list.",
        "Do the hours on the invoice match the order?",
        "Which layers of the model are frozen while it is trained?",
        "How many hits a second does the service answer?",
        "Who owns the account from which you pay?",
        "Is the freezing point part of the simulation?",
        "Who reports to the director?",
        "Кто владеет компанией и где она зарегистрирована?",
        "谁拥有贵公司？",
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


def test_no_other_name_of_the_listed_party_goes_out(clock, olga):
    load_sample_lists()
    case = namesakes.case_of(namesakes.hit("CN", "Quenchwater Photonic Institute"))
    with pytest.raises(TippingOff):
        cases.request_information(case.pk, "Do you know the 32nd Sample Laboratory?", actor=olga)


def test_a_case_without_a_party_is_held_to_the_same_words(db, olga):
    alarm = cases.open_case(kind="list_alarm", summary="Stale.", reason_codes=["LIST_STALE"], actor=SYSTEM)
    with pytest.raises(TippingOff):
        cases.request_information(alarm.pk, "Is the OFAC server down?", actor=olga)

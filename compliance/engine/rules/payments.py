"""Rules about what the card network tells of the renter's payments."""

from datetime import UTC, timedelta

from compliance.engine.packs import RulePolicy
from compliance.engine.payment_risk import PaymentRisk
from compliance.engine.rules.base import Answer, Problem, Question, problems


def card_payments_harmless(question: Question, rule: RulePolicy) -> Answer:
    """Nothing of the rule's kind, and of its levels where it names some, was told of the renter's payments lately.

    Each is a question of its own where the rule says `each`; else all of one level are answered together. What was
    never told counts like what is harmless, and not for more.
    """
    renter = question.facts.renter
    since = question.now - timedelta(days=rule.params["max_age_days"])
    levels = rule.params.get("levels")
    found = [
        risk
        for risk in question.facts.payment_risks
        if risk.kind == rule.params["kind"]
        and risk.at > since
        and (levels is None or risk.level in levels)
        and (renter is None or risk.party_id == renter.id)
    ]
    if not rule.params.get("each"):
        found = list({risk.level: risk for risk in sorted(found, key=lambda risk: risk.at)}.values())
    return problems(
        *(
            Problem(
                _sentence(risk),
                (f"source={risk.source}", f"at={risk.at.astimezone(UTC).isoformat()}"),
                risk.party_id,
                f"payment:{risk.source}" if rule.params.get("each") else f"payments:{risk.level}",
            )
            for risk in found
        )
    )


def _sentence(risk: PaymentRisk) -> str:
    day, words = risk.at.astimezone(UTC).date().isoformat(), risk.level.replace("_", " ")
    if risk.kind == "warning":
        return f"The bank of a card warned of fraud in a payment ({words}; told on {day})."
    if risk.kind == "review":
        return f"A payment of {day} is under review at the card network ({words})."
    score = "" if risk.score is None else f", score {risk.score} of 100"
    return f"The card network judged a payment of {day} as of {words} risk{score}."

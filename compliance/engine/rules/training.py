"""Rules about training: what the renter declares, held against what its whole group has and had.

The group's leases that stand cleared now count at once with this one, whichever sister rents them; those of the rule's
window count by their operations. A missing answer allows nothing that a harmless one would not.
"""

from decimal import Decimal

from compliance.engine import end_uses
from compliance.engine.chips import plain
from compliance.engine.facts import GroupUse
from compliance.engine.packs import RulePolicy
from compliance.engine.rules import seen, states
from compliance.engine.rules.base import Answer, Problem, Question, problems
from compliance.engine.rules.compute import (
    bucket,
    linked_to,
    parents_of,
    power,
    to_watch,
    total_operations,
    total_tpp,
    use_unknown,
    used_in,
)
from compliance.engine.written import begun_in

_HOUR = 3600


def training_by_group(question: Question, rule: RulePolicy) -> Answer:
    """No training at scale, on whatever chips, for those headquartered in the rule's groups, or of unknown parent.

    Who does not say whether it trains, or says no and writes of training, counts as training. At scale is what is
    declared so, a total TPP at once with the group's standing leases, or the group's operations in the window.
    """
    renter = question.facts.renter
    if renter is None or not to_watch(question, rule, renter):
        return Answer()
    claim, untold = _claim(question, rule)
    if not claim:
        return Answer(detail=f"Declared: {end_uses.CALLED.get(question.facts.end_use_kind, 'no training')}.")
    used, operations = used_in(question, rule), total_operations(question, rule)
    tpp = tpp_at_once(question, used)
    large = question.facts.end_use_kind == end_uses.LARGE_TRAINING
    if not large and tpp < rule.params["total_tpp"] and operations < Decimal(rule.params["operations"]):
        if used is None or not used.tpp_at_once:
            return use_unknown(renter, rule)
        return Answer(detail=f"Total TPP {plain(tpp)} and {power(operations)} operations are below the thresholds.")
    linked = linked_to(question, renter, question.members(*rule.params["groups"])) or "an unknown ultimate parent"
    sentence = (
        f"{renter.name} {claim}, on a total TPP of {plain(tpp)} with its group's standing leases and "
        f"{power(operations)} operations with its group's of {rule.params['window_days']} days, for {linked}."
    )
    state = (linked, question.facts.end_use_kind, *states.held(parents_of(question, renter).chain))
    scope = f"training:{bucket(operations)}"
    figures, looked_at = _figures(question, rule, used), (seen.end_use(question),)
    return problems(Problem(sentence, figures, renter.id, scope, unknown=untold, state=state, seen=looked_at))


def use_declared_fits(question: Question, rule: RulePolicy) -> Answer:
    """What the renter's group computes in the window, this lease included, fits the end use that is declared.

    `operations` is the size from which training is to be declared as large, and from which the answer must be given at
    all; `other_operations` the one from which a declared use that trains nothing is looked at.
    """
    renter, kind = question.facts.renter, question.facts.end_use_kind
    if renter is None or kind == end_uses.LARGE_TRAINING:
        return Answer()
    trains = _trains(question)
    operations = total_operations(question, rule)
    if operations < Decimal(rule.params["other_operations" if trains is False else "operations"]):
        return Answer()
    used = used_in(question, rule)
    declared = end_uses.CALLED.get(kind, "training" if trains else "no training")
    told = "does not tell whether it trains a model" if trains is None else f"declares {declared}"
    sentence = (
        f"{renter.name} {told}, and {_who(used)} computes {power(operations)} operations in "
        f"{rule.params['window_days']} days, this lease included."
    )
    figures = _figures(question, rule, used)
    scope = f"declared:{kind or 'untold'}:{bucket(operations)}"
    looked_at = (f"trains={trains}", seen.end_use(question))
    return problems(Problem(sentence, figures, renter.id, scope, unknown=trains is None, seen=looked_at))


def tpp_at_once(question: Question, used: GroupUse | None) -> Decimal:
    """The TPP of this lease and of the group's leases that stand cleared beside it, as far as it is known."""
    beside = Decimal(used.tpp_at_once) if used and used.tpp_at_once else Decimal(0)
    return total_tpp(question) + beside


def _trains(question: Question) -> bool | None:
    """Whether a model is trained, as told in either of the two ways; the less harmless of them counts."""
    answers = {question.facts.training, end_uses.trains(question.facts.end_use_kind)} - {None}
    return True in answers if answers else None


def _claim(question: Question, rule: RulePolicy) -> tuple[str, bool]:
    """What makes the lease count as training, and whether only an answer is missing; "" where it does not."""
    words = begun_in(rule.params["words"], question.facts.end_use.casefold())
    trains = _trains(question)
    if trains:
        return "would train models", False
    if trains is False and words:
        return f"declares that no model is trained, though its purpose speaks of '{words[0]}'", False
    if words:
        return f"would train models, by its purpose, which speaks of '{words[0]}'", False
    return ("does not tell whether it trains a model", True) if trains is None else ("", False)


def _who(used: GroupUse | None) -> str:
    return f"its group of {used.parties} parties" if used and used.parties > 1 else "it"


def _figures(question: Question, rule: RulePolicy, used: GroupUse | None) -> tuple[str, ...]:
    """The figures that the answer rests on: this lease, and what its group has and had."""
    told = [
        f"declared={question.facts.end_use_kind or 'untold'}",
        f"lease_tpp={plain(total_tpp(question))}",
        f"tpp_at_once={plain(tpp_at_once(question, used))}",
        f"operations={power(total_operations(question, rule))}",
    ]
    if used:
        told += [
            f"group_tpp_gpu_hours={power(Decimal(used.tpp_seconds) / _HOUR)}",
            f"group_gpus_at_once={used.gpus_at_once}",
            f"group_leases={used.leases}",
            f"group_parties={used.parties}",
        ]
    return tuple(told)

"""Rules about how much is computed: by this lease, by the renter's whole group, and for whom."""

from decimal import Decimal

from compliance.engine.chips import operations_per_second, plain
from compliance.engine.facts import GroupUse, PartyFacts
from compliance.engine.ownership import Parents, ultimate_parents
from compliance.engine.packs import RulePolicy
from compliance.engine.rules import states
from compliance.engine.rules.base import Answer, Problem, Question, problems
from compliance.engine.written import begun_in

_HOUR = 3600


def training_for_headquarters(question: Question, rule: RulePolicy) -> Answer:
    """No training at scale, on whatever chips, for those headquartered in the rule's groups: the renter, its ultimate
    parents, or the end user. At scale is a total TPP at once, or the group's operations in the window."""
    renter = question.facts.renter
    if renter is None or not _trains(question, rule):
        return Answer()
    linked = linked_to(question, renter, question.members(*rule.params["groups"]))
    if not linked:
        return Answer()
    tpp, operations = total_tpp(question), total_operations(question, rule)
    if tpp < rule.params["total_tpp"] and operations < Decimal(rule.params["operations"]):
        if used_in(question, rule) is None:
            return use_unknown(renter, rule)
        return Answer(detail=f"Total TPP {plain(tpp)} and {power(operations)} operations are below the thresholds.")
    sentence = (
        f"{renter.name} would train models on a total TPP of {plain(tpp)}, {power(operations)} operations with its "
        f"group's of {rule.params['window_days']} days, for {linked}."
    )
    evidence = (f"total_tpp={plain(tpp)}", f"operations={power(operations)}")
    state = (linked, *states.held(parents_of(question, renter).chain))
    return problems(Problem(sentence, evidence, renter.id, f"training:{bucket(operations)}", state=state))


def group_compute(question: Question, rule: RulePolicy) -> Answer:
    """What the renter's whole group computes in the window, this lease included, stays below the rule's thresholds.

    A rule with `groups` asks only about those who are headquartered there, or whose ultimate parent is not known.
    """
    renter = question.facts.renter
    if renter is None or ("groups" in rule.params and not to_watch(question, rule, renter)):
        return Answer()
    used = used_in(question, rule)
    hours = _controlled_hours(question, used)
    operations = total_operations(question, rule)
    over = [
        what
        for what, value, limit in (
            (f"{power(operations)} operations", operations, Decimal(rule.params["operations"])),
            (f"{plain(hours.quantize(Decimal(1)))} hours of controlled GPUs", hours, Decimal(rule.params["gpu_hours"])),
        )
        if value >= limit
    ]
    days = rule.params["window_days"]
    if not over and used is None:
        return use_unknown(renter, rule)
    if not over:
        return Answer(detail=f"{power(operations)} operations and {hours:.0f} controlled GPU hours in {days} days.")
    who = f"{used.parties} parties of its group" if used and used.parties > 1 else "this renter"
    sentence = f"{renter.name}: {' and '.join(over)} in {days} days, this lease included, by {who}."
    evidence = (
        f"operations={power(operations)}",
        f"controlled_gpu_hours={plain(hours.quantize(Decimal(1)))}",
        f"leases={used.leases if used else 0}",
    )
    state = states.held(parents_of(question, renter).chain) if "groups" in rule.params else ()
    scope = f"compute:{bucket(operations)}:{bucket(hours)}"
    looked_at = (f"parties={used.parties if used else 1}",)
    return problems(Problem(sentence, evidence, renter.id, scope, state=state, seen=looked_at))


def total_tpp(question: Question) -> Decimal:
    """The TPP of all GPUs of this lease, as far as it is known."""
    return sum((found.tpp * chip.count for chip, found in question.chips if found.tpp is not None), Decimal(0))


def total_operations(question: Question, rule: RulePolicy) -> Decimal:
    """The operations of this lease to its end, and of the group in the rule's window."""
    used = used_in(question, rule)
    rate = sum((operations_per_second(chip.figures) * chip.count for chip, _ in question.chips), Decimal(0))
    return rate * question.facts.seconds + (Decimal(used.operations) if used else Decimal(0))


def used_in(question: Question, rule: RulePolicy) -> GroupUse | None:
    """What the renter's group used in the rule's window; None while it is not known."""
    days = rule.params["window_days"]
    return next((each for each in question.facts.group_use if each.window_days == days), None)


def use_unknown(renter: PartyFacts, rule: RulePolicy) -> Answer:
    """What is not known is not nothing. No finding answers it: who asks must say it."""
    days = rule.params["window_days"]
    sentence = f"What the group of {renter.name} computed in the last {days} days is not known."
    return problems(Problem(sentence, (f"window_days={days}",), unknown=True))


def _controlled_hours(question: Question, used: GroupUse | None) -> Decimal:
    asked = sum(chip.count for chip, _ in question.controlled) * question.facts.seconds
    before = used.controlled_gpu_seconds + used.unknown_gpu_seconds if used else 0
    return Decimal(asked + before) / _HOUR


def _trains(question: Question, rule: RulePolicy) -> bool:
    told = begun_in(rule.params["words"], question.facts.end_use.casefold())
    return question.facts.training is True or (question.facts.training is None and bool(told))


def linked_to(question: Question, renter: PartyFacts, watched: frozenset[str]) -> str:
    """Who of the renter, its ultimate parents and the end user is headquartered there; "" for nobody."""
    if renter.kind == "entity":
        for party_id in (renter.id, *parents_of(question, renter).ultimate):
            party = question.people.get(party_id)
            if party and party.kind == "entity" and (party.headquarters_country or party.country) in watched:
                return f"{party.name}, headquartered in {question.country(party.headquarters_country or party.country)}"
    user = question.facts.end_user
    if user and user.kind == "other" and user.country in watched:
        return f"an end user in {question.country(user.country)}"
    return ""


def to_watch(question: Question, rule: RulePolicy, renter: PartyFacts) -> bool:
    """Whether the renter is linked to the rule's groups, or nobody knows who stands above it."""
    if linked_to(question, renter, question.members(*rule.params["groups"])):
        return True
    return renter.kind == "entity" and bool(parents_of(question, renter).open_at)


def parents_of(question: Question, renter: PartyFacts) -> Parents:
    """Who stands at the top of the renter, as far as its owners are known."""
    return ultimate_parents(question.facts.edges, question.people, renter.id)


def power(value: Decimal) -> str:
    """The number as people say such numbers: 1.2e+23."""
    return f"{value:.1e}" if value else "0"


def bucket(value: Decimal) -> str:
    """The power of ten: a finding answers for what stays within it, and is asked for anew ten times higher."""
    return f"1e{value.adjusted()}" if value else "0"

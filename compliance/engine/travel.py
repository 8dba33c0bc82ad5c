"""When data about originator and beneficiary must be had and passed on: thresholds as dated data. Pure."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from compliance.engine.packs import POLICIES
from compliance.engine.releases import Altered, Manifest

SELF_HOSTED, CASP = "self_hosted", "casp"
WALLETS = (SELF_HOSTED, CASP)
COLLECT, PASS_ON, PROVE = "collect", "pass_on", "prove_ownership"
DEMANDS = (COLLECT, PASS_ON, PROVE)
KINDS = ("LAW", "POLICY")
CURRENCIES = ("USD", "EUR")


class TravelRulesInvalid(ValueError):
    """The rules cannot be read: then no transfer begins."""


@dataclass(frozen=True, slots=True)
class TravelRule:
    """One rule; `threshold` in whole units of `currency`. See the head of travel.toml."""

    code: str
    title: str
    kind: str
    binds: str
    citation: str
    source_url: str
    currency: str
    threshold: int
    inclusive: bool
    wallets: tuple[str, ...]
    demands: tuple[str, ...]
    refuse: bool
    hold: bool = False

    def speaks_of(self, amount_usd: Fraction, wallet: str, usd_per_eur: Fraction) -> bool:
        """Whether a transfer of so many dollars, to or from such a wallet, is under the rule."""
        bound = self.threshold * (usd_per_eur if self.currency == "EUR" else Fraction(1))
        return wallet in self.wallets and (amount_usd > bound or (self.inclusive and amount_usd == bound))


@dataclass(frozen=True, slots=True)
class EuroRate:
    """How many dollars one euro counts as at least, and by which source on which day."""

    usd_least: Fraction
    observed_on: date
    source: str
    source_url: str


@dataclass(frozen=True, slots=True)
class TravelRules:
    """One release of the rules."""

    label: str
    euro: EuroRate
    rules: tuple[TravelRule, ...]
    pass_on_within: timedelta = timedelta(hours=24)  # later than this, officers have a case

    def that_apply(self, amount_usd: Fraction, wallet: str) -> tuple[TravelRule, ...]:
        """The rules that speak of the transfer; the strictest counts, so each of them is kept to."""
        if wallet not in WALLETS or amount_usd <= 0:
            raise ValueError("a transfer has an amount above zero and a wallet of a known kind")
        return tuple(rule for rule in self.rules if rule.speaks_of(amount_usd, wallet, self.euro.usd_least))


def demanded(rules: Iterable[TravelRule]) -> frozenset[str]:
    """All that the rules demand together."""
    return frozenset(demand for rule in rules for demand in rule.demands)


def lacking(rules: Iterable[TravelRule], missing: Iterable[str], *, proven: bool) -> tuple[str, ...]:
    """What the rules demand and is not there, by field; `missing` are fields without an answer."""
    wanted = demanded(rules)
    found = list(missing) if COLLECT in wanted else []
    return (*found, "ownership") if PROVE in wanted and not proven else tuple(found)


def refused(rules: Iterable[TravelRule], missing: Iterable[str], *, proven: bool) -> tuple[str, ...]:
    """Of what is lacking, that without which the transfer must not begin."""
    return lacking([rule for rule in rules if rule.refuse], missing, proven=proven)


def held(rules: Iterable[TravelRule]) -> bool:
    """Whether the money waits until the other provider has the data, or we have theirs."""
    return any(rule.hold for rule in rules)


def rules_in_force(as_of: datetime, policies: Path = POLICIES) -> TravelRules:
    """The newest released or open rules that are in force at the moment. Raises TravelRulesInvalid."""
    day = as_of.astimezone(UTC).date()
    try:
        folders = Manifest.read(policies).folders(policies / "travel")
    except Altered as error:
        raise TravelRulesInvalid(str(error)) from error
    found = [folder for folder in folders if date.fromisoformat(folder.name) <= day] or folders[:1]
    if not found:
        raise TravelRulesInvalid("there are no rules about data that travel with transfers")
    return load_rules(found[-1])


def load_rules(folder: Path) -> TravelRules:
    """The rules that the folder holds. Raises TravelRulesInvalid."""
    try:
        read = tomllib.loads((folder / "travel.toml").read_text(encoding="utf-8"))
        rules = tuple(_rule(row) for row in read["rules"])
        euro = _rate(read["euro"])
        label = f"{read['id']}@{read['version']}"
        within = timedelta(hours=read.get("passing", {}).get("within_hours", 24))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise TravelRulesInvalid(f"{folder.name}/travel.toml holds no rules: {error}") from error
    if not rules or len({rule.code for rule in rules}) != len(rules) or euro.usd_least <= 0 or within <= timedelta():
        raise TravelRulesInvalid(f"{folder.name}/travel.toml names a rule twice, or none, or no rate or time")
    return TravelRules(label, euro, rules, within)


def _rate(row: dict[str, Any]) -> EuroRate:
    if type(row["observed_on"]) is not date or not row["source"] or not row["source_url"].startswith("https://"):
        raise ValueError("the rate of the euro has no day or no source")
    return EuroRate(Fraction(row["usd_least"]), row["observed_on"], row["source"], row["source_url"])


def _rule(row: dict[str, Any]) -> TravelRule:
    rule = TravelRule(**{**row, "wallets": tuple(row["wallets"]), "demands": tuple(row["demands"])})
    known = set(rule.wallets) <= set(WALLETS) and set(rule.demands) <= set(DEMANDS)
    if not known or not rule.wallets or not rule.demands or rule.kind not in KINDS or rule.currency not in CURRENCIES:
        raise ValueError(f"{rule.code} speaks of nothing known")
    if type(rule.threshold) is not int or rule.threshold < 0 or type(rule.refuse) is not bool:
        raise ValueError(f"{rule.code} has no threshold")
    if type(rule.hold) is not bool or (rule.hold and PASS_ON not in rule.demands):
        raise ValueError(f"{rule.code} holds money for data that nobody has to pass on")
    return rule

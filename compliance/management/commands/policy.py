"""`policy diff A B`, `policy simulate PACK`: what a pack would change, told before it is switched on; `policy seal`;
`policy suspend LAW`: two officers are asked whether an authority suspended a law."""

from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.base.actor import system
from compliance.base.errors import Refusal
from compliance.engine.facts import Malformed
from compliance.engine.packs import NoPackInForce, PackInvalid, PolicyPack, load_pack
from compliance.engine.policy_diff import Change, changes
from compliance.engine.releases import Altered, seal
from compliance.models import LawSuspension
from compliance.selectors import policies
from compliance.selectors.policy_changes import (
    Turned,
    last_decisions,
    latest_decisions_of_live_leases,
    turned_by,
)
from compliance.selectors.suspensions import all_suspensions
from compliance.services.suspensions import ask_suspension, take_back_suspension

DECISIONS = 1000


class Command(BaseCommand):
    """Exit status 0 whether or not something would change; `diff` and `simulate` change nothing."""

    help = "Compare policy packs. A pack is a folder, a label such as gridclear@2026-11-24, or its version alone."

    def add_arguments(self, parser: CommandParser) -> None:
        """The deed and the packs."""
        deeds = parser.add_subparsers(dest="deed", required=True)
        diff: ArgumentParser = deeds.add_parser("diff", help="what pack NEW says otherwise than pack OLD")
        diff.add_argument("old")
        diff.add_argument("new")
        simulate: ArgumentParser = deeds.add_parser("simulate", help="which leases and decisions the pack would change")
        simulate.add_argument("pack")
        simulate.add_argument("--last", type=int, default=DECISIONS, metavar="N", help="how many decisions to look at")
        seal_it: ArgumentParser = deeds.add_parser("seal", help="release an open folder: it never changes again")
        seal_it.add_argument("folder", help="as the manifest names it, such as gridclear/2026-11-25")
        suspend: ArgumentParser = deeds.add_parser("suspend", help="ask two officers to record that a law is suspended")
        suspend.add_argument("law", help="as packs name it, such as bis_affiliates_rule")
        suspend.add_argument("--from", dest="starts_on", type=date.fromisoformat, required=True, metavar="DAY")
        suspend.add_argument("--until", dest="ends_on", type=date.fromisoformat, required=True, metavar="DAY")
        suspend.add_argument("--citation", required=True, help="the authority's own act")
        deeds.add_parser("suspensions", help="what was asked for, and how it stands")
        back: ArgumentParser = deeds.add_parser("unsuspend", help="let a suspended law count again at once")
        back.add_argument("suspension", type=UUID)

    def handle(self, *args: Any, **options: Any) -> None:
        """Says what changes, a line each, and how much of how much at the end."""
        if options["deed"] == "diff":
            self._diff(_pack(options["old"]), _pack(options["new"]))
        elif options["deed"] == "seal":
            self._seal(options["folder"])
        elif options["deed"] in ("suspend", "suspensions", "unsuspend"):
            self._suspensions(options)
        elif options["last"] < 0:
            raise CommandError("--last must not be negative.")
        else:
            self._simulate(_pack(options["pack"]), options["last"])

    def _diff(self, old: PolicyPack, new: PolicyPack) -> None:
        found = changes(old, new)
        for each in found:
            self._tell_change(each)
        self.stdout.write(f"{len(found)} changes from {old.label} to {new.label}.")

    def _seal(self, name: str) -> None:
        try:
            sealed = seal(Path(settings.GRIDCLEAR_POLICY_DIR), name)
        except Altered as error:
            raise CommandError(f"{error}. Nothing was sealed.") from error
        self.stdout.write(f"{name} is released under {sealed}. Commit the manifest.")

    def _suspensions(self, options: dict[str, Any]) -> None:
        actor = system("policy command")
        try:
            if options["deed"] == "suspend":
                days = options["starts_on"], options["ends_on"]
                asked = ask_suspension(options["law"], *days, options["citation"], actor=actor)
                self.stdout.write(f"Case {asked.case.number} asks two officers. Until they release it nothing changes.")
            elif options["deed"] == "unsuspend":
                back = take_back_suspension(options["suspension"], actor=actor)
                self.stdout.write(f"{back.law} counts again.")
            else:
                for each in all_suspensions():
                    self.stdout.write(f"{each.pk} {each} ({_standing(each)}): {each.citation}")
        except Refusal as error:
            raise CommandError(str(error)) from error

    def _tell_change(self, change: Change) -> None:
        self.stdout.write(f"{change.how:8} {change.what} {change.name}")
        for field, (was, now) in change.fields.items():
            self.stdout.write(f"         {field}: {was} -> {now}")

    def _simulate(self, pack: PolicyPack, last: int) -> None:
        """Both parts read the facts as stored."""
        live = latest_decisions_of_live_leases()
        try:
            leases = self._tell_turned("lease", turned_by(pack, live))
            decisions = self._tell_turned("decision", turned_by(pack, last_decisions(last)))
        except (NoPackInForce, Malformed) as error:
            raise CommandError(f"A stored decision cannot be decided again: {error}.") from error
        looked_at = last_decisions(last).count()
        self.stdout.write(
            f"{pack.label} would change {leases} of {live.count()} live leases "
            f"and {decisions} of the last {looked_at} decisions."
        )

    def _tell_turned(self, what: str, found: Iterable[Turned]) -> int:
        count = 0
        for each in found:
            count += 1
            about = each.subject_id if what == "lease" else f"{each.decision_id} ({each.purpose} {each.subject_id})"
            signs = [*(f"+{code}" for code in each.turn.new), *(f"-{code}" for code in each.turn.no_more)]
            self.stdout.write(f"{what} {about}: {each.turn.before} -> {each.turn.after} {' '.join(signs)}".rstrip())
        return count


def _standing(suspension: LawSuspension) -> str:
    if suspension.taken_back_at is not None:
        return f"taken back on {suspension.taken_back_at:%Y-%m-%d}"
    case = suspension.case
    recorded = {"release": "recorded", "confirm": "refused", "": "waits for two officers"}
    return f"{recorded[case.disposition]}, case {case.number}"


def _pack(name: str) -> PolicyPack:
    """A folder not yet released may be tried too: that is what a simulation is for."""
    if (Path(name) / "pack.toml").is_file():
        try:
            return load_pack(Path(name))
        except PackInvalid as error:
            raise CommandError(f"{error}.") from error
    for pack in policies.packs():
        if name in (pack.label, pack.version):
            return pack
    raise CommandError(f"There is no policy pack {name}, neither released nor as a folder.")

"""What compliance knows of a decision, a lease or a party, as evidence: whole, as it stood, in plain JSON values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from compliance.base.errors import NotFound
from compliance.engine.personal import strangers_in, withhold
from compliance.engine.releases import folder_hash
from compliance.models import (
    Case,
    Clearance,
    Decision,
    Finding,
    IdentityVerification,
    ListedParty,
    Match,
    OwnershipEdge,
    Party,
    PartyWallet,
    Restriction,
    Screening,
    WatchlistVersion,
)
from compliance.selectors.case_notes import opened_notes
from compliance.selectors.decisions import decisions_about, decisions_of_party, opened
from compliance.selectors.evidence_cases import cases_of, freezes_of
from compliance.selectors.evidence_rows import all_columns, columns
from compliance.selectors.hits import hits_told
from compliance.selectors.ownership import upstream

# Reports to authorities are nobody's to see but officers' and the authority's (31 U.S.C. 5318(g)(2)).
NEVER_CASES = frozenset({Case.Kind.REPORT_DUE})


@dataclass(slots=True)
class Record:
    """Evidence in parts: `body` for the JSON, `packs` whose text belongs to it, `about` whom the audit log speaks of.

    `subjects` are the parties whose personal data is in it, `listed` the rows of entries with which they were compared.
    """

    body: dict[str, Any]
    packs: set[str] = field(default_factory=set)
    about: set[tuple[str, str]] = field(default_factory=set)
    subjects: set[UUID] = field(default_factory=set)
    listed: set[UUID] = field(default_factory=set)


def decision_record(decision_id: UUID) -> Record:
    """One decision with all on which it rests and all that came of it. Raises NotFound."""
    found = opened(Decision.objects.filter(pk=decision_id))
    if not found:
        raise NotFound("There is no such decision.")
    return _whole(found, Q(pk__in=[]))


def lease_record(subject_id: UUID) -> Record:
    """Everything that was decided about the lease (or payout), with its clearances and cases. Raises NotFound."""
    found = opened(decisions_about(subject_id).order_by("created_at", "id"))
    if not found:
        raise NotFound("Nothing was ever decided about this.")
    return _whole(found, Q(subject_id=subject_id))


def party_record(party_id: UUID) -> Record:
    """Everything about the party and those above it. Of the persons of its counterparties nothing. Raises NotFound."""
    above = upstream([party_id])
    if party_id not in above.parties:
        raise NotFound("There is no such party.")
    record = Record({"party_id": str(party_id), "decisions": []})
    people = sorted(above.parties.values(), key=lambda each: str(each.pk))
    record.body["parties"] = [_party(record, row) for row in people]
    record.body["ownership"] = all_columns(
        OwnershipEdge.objects.filter(owned_id__in=above.parties).order_by("created_at", "id")
    )
    _add_decisions(record, opened(decisions_of_party(party_id).order_by("created_at", "id")), own={str(party_id)})
    _add_cases(record, Case.objects.filter(party_id__in=above.parties))
    _add_entries(record)
    return record


def _whole(rows: Sequence[Decision], cases: Q) -> Record:
    """The decisions with every case that belongs to them, and what froze their parties meanwhile."""
    record = Record({"decisions": []})
    _add_decisions(record, rows, own=None)
    freezes = freezes_of(rows)
    _add_cases(record, Case.objects.filter(cases | Q(pk__in=cases_of(rows, freezes))))
    record.body["freezes"] = all_columns(freezes)
    record.about |= {(each._meta.label_lower, str(each.pk)) for each in freezes}
    _add_entries(record)
    return record


def rule_files(labels: Iterable[str]) -> dict[str, bytes]:
    """The text of the packs of these labels, by the name it has in a bundle; a pack that is not here is left out."""
    files = {}
    for label in labels:
        pack, _, version = label.partition("@")
        for path in sorted(_folder(pack, version).glob("*.toml")):
            files[f"rules/{label}/{path.name}"] = path.read_bytes()
    return files


def rules_of(labels: Iterable[str]) -> list[dict[str, str]]:
    """Each pack with the hash of its text as it is here: anybody can hold it against the decisions' `pack_hash`."""
    found = []
    for label in sorted(labels):
        pack, _, version = label.partition("@")
        folder = _folder(pack, version)
        found.append({"pack": label, "hash": folder_hash(folder) if folder.is_dir() else ""})
    return found


def _folder(pack: str, version: str) -> Path:
    # Labels come from our own rows; still, none leads out of the folder of the policies.
    return Path(settings.GRIDCLEAR_POLICY_DIR) / Path(pack).name / Path(version).name


def _add_decisions(record: Record, rows: Sequence[Decision], own: set[str] | None) -> None:
    """The decisions are in the record; with `own`, what is personal to strangers of these parties is withheld."""
    clearances = {each.decision_id: each for each in Clearance.objects.filter(decision__in=rows)}
    versions = WatchlistVersion.objects.in_bulk({UUID(key) for row in rows for key in row.list_versions.values()})
    entries = _entries(rows)
    for row in rows:
        body = columns(row, "sealed")
        if own is not None:
            strangers = strangers_in(row.facts, own)
            answer = {"checks": row.checks, "reasons": row.reasons}
            body["facts"], answer = withhold(row.facts, answer, strangers)
            body |= answer
            body["withheld"] = sorted(strangers)
        clearance = clearances.get(row.pk)
        body |= {
            "erased": list(row.erased),
            "lists": [_version(versions[UUID(key)]) for key in row.list_versions.values()],
            "matched_entries": [entries[key] for key in _entry_keys(row) if key in entries],
            "clearance": columns(clearance) if clearance else None,
        }
        record.body["decisions"].append(body)
        record.packs.add(row.pack)
        record.about.add((row._meta.label_lower, str(row.pk)))
        record.subjects |= _parties_in(row.facts, own)
        if clearance:
            record.about.add((clearance._meta.label_lower, str(clearance.pk)))


def _add_cases(record: Record, found: Any) -> None:
    rows = list(found.exclude(kind__in=NEVER_CASES).distinct().order_by("number").prefetch_related("notes"))
    notes = opened_notes(note for case in rows for note in case.notes.all())
    screenings = {case.screening_id for case in rows if case.screening_id}
    matches = list(Match.objects.filter(screening_id__in=screenings).order_by("created_at", "id"))
    restrictions = list(Restriction.objects.filter(case__in=rows).order_by("created_at", "id"))
    findings = list(Finding.objects.filter(case__in=rows).order_by("created_at", "id"))
    record.body["cases"] = [
        columns(case)
        | {
            "notes": all_columns((note for note in notes if note.case_id == case.pk), "sealed"),
            "matches": all_columns(match for match in matches if match.screening_id == case.screening_id),
            "restrictions": all_columns(each for each in restrictions if each.case_id == case.pk),
            "findings": all_columns(each for each in findings if each.case_id == case.pk),
        }
        for case in rows
    ]
    for each in [*rows, *matches, *restrictions, *findings]:
        record.about.add((each._meta.label_lower, str(each.pk)))
    record.subjects |= {case.party_id for case in rows if case.party_id}
    record.listed |= {match.listed_party_id for match in matches if match.entry_hash}


def _party(record: Record, row: Party) -> dict[str, Any]:
    verifications = list(IdentityVerification.objects.filter(party=row).order_by("created_at", "id"))
    restrictions = list(Restriction.objects.filter(party=row).order_by("created_at", "id"))
    findings = list(Finding.objects.filter(party=row).order_by("created_at", "id"))
    screenings = list(Screening.objects.filter(party=row).order_by("created_at", "id"))
    matches = list(Match.objects.filter(party=row).order_by("created_at", "id"))
    for each in [row, *verifications, *restrictions, *findings, *matches]:
        record.about.add((each._meta.label_lower, str(each.pk)))
    record.subjects.add(row.pk)
    record.listed |= {match.listed_party_id for match in matches if match.entry_hash}
    return columns(row) | {
        "wallets": all_columns(PartyWallet.objects.filter(party=row).order_by("created_at", "id")),
        "verifications": all_columns(verifications),
        "restrictions": all_columns(restrictions),
        "findings": all_columns(findings),
        "screenings": all_columns(screenings),
        "matches": all_columns(matches),
    }


def _add_entries(record: Record) -> None:
    """The entries of which matches speak, as they stood, each wording once, with the version of its list that had it
    first: list, id and hash lead from a match to it."""
    told = ("version__watchlist_id", "external_id", "entry_hash")
    rows = ListedParty.objects.filter(pk__in=record.listed).order_by(*told, "version__created_at").distinct(*told)
    record.body["listed_entries"] = [
        _entry(row) | {"list": _version(row.version)}
        for row in rows.select_related("version").prefetch_related("names", "wallets")
    ]


def _parties_in(facts: dict[str, Any], own: set[str] | None) -> set[UUID]:
    """Whose personal data the facts hold, as they are shown."""
    people = [facts[name] for name in ("renter", "provider") if facts.get(name)] + list(facts.get("parties") or ())
    strangers = strangers_in(facts, own) if own is not None else set()
    return {UUID(row["id"]) for row in people} - {UUID(key) for key in strangers}


def _entry_keys(row: Decision) -> list[tuple[str, str]]:
    hits = hits_told(row.facts)
    return sorted({(row.list_versions.get(hit["list_code"], ""), str(hit.get("external_id", ""))) for hit in hits})


def _entries(rows: Sequence[Decision]) -> dict[tuple[str, str], dict[str, Any]]:
    """The entries that the decisions' hits name, as they stood in the versions of then: (version, external id) each."""
    keys = {key for row in rows for key in _entry_keys(row) if key[0]}
    found = ListedParty.objects.filter(
        version_id__in={version for version, _ in keys}, external_id__in={entry for _, entry in keys}
    ).prefetch_related("names", "wallets")
    return {
        (str(entry.version_id), entry.external_id): _entry(entry)
        for entry in found
        if (str(entry.version_id), entry.external_id) in keys
    }


def _entry(row: ListedParty) -> dict[str, Any]:
    return columns(row) | {
        "names": [{"name": each.name, "weak": each.weak} for each in row.names.all()],
        "wallets": [{"currency": each.currency, "address": each.address} for each in row.wallets.all()],
    }


def _version(row: WatchlistVersion) -> dict[str, Any]:
    # Not when it was confirmed again, nor what became of it: a decision's evidence stays the same.
    return columns(row, "state", "state_changed_at", "state_deadline_at", "confirmed_at", "rescreened_at")

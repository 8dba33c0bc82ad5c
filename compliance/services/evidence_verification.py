"""A bundle of evidence, verified: nothing altered, all of it signed, every event in the log, every digest right."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from compliance.base.audit import chain_hash
from compliance.base.bundle import NotABundle, read_bundle
from compliance.base.canonical import digest
from compliance.base.merkle import included, leaf_hash
from compliance.base.notes import Checkpoint, parse
from compliance.engine.decide import decide
from compliance.engine.facts import Facts
from compliance.engine.packs import NoPackInForce
from compliance.selectors.policies import pack_named

FORMAT = "gridclear-evidence/1"


@dataclass(slots=True)
class BundleReport:
    """What was found. The bundle is good when `faults` is empty; `notes` say what could not be looked at, and why."""

    subject: str = ""
    events: int = 0
    decisions: int = 0
    replayed: int = 0
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing was found against the bundle."""
        return not self.faults


def verify_bundle(raw: bytes, keys: Iterable[bytes]) -> BundleReport:
    """The bundle was held against its manifest, signatures, proofs and digests; its decisions were made again.

    `keys` are raw Ed25519 public keys whose signature counts. Whatever the bytes are, what is wrong is in the report.
    """
    report, trusted = BundleReport(), list(keys)
    try:
        bundle = read_bundle(raw, trusted)
    except NotABundle as error:
        report.faults.append(f"this is no bundle: {error}")
        return report
    report.faults += bundle.faults
    if not report.good:
        return report
    # From here on a key that counts has signed everything; what does not fit now is a fault all the same.
    try:
        evidence = json.loads(bundle.files["evidence.json"])
        if evidence["format"] != FORMAT or "evidence.json.sig" not in bundle.files:
            raise ValueError("another format")
        report.subject = f"{evidence['subject']['kind']} {evidence['subject']['id']}"
        _check_events(evidence, bundle.files, trusted, report)
        for row in evidence["decisions"]:
            _check_decision(row, report)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        report.faults.append(f"evidence.json does not have the shape that it says ({type(error).__name__})")
    return report


def _check_events(
    evidence: Mapping[str, Any], files: Mapping[str, bytes], keys: Iterable[bytes], report: BundleReport
) -> None:
    if not evidence["events"]:
        report.notes.append("the audit log says nothing about this")
        return
    signed = parse(evidence["checkpoint"])
    if files.get("checkpoint.txt") != evidence["checkpoint"].encode():
        report.faults.append("checkpoint.txt is not the checkpoint of evidence.json")
    if not signed.verifies(keys):
        report.faults.append("the checkpoint is not signed by a key that counts")
    for event in evidence["events"]:
        if not _is_proven(event, signed.checkpoint):
            report.faults.append(f"event {event['event_id']} is not proven to be in the audit log")
        report.events += 1


def _is_proven(event: Mapping[str, Any], checkpoint: Checkpoint) -> bool:
    sequence = int(event["sequence"])
    link = chain_hash(event["previous_hash"], sequence, event["event_id"], digest(event["body"]))
    path = [bytes.fromhex(each) for each in event["path"]]
    leaf = leaf_hash(bytes.fromhex(event["hash"]))
    return link == event["hash"] and included(leaf, sequence - 1, checkpoint.size, path, checkpoint.root)


def _check_decision(row: Mapping[str, Any], report: BundleReport) -> None:
    report.decisions += 1
    name = f"decision {row['id']}"
    if row["erased"] or row.get("withheld"):
        why = "erased" if row["erased"] else "withheld"
        report.notes.append(f"{name} was not made again: personal data on which it rests is {why}")
        return
    facts = Facts.from_json(row["facts"])
    if facts.digest() != row["facts_digest"]:
        report.faults.append(f"{name} has other facts than those of its digest")
    try:
        again = decide(facts, pack_named(row["pack"]))
    except NoPackInForce:
        report.notes.append(f"{name} was not made again: the pack {row['pack']} is not here")
        return
    if again.pack_hash != row["pack_hash"]:
        report.notes.append(f"{name} was not made again: the pack {row['pack']} here is not the one of then")
    elif again.digest() != row["digest"] or again.to_json()["reasons"] != row["reasons"]:
        report.faults.append(f"{name} does not come out as it says")
    else:
        report.replayed += 1

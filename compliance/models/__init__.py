"""The rows of the compliance app, one module per aggregate."""

from compliance.base.audit import AuditEvent, AuditSeal
from compliance.models.case_batches import CaseBatch, CaseBatchItem
from compliance.models.cases import Case, CaseNote, Finding
from compliance.models.checkpoints import AuditCheckpoint, AuditNode
from compliance.models.decisions import Clearance, Decision
from compliance.models.documents import Document, LivenessCode
from compliance.models.identity import IdentityCheck, IdentityVerification
from compliance.models.list_changes import ListChange, ListFetch
from compliance.models.ownership import OwnershipDeclaration, OwnershipEdge
from compliance.models.parties import Party, PartyWallet, Restriction
from compliance.models.party_keys import PartyKeys
from compliance.models.payment_signs import PaymentSign
from compliance.models.place_signs import PlaceSign
from compliance.models.proofs import DomainProof, WalletChallenge
from compliance.models.reports import Report
from compliance.models.retention import LegalHold, RetentionClock
from compliance.models.screening import Match, Screening
from compliance.models.subject_keys import SubjectKey
from compliance.models.suspensions import LawSuspension
from compliance.models.travel import HostedWallet, TravelCounterparty, TravelDelivery, TravelRecord
from compliance.models.vantages import PlaceMeasurement, VantagePoint
from compliance.models.wallet_oracle import OracleAnswer, OracleScan
from compliance.models.watchlists import ListedName, ListedParty, ListedWallet, Watchlist, WatchlistVersion

__all__ = [
    "AuditCheckpoint",
    "AuditEvent",
    "AuditNode",
    "AuditSeal",
    "Case",
    "CaseBatch",
    "CaseBatchItem",
    "CaseNote",
    "Clearance",
    "Decision",
    "Document",
    "DomainProof",
    "Finding",
    "HostedWallet",
    "IdentityCheck",
    "IdentityVerification",
    "LawSuspension",
    "LegalHold",
    "ListChange",
    "ListFetch",
    "ListedName",
    "ListedParty",
    "ListedWallet",
    "LivenessCode",
    "Match",
    "OracleAnswer",
    "OracleScan",
    "OwnershipDeclaration",
    "OwnershipEdge",
    "Party",
    "PartyKeys",
    "PartyWallet",
    "PaymentSign",
    "PlaceMeasurement",
    "PlaceSign",
    "Report",
    "Restriction",
    "RetentionClock",
    "Screening",
    "SubjectKey",
    "TravelCounterparty",
    "TravelDelivery",
    "TravelRecord",
    "VantagePoint",
    "WalletChallenge",
    "Watchlist",
    "WatchlistVersion",
]

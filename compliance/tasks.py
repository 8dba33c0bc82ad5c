"""The sweeps of compliance. Each may run twice, late, or die half-way, without harm."""

from uuid import UUID

from celery import shared_task

from compliance.base import audit
from compliance.base.actor import system
from compliance.services import (
    case_batches,
    cases,
    document_store,
    domain_proofs,
    identity_checks,
    identity_expiry,
    list_alarms,
    list_fetches,
    log_alarms,
    party_keys,
    place_signs,
    report_alarms,
    report_drafts,
    rescreening,
    restriction_orders,
    travel_alarms,
    travel_delivery,
    vantages,
    wallet_oracle,
)


@shared_task(name="compliance.rescreen_after_list_changes")
def rescreen_after_list_changes() -> None:
    """Every current version of every list has been held against every party."""
    rescreening.rescreen_after_list_changes(actor=system("rescreening"))


@shared_task(name="compliance.write_party_keys")
def write_party_keys() -> None:
    """The keys of every party's names are kept, so that a change of a list need not read the names."""
    party_keys.write_missing_keys()


@shared_task(name="compliance.expire_identities")
def expire_identities() -> None:
    """No verification outlives its deadline."""
    identity_expiry.expire_identities(actor=system("identity"))


@shared_task(name="compliance.follow_identity_checks")
def follow_identity_checks() -> None:
    """No check at a vendor is left without an answer."""
    identity_checks.sweep_checks(actor=system("identity"))


@shared_task(name="compliance.refresh_identity_check")
def refresh_identity_check(check_id: str) -> None:
    """The check stands as its vendor has it."""
    identity_checks.refresh_check(UUID(check_id), actor=system("identity"))


@shared_task(name="compliance.escalate_cases")
def escalate_cases() -> None:
    """No case lies past its deadline unnoticed."""
    cases.escalate_overdue(actor=system("cases"))


@shared_task(name="compliance.work_case_batch")
def work_case_batch(batch_id: str) -> None:
    """What the batch's state asks for is done in each of its cases."""
    case_batches.work_batch(UUID(batch_id), actor=system("cases"))


@shared_task(name="compliance.sweep_case_batches")
def sweep_case_batches() -> None:
    """No batch of cases waits longer than it may, and none is left half done."""
    case_batches.sweep_batches(actor=system("cases"))


@shared_task(name="compliance.look_at_domains")
def look_at_domains() -> None:
    """No proof of a domain waits for ever, and none outlives the domain's record."""
    domain_proofs.sweep_domain_proofs(actor=system("domains"))


@shared_task(name="compliance.sweep_documents")
def sweep_documents() -> None:
    """No document is being stored for ever, and no sealed pages lie about that nobody needs."""
    document_store.sweep_documents(actor=system("documents"))


@shared_task(name="compliance.check_list_staleness")
def check_list_staleness() -> None:
    """Every required list that is missing or stale has an alarm, and no load hangs."""
    actor = system("watchlists")
    list_alarms.sweep_unfinished_loads(actor=actor)
    list_alarms.alarm_stale_lists(actor=actor)


@shared_task(name="compliance.fetch_due_lists")
def fetch_due_lists() -> None:
    """Every list that is due is being fetched, each by a task of its own."""
    list_fetches.fetch_due_lists()


@shared_task(name="compliance.fetch_list")
def fetch_list(code: str) -> None:
    """The list has been fetched if it is due still."""
    list_fetches.fetch_list(code, actor=system("list-fetcher"))


@shared_task(name="compliance.follow_wallet_oracle")
def follow_wallet_oracle() -> None:
    """What the second source about wallets listed since has hit whom it names."""
    wallet_oracle.follow(actor=system("wallet-oracle"))


@shared_task(name="compliance.seal_audit_events")
def seal_audit_events() -> None:
    """The audit events so far are chained."""
    audit.seal_events(recent=True)


@shared_task(name="compliance.checkpoint_audit_log")
def checkpoint_audit_log() -> None:
    """What the audit log holds so far is signed; a log that was rewritten is not, and has a case."""
    log_alarms.checkpoint_or_alarm(actor=system("audit"))


@shared_task(name="compliance.open_reports")
def open_reports() -> None:
    """No cause of a report is without its draft, whatever was lost."""
    report_drafts.open_missing(actor=system("reports"))


@shared_task(name="compliance.alarm_due_reports")
def alarm_due_reports() -> None:
    """No report passes its day unnoticed."""
    report_alarms.alarm_due_reports(actor=system("reports"))


@shared_task(name="compliance.sweep_restriction_orders")
def sweep_restriction_orders() -> None:
    """No restriction outlives the day that two officers agreed on, and none waits unnoticed for the second."""
    restriction_orders.sweep_orders(actor=system("restrictions"))


@shared_task(name="compliance.deliver_travel_data")
def deliver_travel_data() -> None:
    """What other providers must have of transfers was sent to them, or is due later, or is a case for officers."""
    travel_delivery.deliver(actor=system("travel"))
    travel_alarms.alarm_undelivered(actor=system("travel"))


@shared_task(name="compliance.verify_audit_log")
def verify_audit_log() -> None:
    """The audit log was walked whole; one that does not hold has a case."""
    log_alarms.verify_or_alarm(actor=system("audit"))


@shared_task(name="compliance.forget_addresses")
def forget_addresses() -> None:
    """No internet address is kept beyond its days."""
    place_signs.forget_addresses()


@shared_task(name="compliance.sweep_place_tickets")
def sweep_place_tickets() -> None:
    """No ticket to be measured is kept that nobody used."""
    vantages.sweep_tickets()

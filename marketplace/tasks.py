"""The marketplace's beat. Each task is a sweep over the database: it may run twice, late, or die half-way."""

from uuid import UUID

from celery import shared_task

from marketplace.services import (
    auto_top_ups,
    bundles,
    dispute_answers,
    idempotency,
    metering,
    money_letters,
    provider_payouts,
    question_letters,
    reassessments,
    reminders,
    renewals,
    retention,
    suspensions,
    sweeps,
)


@shared_task(name="marketplace.mark_stale_nodes")
def mark_stale_nodes() -> None:
    """Nodes without a heartbeat are offline; their leases have ended."""
    sweeps.mark_stale_nodes()


@shared_task(name="marketplace.sweep_leases")
def sweep_leases() -> None:
    """No lease outlives its state's deadline."""
    sweeps.sweep_leases()


@shared_task(name="marketplace.meter_leases")
def meter_leases() -> None:
    """What leases have proven so far is earned."""
    metering.meter_leases()


@shared_task(name="marketplace.renew_clearances")
def renew_clearances() -> None:
    """Leases that go on have a clearance that lasts a while."""
    renewals.renew_clearances()


@shared_task(name="marketplace.reassess_leases")
def reassess_leases() -> None:
    """Leases that go on are such as the gate would still clear."""
    reassessments.reassess_leases()


@shared_task(name="marketplace.reassess_parties")
def reassess_parties(*party_ids: str) -> None:
    """Leases of these parties that go on are such as the gate would still clear."""
    reassessments.reassess_leases_of(map(UUID, party_ids))


@shared_task(name="marketplace.settle_ended_leases")
def settle_ended_leases() -> None:
    """Ended leases are paid and settled as far as their rails are."""
    metering.settle_ended_leases()


@shared_task(name="marketplace.sweep_restrictions")
def sweep_restrictions() -> None:
    """Leases stand as compliance's restrictions and clearances have it, whatever signal was lost."""
    suspensions.sweep_restrictions()


@shared_task(name="marketplace.pay_providers")
def pay_providers() -> None:
    """Providers that are owed enough are being paid."""
    provider_payouts.pay_providers()


@shared_task(name="marketplace.start_auto_top_up")
def start_auto_top_up(party_id: str) -> None:
    """The party's card is being charged, if its balance ran low and its rule says so; its owners know of a stop."""
    auto_top_ups.serve(UUID(party_id))


@shared_task(name="marketplace.start_auto_top_ups")
def start_auto_top_ups() -> None:
    """As `start_auto_top_up` for everybody, whatever signal was lost."""
    auto_top_ups.serve_all()


@shared_task(name="marketplace.build_bundle")
def build_bundle(bundle_id: str) -> None:
    """The bundle is made, or says why not."""
    bundles.build(UUID(bundle_id))


@shared_task(name="marketplace.sweep_bundles")
def sweep_bundles() -> None:
    """No bundle is being made for ever, and none outlives its week."""
    bundles.sweep_bundles()


@shared_task(name="marketplace.answer_disputes")
def answer_disputes() -> None:
    """No dispute is lost because nobody answered: what is due soon was answered with the records."""
    dispute_answers.answer_due()


@shared_task(name="marketplace.remind_of_expiry")
def remind_of_expiry() -> None:
    """Owners know in time that a verification runs out."""
    reminders.remind_of_expiry()


@shared_task(name="marketplace.write_about_questions")
def write_about_questions() -> None:
    """No question to a party waits for an answer of which the party has no letter."""
    question_letters.write_about_questions()


@shared_task(name="marketplace.write_money_letters")
def write_money_letters() -> None:
    """Renters know of each refund, and of what their cards did not pay."""
    money_letters.write_money_letters()


@shared_task(name="marketplace.run_retention")
def run_retention() -> None:
    """Whoever's records are owed to nobody any more is erased, and rows past their time are gone."""
    retention.run_retention()


@shared_task(name="marketplace.follow_erasures")
def follow_erasures() -> None:
    """What lies here of erased parties in the open is blanked."""
    retention.follow_erasures()


@shared_task(name="marketplace.forget_old_answers")
def forget_old_answers() -> None:
    """Answers to idempotent requests are kept for a day."""
    idempotency.forget_old_answers()

"""What the second source about wallets listed since hits whom it names, as a list that changed does."""

import logging
from collections.abc import Iterable, Mapping
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.models import Case, Clearance, OracleScan, Party, PartyWallet
from compliance.services import cases, list_hits
from compliance.services.wallet_answers import CODE, SETTLED_AFTER, newest_block, oracle
from compliance.sources.wallet_oracle import Listed, OracleSilent

logger = logging.getLogger(__name__)

REASON = "WALLET_ORACLE"
# A round or two may fail without anybody being woken.
SILENT_AFTER = timedelta(minutes=5)
BLOCKS_AT_ONCE = 2_000
_ROUNDS = 20


def follow(*, actor: Actor) -> int:
    """What the oracle listed since the last round has hit whom it names. Returns how many parties were frozen.

    The first round begins at the newest block: what was listed before is asked about by the gate. Run twice, or dead
    half-way, it does the same again and changes nothing.
    """
    source = oracle()
    if source is None:
        return 0
    frozen = 0
    try:
        head = newest_block(source)
        for _ in range(_ROUNDS):
            first, last = _next_blocks(head.chain_id, head.number - SETTLED_AFTER)
            if last < first:
                break
            events = source.listed_between(first, last)
            frozen += _take_in(events, actor)
            OracleScan.objects.create(
                chain_id=head.chain_id,
                first_block=first,
                last_block=last,
                added=sum(len(event.added) for event in events),
                removed=sum(len(event.removed) for event in events),
            )
    except OracleSilent as silence:
        logger.warning("the wallet oracle's events could not be read: %s", silence)
        _alarm_if_it_lasts(silence, actor)
    return frozen


def _alarm_if_it_lasts(silence: OracleSilent, actor: Actor) -> None:
    """Officers have a case, one until it is closed, when no round has come through for minutes, or none ever has."""
    read_at = OracleScan.objects.aggregate(last=Max("created_at"))["last"]
    if read_at is not None and read_at > clock.now() - SILENT_AFTER:
        return
    since = f"since {read_at:%Y-%m-%d %H:%M} UTC" if read_at else "since it was configured"
    cases.open_case(
        kind=Case.Kind.LIST_ALARM,
        priority=Case.Priority.HIGH,
        summary=f"The second source about wallets is silent {since}: {silence}. What needs its word goes to review.",
        reason_codes=["LIST_ALARM"],
        scope=f"{CODE}:silent",
        actor=actor,
    )


def _next_blocks(chain_id: int, newest: int) -> tuple[int, int]:
    """The first and the last block of the next stretch; the first round notes where it began and reads nothing."""
    done = OracleScan.objects.filter(chain_id=chain_id).order_by("-last_block").first()
    if done is None:
        done = OracleScan.objects.create(chain_id=chain_id, first_block=newest, last_block=newest)
    first = max(0, done.last_block + 1)  # a chain may be younger than the distance that is kept
    return first, min(newest, first + BLOCKS_AT_ONCE - 1)


def _take_in(events: list[Listed], actor: Actor) -> int:
    added = {address: event.block for event in events for address in event.added}
    removed = {address: event.block for event in events for address in event.removed}
    frozen = 0
    for party_id, address in sorted(_holders(added), key=str):
        frozen += _freeze(party_id, address, actor)
    _tell_cases(removed, actor)
    return frozen


def _holders(addresses: Iterable[str]) -> set[tuple[UUID, str]]:
    """The parties that linked one of the addresses, or hold a live clearance for one."""
    wanted = list(addresses)
    if not wanted:
        return set()
    linked = PartyWallet.objects.filter(address__in=wanted).values_list("party_id", "address")
    cleared = Clearance.objects.filter(
        wallet_address__in=wanted, revoked_at=None, expires_at__gt=clock.now(), renter_party_id__isnull=False
    ).values_list("renter_party_id", "wallet_address")
    return {(party_id, address) for party_id, address in (*linked, *cleared) if party_id}


def _freeze(party_id: UUID, address: str, actor: Actor) -> int:
    """The party is frozen with what rests on it, under a case that officers look into."""
    case = cases.open_case(
        kind=Case.Kind.SCREENING_HIT,
        priority=Case.Priority.URGENT,
        summary="The second source about wallets lists a wallet of this party.",
        reason_codes=[REASON],
        party=Party.objects.get(pk=party_id),
        scope=address,
        actor=actor,
    )
    return list_hits.freeze(party_id, case, actor=actor)


def _tell_cases(removed: Mapping[str, int], actor: Actor) -> None:
    """The open cases about a wallet that the oracle took off say so; what was frozen stays so until they close."""
    if not removed:
        return
    rows = Case.objects.filter(kind=Case.Kind.SCREENING_HIT, reason_codes=[REASON]).exclude(state=Case.State.CLOSED)
    for case in rows.select_related("party"):
        keys = {cases.scope_key(case.kind, case.party, [REASON], address): block for address, block in removed.items()}
        if case.scope_key not in keys:
            continue
        with transaction.atomic():
            case.summary = "The second source about wallets lists this party's wallet no longer."
            case.save(update_fields=["summary"])
            data = {"gone": True, "block": keys[case.scope_key]}
            audit.record("case.entry_changed", actor=actor, subject=case, data=data)

"""The wallets through which money is on its way, and whose they are."""

from uuid import UUID

from settlement.models import Account, EscrowDeposit, Hold, PaymentProfile, Payout

_ENDED = (Hold.State.SETTLED, Hold.State.FAILED)


def wallets_in_use() -> dict[str, UUID]:
    """Every wallet of an open escrow hold, of a payout under way, or to which earnings go, with whose it is."""
    deposits = EscrowDeposit.objects.exclude(hold__state__in=_ENDED)
    holds = Hold.objects.filter(rail=Hold.Rail.ESCROW).exclude(state__in=_ENDED).exclude(wallet_address="")
    waiting = (Payout.State.PENDING, Payout.State.SENDING, Payout.State.FROZEN)
    rows = [
        *PaymentProfile.objects.exclude(payout_wallet="").values_list("payout_wallet", "party_id"),
        *Payout.objects.filter(pot=Account.Pot.ESCROW, state__in=waiting).values_list("destination", "party_id"),
        *deposits.values_list("payee", "hold__payee_party_id"),
        *deposits.values_list("payer", "hold__party_id"),
        *holds.values_list("wallet_address", "party_id"),
    ]
    return {wallet: party_id for wallet, party_id in rows if wallet}

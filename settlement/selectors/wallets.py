"""The wallets through which money is on its way, and whose they are."""

from uuid import UUID

from settlement.models import Account, EscrowDeposit, Hold, PaymentProfile, Payout

_ENDED = (Hold.State.SETTLED, Hold.State.FAILED)


def wallets_in_use() -> dict[str, UUID]:
    """Every wallet with money in the contract or on its way, or to which earnings go, with whose it is.

    Those of open escrow holds, of payouts under way, of profiles; and, until the contract has paid it all out, those
    through which a party dealt with it that the books still owe anything there.
    """
    owed = Account.objects.filter(pot=Account.Pot.ESCROW, party__isnull=False, balance_minor__gt=0).values("party_id")
    deposits = EscrowDeposit.objects.exclude(hold__state__in=_ENDED)
    made = EscrowDeposit.objects.filter(deposited_minor__gt=0)
    holds = Hold.objects.filter(rail=Hold.Rail.ESCROW).exclude(state__in=_ENDED).exclude(wallet_address="")
    waiting = (Payout.State.PENDING, Payout.State.SENDING, Payout.State.FROZEN)
    rows = [
        *PaymentProfile.objects.exclude(payout_wallet="").values_list("payout_wallet", "party_id"),
        *Payout.objects.filter(pot=Account.Pot.ESCROW, state__in=waiting).values_list("destination", "party_id"),
        *deposits.values_list("payee", "hold__payee_party_id"),
        *deposits.values_list("payer", "hold__party_id"),
        *made.filter(hold__payee_party_id__in=owed).values_list("payee", "hold__payee_party_id").distinct(),
        *made.filter(hold__party_id__in=owed).values_list("payer", "hold__party_id").distinct(),
        *holds.values_list("wallet_address", "party_id"),
    ]
    return {wallet: party_id for wallet, party_id in rows if wallet}

"""Refunds at the card network: money goes back to the card that paid, and to no other."""

from typing import Any
from uuid import UUID

from settlement.rails.card_client import PAGE, CardClient, key_of, plain
from settlement.rails.card_states import REFUND_KEY, RefundState, refund_state


class CardRefunds(CardClient):
    """What is asked about refunds."""

    def refund(self, refund_id: UUID, *, charge_id: str, amount_minor: int, key: str) -> RefundState:
        """The network gives the amount back to the charge's card. In USD cents."""
        params: Any = {
            "charge": charge_id,
            "amount": amount_minor,
            "metadata": {REFUND_KEY: str(refund_id)},
        }
        return refund_state(plain(self._do(lambda: self._client.v1.refunds.create(params, key_of(key)))))

    def find_refund(self, refund_id: UUID, charge_id: str) -> RefundState | None:
        """The refund of ours with that id, if the network ever made one."""
        params: Any = {"charge": charge_id, "limit": PAGE}
        page = self._do(lambda: self._client.v1.refunds.list(params))
        states = (refund_state(plain(found)) for found in page.auto_paging_iter())
        return next((state for state in states if state.refund_id == refund_id), None)

    def read_refund(self, external_id: str) -> RefundState:
        """How the refund stands."""
        return refund_state(plain(self._do(lambda: self._client.v1.refunds.retrieve(external_id))))

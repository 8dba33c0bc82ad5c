"""Disputes at the card network: how they stand, and the evidence that is handed in."""

from collections.abc import Mapping
from typing import Any

from settlement.rails.card_client import CardClient, key_of, plain
from settlement.rails.card_states import DisputeState, dispute_state


class CardDisputes(CardClient):
    """What is asked about disputes."""

    def read_dispute(self, dispute_id: str) -> DisputeState:
        """How the dispute stands."""
        return dispute_state(plain(self._do(lambda: self._client.v1.disputes.retrieve(dispute_id))))

    def submit_evidence(self, dispute_id: str, evidence: Mapping[str, str], key: str) -> DisputeState:
        """The bank has the evidence. It can be handed in once: what is left out then is left out for good."""
        params: Any = {"evidence": dict(evidence), "submit": True}
        answer = self._do(lambda: self._client.v1.disputes.update(dispute_id, params, key_of(key)))
        return dispute_state(plain(answer))

"""What a provider has earned and been paid, read through its own doors."""

from dataclasses import dataclass
from typing import Any

import httpx

from marketplace.development.doors import Api, DoorError, wait_for
from marketplace.development.story.people import log_in, make_api_key
from marketplace.development.story.stage import Stage
from marketplace.development.world import Company
from marketplace.templatetags.ui import money

PAYOUT_SECONDS = 120.0


@dataclass
class Earnings:
    """One provider's money of one kind; minor units."""

    api: Api
    pot: str

    def earned(self) -> int:
        """Everything ever earned: what is owed, what is on its way and what was paid."""
        return self.owed() + self.paid()

    def owed(self) -> int:
        """What has not left yet."""
        pots = [pot for pot in self._list("/balance") if pot["pot"] == self.pot]
        return sum(int(pot["payable_minor"]) + int(pot["paying_minor"]) for pot in pots)

    def paid(self) -> int:
        """What has left."""
        mine = [payout for payout in self._list("/payouts") if payout["pot"] == self.pot]
        return sum(int(payout["amount_minor"]) for payout in mine if payout["state"] == "sent")

    def pay_out(self) -> None:
        """All that is owed has been paid; the periodic payout may have been first."""
        answer = self.api.ask("POST", "/payouts", {"pot": self.pot})
        if answer.status >= httpx.codes.BAD_REQUEST and self.owed() == 0:
            return
        wait_for(lambda: self.owed() == 0, "the provider is paid", seconds=PAYOUT_SECONDS)

    def _list(self, path: str) -> list[dict[str, Any]]:
        found = self.api.http.get(path).json()
        return list(found["results"] if isinstance(found, dict) else found)


def earnings_of(base_url: str, company: Company, pot: str) -> Earnings:
    """The provider's earnings, by a key that its owner makes on the organization's page."""
    web = log_in(base_url, company.email)
    if web is None:
        raise DoorError(f"{company.email} cannot log in")
    return Earnings(Api(base_url, make_api_key(web)), pot)


def expect_paid(stage: Stage, earnings: Earnings, before: int, receipt: dict[str, Any], fee_bps: int) -> int:
    """The provider earned the total less the fee, and was paid all of it, to the cent; returns that share."""
    total = int(receipt["total_minor"])
    share = total - total * fee_bps // 10_000
    grown = earnings.earned() - before
    earned = money(share, receipt["currency"])
    stage.expect(grown == share, f"the provider earned {earned}, the total less the fee, exactly")
    earnings.pay_out()
    stage.expect(earnings.earned() - before == share and earnings.owed() == 0, "and was paid to the last cent")
    return share

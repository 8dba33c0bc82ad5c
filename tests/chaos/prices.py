"""Every offer is dear: `python -m tests.chaos.prices`, in the house's environment.

A card network takes no less than 50 cents, and leases last for seconds here: at ten cents a second of each GPU, some
cards are charged and some leases end below what a card can pay.
"""

import django

django.setup()

from marketplace.models import Offer  # noqa: E402
from marketplace.services import offers  # noqa: E402

PRICE_MINOR_PER_GPU_HOUR = 36_000


def main() -> None:
    """Who rents anew pays the price."""
    for offer in Offer.objects.filter(state=Offer.State.ACTIVE).select_related("organization"):
        owner = offer.organization.memberships.get(role="owner").user
        terms = offers.OfferTerms(offer.gpu_count, PRICE_MINOR_PER_GPU_HOUR, offers.SHORTEST_SECONDS, offer.max_seconds)
        offers.change_offer(offer.pk, terms, user=owner, actor=owner.as_actor())


if __name__ == "__main__":
    main()

"""The fixed cast: who they are never changes from test to test.

Alice owns Lion City Labs (a renter, verified); Bob is her team-mate, Fay does its finance; Charlie owns another
renter's organization, a stranger to hers. Pia owns Brisbane Compute (a provider, verified). Olga and Otto are
compliance officers, Ned runs the platform.
"""

from dataclasses import dataclass

from compliance.base.actor import Role
from marketplace.models import Lease, Membership, Offer, Organization, User
from tests.factories import marketplace as make


@dataclass
class Cast:
    """Everybody, and what they own."""

    alice: User
    bob: User
    fay: User
    charlie: User
    pia: User
    olga: User
    otto: User
    ned: User
    lion: Organization
    strange: Organization
    brisbane: Organization

    def supply(self, **what: str) -> tuple[make.Agent, Offer]:
        """Pia's node with two simulated H100s, online, and her offer on it."""
        agent = make.online_agent(self.brisbane, self.pia, **what)
        return agent, make.offer_on(agent, self.pia)

    def lease(self, offer: Offer, **changes: object) -> Lease:
        """Alice's lease on the offer; she has the money."""
        return make.open_lease(offer, self.alice, self.lion, **changes)


def build_cast() -> Cast:
    """The cast, in a world whose lists are loaded."""
    make.load_lists()
    olga, otto = make.officer("olga@gridclear.example"), make.officer("otto@gridclear.example")
    by = olga.as_actor()
    alice, lion = make.organization("alice@lion.example", "Lion City Labs Pte Ltd", "SG", verified_by=by)
    charlie, strange = make.organization("charlie@strange.example", "Stranger Systems Oy", "FI", verified_by=by)
    pia, brisbane = make.organization(
        "pia@brisbane.example", "Brisbane Compute Pty Ltd", "AU", provider=True, verified_by=by
    )
    make.credit(lion, 100_000)
    make.credit(strange, 100_000)
    return Cast(
        alice=alice,
        bob=make.member(lion, "bob@lion.example"),
        fay=make.member(lion, "fay@lion.example", Membership.Role.FINANCE),
        charlie=charlie,
        pia=pia,
        olga=olga,
        otto=otto,
        ned=User.objects.create_user("ned@gridclear.example", make.PASSWORD, platform_role=Role.OPERATOR.value),
        lion=lion,
        strange=strange,
        brisbane=brisbane,
    )

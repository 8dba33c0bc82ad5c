"""The platform's own people have no side in it."""

import pytest

from marketplace.models import Membership
from marketplace.services import organizations
from marketplace.services.organizations import StaffStayOut


def test_an_officer_belongs_to_no_organization_that_it_judges(cast):
    with pytest.raises(StaffStayOut):
        organizations.create_organization(cast.olga, "Olga's Own", "SG", actor=cast.olga.as_actor())
    with pytest.raises(StaffStayOut):
        organizations.add_member(
            cast.lion, cast.olga.email, Membership.Role.OWNER, user=cast.alice, actor=cast.alice.as_actor()
        )
    assert not cast.olga.memberships.exists()

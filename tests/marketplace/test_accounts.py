"""People, organizations, roles and keys."""

from datetime import timedelta

import pytest

from compliance.base import clock as time
from compliance.base.errors import Forbidden, InvalidInput, NotFound
from marketplace.errors import FieldsInvalid
from marketplace.models import ApiKey, Membership, Organization, User
from marketplace.permissions import DEAL, PAY, require_officer, require_operator, require_role, require_staff
from marketplace.services import accounts, api_keys, organizations
from tests.factories.marketplace import PASSWORD, member


def test_sign_up_makes_a_person_a_party_and_an_organization(db):
    user = accounts.sign_up("Ada@Example.ORG ", PASSWORD, "  Ada   Compute ", "gb", True, False)
    organization = user.memberships.get().organization
    assert (user.email, organization.name, organization.slug) == ("ada@example.org", "Ada Compute", "ada-compute")
    assert (organization.party.name, organization.party.country) == ("Ada Compute", "GB")
    assert (organization.is_renter, organization.is_provider) == (True, False)
    assert user.memberships.get().role == Membership.Role.OWNER
    second = accounts.sign_up("bea@example.org", PASSWORD, "Ada Compute", "GB", False, True)
    assert second.memberships.get().organization.slug.startswith("ada-compute-")


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (("not-an-address", PASSWORD, "A", "GB", True, False), FieldsInvalid),
        (("a@b.example", "short", "A", "GB", True, False), FieldsInvalid),
        (("a@b.example", PASSWORD, " ", "GB", True, False), InvalidInput),
        (("a@b.example", PASSWORD, "A", "XX", True, False), InvalidInput),
        (("a@b.example", PASSWORD, "A", "GB", False, False), InvalidInput),
        (("TAKEN@b.example", PASSWORD, "A", "GB", True, False), accounts.EmailTaken),
    ],
)
def test_a_sign_up_that_cannot_be_leaves_nothing(db, given, error):
    User.objects.create_user("taken@b.example", PASSWORD)
    with pytest.raises(error):
        accounts.sign_up(*given)
    assert not Organization.objects.exists()
    assert User.objects.count() == 1


def test_members_come_change_and_go(cast):
    alice, actor = cast.alice, cast.alice.as_actor()
    joined = organizations.add_member(cast.lion, "CHARLIE@strange.example", "finance", user=alice, actor=actor)
    with pytest.raises(organizations.AlreadyMember):
        organizations.add_member(cast.lion, "charlie@strange.example", "member", user=alice, actor=actor)
    with pytest.raises(NotFound):
        organizations.add_member(cast.lion, "nobody@nowhere.example", "member", user=alice, actor=actor)
    with pytest.raises(InvalidInput):
        organizations.change_role(joined.pk, "emperor", user=alice, actor=actor)
    assert organizations.change_role(joined.pk, "owner", user=alice, actor=actor).role == "owner"
    mine = Membership.objects.get(user=alice, organization=cast.lion)
    organizations.change_role(mine.pk, "member", user=cast.charlie, actor=cast.charlie.as_actor())
    with pytest.raises(Forbidden):
        organizations.remove_member(joined.pk, user=alice, actor=actor)
    with pytest.raises(organizations.LastOwner):
        organizations.remove_member(joined.pk, user=cast.charlie, actor=cast.charlie.as_actor())


def test_a_strangers_membership_is_not_there(cast):
    bobs = Membership.objects.get(user=cast.bob)
    with pytest.raises(NotFound):
        organizations.remove_member(bobs.pk, user=cast.charlie, actor=cast.charlie.as_actor())
    fays = Membership.objects.get(user=cast.fay)
    with pytest.raises(Forbidden):
        organizations.remove_member(fays.pk, user=cast.bob, actor=cast.bob.as_actor())
    organizations.remove_member(bobs.pk, user=cast.bob, actor=cast.bob.as_actor())
    assert not cast.bob.memberships.exists(), "whoever wants to leave does so in any role"


def test_who_leaves_takes_their_keys_with_them(cast):
    dora = member(cast.lion, "dora@lion.example")
    key, secret = api_keys.create_api_key(cast.lion, "dora's", ["read"], user=dora)
    organizations.remove_member(dora.memberships.get().pk, user=cast.alice, actor=cast.alice.as_actor())
    key.refresh_from_db()
    assert key.revoked_at is not None
    with pytest.raises(api_keys.InvalidApiKey):
        api_keys.authenticate(secret)


def test_a_key_is_kept_as_a_hash_and_used_by_its_prefix(cast, clock):
    key, secret = api_keys.create_api_key(cast.lion, "ci", ["read", "leases"], user=cast.alice)
    assert secret.startswith(f"gck_{key.prefix}_")
    assert len(key.secret_hash) == 64
    assert secret not in str(ApiKey.objects.filter(pk=key.pk).values().get())
    found, scopes = api_keys.authenticate(secret)
    assert (found.pk, scopes) == (key.pk, {"read", "leases"})
    first = ApiKey.objects.get(pk=key.pk).last_used_at
    clock.advance(seconds=30)
    api_keys.authenticate(secret)
    assert ApiKey.objects.get(pk=key.pk).last_used_at == first, "noted once a minute"
    clock.advance(seconds=31)
    api_keys.authenticate(secret)
    assert ApiKey.objects.get(pk=key.pk).last_used_at > first


def test_a_key_cannot_be_given_what_its_maker_lacks(cast):
    with pytest.raises(api_keys.ScopeNotYours):
        api_keys.create_api_key(cast.lion, "x", ["payments"], user=cast.bob)
    with pytest.raises(NotFound):
        api_keys.create_api_key(cast.lion, "x", ["read"], user=cast.charlie)
    for bad in ({"name": ""}, {"scopes": []}, {"scopes": ["root"]}, {"expires_at": time.now() - timedelta(seconds=1)}):
        given = {"name": "x", "scopes": ["read"], "expires_at": None, **bad}
        with pytest.raises(FieldsInvalid):
            api_keys.create_api_key(cast.lion, **given, user=cast.alice)
    assert not ApiKey.objects.exists()


def test_roles(cast):
    assert require_role(cast.bob, cast.lion, *DEAL) == "member"
    assert require_role(cast.fay, cast.lion, *PAY) == "finance"
    with pytest.raises(Forbidden):
        require_role(cast.fay, cast.lion, *DEAL)
    with pytest.raises(NotFound):
        require_role(cast.ned, cast.lion, *DEAL)
    require_officer(cast.olga)
    require_operator(cast.ned)
    require_staff(cast.otto)
    for check, user in ((require_officer, cast.ned), (require_operator, cast.olga), (require_staff, cast.alice)):
        with pytest.raises(NotFound):
            check(user)

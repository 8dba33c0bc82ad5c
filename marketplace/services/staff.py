"""The platform's own people: who is an officer or an operator. No role passes by a compliance wall."""

from django.db import transaction

from compliance.base import audit
from compliance.base.actor import Actor, Role
from compliance.base.errors import Conflict, Forbidden, InvalidInput, NotFound
from marketplace.models import Membership, User
from marketplace.services import accounts

ROLES = ("", *(role.value for role in Role))


class MemberCannotJudge(Conflict):
    """Whoever deals on the platform does not decide cases on it."""

    code = "member_cannot_judge"
    default_message = (
        "This person belongs to an organization that rents or provides here, so they cannot have a platform role. "
        "Nothing was changed; let them use another login."
    )


def make_login(email: str, password: str) -> User:
    """A person can log in who belongs to no organization. Raises FieldsInvalid, EmailTaken."""
    email = email.strip().lower()
    accounts.check_credentials(email, password)
    return User.objects.create_user(email, password)


def appoint(email: str, role: str, *, actor: Actor) -> User:
    """The person with that login has the platform role, or none for "".

    Raises NotFound, InvalidInput, MemberCannotJudge.
    """
    if role not in ROLES:
        raise InvalidInput("A platform role is officer or operator, or none. Nothing was changed.")
    with transaction.atomic():
        user = User.objects.select_for_update().filter(email=email.strip().lower(), is_active=True).first()
        if user is None:
            raise NotFound("Nobody here uses this e-mail address. Nothing was changed; create the login first.")
        if role and Membership.objects.filter(user=user).exists():
            raise MemberCannotJudge
        if user.platform_role != role:
            before, user.platform_role = user.platform_role, role
            user.save(update_fields=["platform_role"])
            audit.record("user.appointed", actor=actor, subject=user, data={"from": before, "to": role})
    return user


def officer_with_password(email: str, password: str) -> User:
    """The officer who proves to be there, at a door without a session. Raises Forbidden, one for whatever is wrong."""
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    # A password is checked for nobody, too: the answer takes as long.
    known = (user or User()).check_password(password)
    if user is None or not known or not user.is_officer:
        raise Forbidden("This is no officer's e-mail address and password. Nothing was changed.")
    return user

"""Sign-up: a person and, with them, an organization."""

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from compliance.base import audit
from compliance.base.errors import Conflict
from marketplace.errors import FieldsInvalid
from marketplace.models import User
from marketplace.services import organizations


class EmailTaken(Conflict):
    """Somebody has this login."""

    code = "email_taken"
    default_message = "There is an account with this e-mail address. Nothing was changed; log in instead."


def sign_up(
    email: str, password: str, organization_name: str, country: str, is_renter: bool, is_provider: bool
) -> User:
    """The person can log in and owns the new organization. Raises FieldsInvalid, EmailTaken, InvalidInput."""
    email = email.strip().lower()
    check_credentials(email, password)
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password)
            EmailAddress.objects.create(user=user, email=email, primary=True, verified=False)
            audit.record("user.signed_up", actor=user.as_actor(), subject=user)
            organizations.create_organization(
                user, organization_name, country, is_renter=is_renter, is_provider=is_provider, actor=user.as_actor()
            )
    except IntegrityError as error:
        raise EmailTaken from error
    return user


def check_credentials(email: str, password: str) -> None:
    """Nothing; raises FieldsInvalid for a bad address or a weak password, EmailTaken for a login that exists."""
    errors: dict[str, str] = {}
    try:
        validate_email(email)
    except ValidationError:
        errors["email"] = "This is no e-mail address."
    try:
        validate_password(password, User(email=email))
    except ValidationError as error:
        errors["password"] = " ".join(error.messages)
    if errors:
        raise FieldsInvalid(errors)
    if User.objects.filter(email=email).exists():
        raise EmailTaken

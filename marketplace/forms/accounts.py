"""Sign-up: the person, the organization, and which side of the market it stands on."""

from typing import Any

from allauth.account.forms import SignupForm as AccountSignupForm
from django import forms
from django.db import transaction
from django.http import HttpRequest

from marketplace.forms.base import CountryField
from marketplace.models import User
from marketplace.services import organizations

SIDES = (("renter", "We rent GPUs"), ("provider", "We provide GPUs"), ("both", "Both"))


class SignupForm(AccountSignupForm):  # type: ignore[misc]
    """A login and, with it, an organization that the person owns."""

    organization_name = forms.CharField(label="Organization", max_length=200)
    country = CountryField(label="Country of the organization")
    side = forms.ChoiceField(label="What you do here", choices=SIDES, initial="renter")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(["email", "password1", "organization_name", "country", "side"])
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        self.fields["email"].label = "E-mail"
        self.fields["password1"].help_text = "At least 10 characters, and none that everybody uses."

    def save(self, request: HttpRequest) -> User:
        """The person and the organization stand, both or neither."""
        side = self.cleaned_data["side"]
        with transaction.atomic():
            user: User = super().save(request)
            organizations.create_organization(
                user,
                self.cleaned_data["organization_name"],
                self.cleaned_data["country"],
                is_renter=side in {"renter", "both"},
                is_provider=side in {"provider", "both"},
                actor=user.as_actor(),
            )
        return user

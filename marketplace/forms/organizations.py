"""Members, API keys, top-ups."""

from collections.abc import Iterable
from typing import Any

from django import forms

from marketplace.forms.base import DollarsField
from marketplace.models import ApiKey, Membership


class MemberForm(forms.Form):
    """A person who has signed up joins with a role."""

    email = forms.EmailField(label="E-mail address")
    role = forms.ChoiceField(label="Role", choices=Membership.Role.choices, initial=Membership.Role.MEMBER)


class RoleForm(forms.Form):
    """A member's role."""

    role = forms.ChoiceField(label="Role", choices=Membership.Role.choices)


class ApiKeyForm(forms.Form):
    """A key for a program."""

    name = forms.CharField(label="Name", max_length=80, help_text="What uses it.")
    scopes = forms.MultipleChoiceField(
        label="It may", choices=ApiKey.Scope.choices, widget=forms.CheckboxSelectMultiple, initial=[ApiKey.Scope.READ]
    )
    days = forms.IntegerField(label="Valid for days", min_value=1, max_value=730, initial=90)


class TopUpForm(forms.Form):
    """Money from the card into the prepaid balance."""

    amount_minor = DollarsField(label="Amount in USD", initial="100.00")
    payment_method = forms.ChoiceField(label="Card", choices=())
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, cards: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["payment_method"].choices = list(cards)  # type: ignore[attr-defined]

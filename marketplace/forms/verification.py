"""Who the organization is, its documents, which wallets are its own, what it declares."""

from collections.abc import Sequence
from typing import Any

from django import forms

from marketplace.forms.base import CountryField, conditional
from marketplace.forms.uploads import UploadField

KINDS = (("entity", "A company or other legal entity"), ("person", "A natural person"))


OF_A_COMPANY = "Of a company, as its register has it."


class PartyForm(forms.Form):
    """The party itself."""

    kind = forms.ChoiceField(label="You are", choices=KINDS)
    name = forms.CharField(label="Legal name", max_length=300)
    country = CountryField(label="Country of incorporation or residence")
    region = forms.CharField(label="Region", required=False, max_length=80, help_text="State or province.")
    headquarters_country = conditional(
        CountryField(
            label="Country of the headquarters", required=False, help_text="Where the organization is directed from."
        )
    )
    address = conditional(forms.CharField(label="Registered address", required=False, max_length=400))
    registration_number = conditional(
        forms.CharField(label="Registration number", required=False, max_length=64, help_text=OF_A_COMPANY)
    )
    lei = forms.CharField(
        label="LEI", required=False, max_length=20, help_text="Legal entity identifier, 20 letters and digits."
    )
    birth_date = forms.CharField(
        label="Date of birth", required=False, max_length=10, help_text="Natural persons only: YYYY-MM-DD."
    )

    def clean(self) -> dict[str, Any]:
        """An entity says where it is directed from."""
        cleaned = super().clean() or {}
        if cleaned.get("kind") == "entity" and not cleaned.get("headquarters_country"):
            self.add_error("headquarters_country", "Say where the organization is directed from.")
        return cleaned


class WalletForm(forms.Form):
    """A blockchain address of the organization."""

    address = forms.CharField(
        label="Wallet address",
        max_length=64,
        help_text="With its checksum: the capital letters matter.",
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false", "autocomplete": "off"}),
    )


class SignatureForm(forms.Form):
    """What a wallet signed, and its signature."""

    message = forms.CharField(max_length=4000, strip=False, widget=forms.HiddenInput)
    signature = forms.CharField(
        label="Signature",
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false", "autocomplete": "off"}),
        help_text="Hexadecimal, beginning with 0x.",
    )


class DomainForm(forms.Form):
    """A domain of the organization, proven by a record in its DNS."""

    domain = forms.CharField(label="Domain", max_length=300, help_text="Such as company.com; you add a record.")


class LetterForm(forms.Form):
    """An address at the organization's domain, to which a code is sent."""

    address = forms.EmailField(label="Address at your domain", max_length=300, help_text="We send a code there.")


class CodeForm(forms.Form):
    """The code of the letter."""

    code = forms.CharField(
        label="Code of the letter",
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "class": "mono"}),
    )


DOCUMENTS = (
    ("passport", "Passport"),
    ("identity_card", "Identity card"),
    ("liveness", "Photo with the code in hand"),
    ("registry_extract", "Extract of the company register"),
    ("proof_of_address", "Proof of address"),
    ("ownership", "Proof of ownership"),
)


class DocumentForm(forms.Form):
    """A document of the organization or of the person who signs for it."""

    kind = forms.ChoiceField(label="What it is", choices=DOCUMENTS)
    file = UploadField(label="File", help_text="PDF, JPEG or PNG, up to 10 MB. Only its picture is kept, encrypted.")


class SubmitForm(forms.Form):
    """The declaration that goes with a verification. `levels` are those open to the party, as (code, title)."""

    level = forms.ChoiceField(label="Level", widget=forms.RadioSelect)
    end_use = forms.CharField(
        label="What you compute, or what you provide",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="In your own words: the field, the kind of work, for whom.",
    )
    signatory = forms.CharField(label="Your name", max_length=200)
    declared = forms.BooleanField(label="What I gave here is true and complete, and I may sign for the organization")

    def __init__(self, *args: Any, levels: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["level"]
        if isinstance(choices, forms.ChoiceField):
            choices.choices = levels

"""What officers say about data that travel with transfers, and about other providers."""

from django import forms

from marketplace.forms.base import CountryField

MONO = {"class": "mono", "autocomplete": "off", "spellcheck": "false"}


class LookForm(forms.Form):
    """Why the record is opened."""

    why = forms.CharField(label="Why you open it", max_length=200, help_text="It goes on record with your name.")


class PassedForm(forms.Form):
    """With whom the data were exchanged by hand."""

    to = forms.CharField(label="Provider", max_length=120)
    reference = forms.CharField(label="Reference", max_length=120, help_text="By what they know it.")


class CounterpartyForm(forms.Form):
    """Another provider."""

    name = forms.CharField(label="Name", max_length=200)
    country = CountryField(label="Country")
    lei = forms.CharField(label="LEI", max_length=20, required=False)
    endpoint = forms.CharField(
        label="TRP endpoint",
        max_length=300,
        required=False,
        help_text="An https address that takes transfer inquiries. Without one, all goes by hand.",
        widget=forms.TextInput(attrs=MONO),
    )


class WalletForm(forms.Form):
    """A wallet that the provider keeps."""

    address = forms.CharField(label="Wallet kept there", max_length=64, widget=forms.TextInput(attrs=MONO))

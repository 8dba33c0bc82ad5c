"""The lease wizard: what to run, for how long, paid how, for whom."""

import re
import shlex
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator

from marketplace.forms.base import CountryField, DollarsField, HoursField, LinesField, conditional, dollars
from marketplace.models import Offer

RAILS = (("balance", "Prepaid balance"), ("card", "Card"), ("escrow", "Escrow on chain"))
END_USERS = (
    ("self", "My organization"),
    ("other", "Someone else, whom I name"),
    ("undisclosed", "Someone else, whom I cannot name yet"),
)
# What a pack's rules ask about the use: whether an AI model is trained, and roughly how large (1e23 operations).
END_USE_KINDS = (
    ("no_model", "No AI model: simulation, rendering, analysis"),
    ("inference", "Runs a finished model"),
    ("fine_tuning", "Fine-tunes a model"),
    ("training", "Trains a model"),
    ("large_training", "Trains a very large model"),
)
VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*=")


class LeaseForm(forms.Form):
    """Everything that a lease on one offer needs to know."""

    gpu_count = forms.IntegerField(label="GPUs", min_value=1)
    max_seconds = HoursField(
        label="Hours at most", help_text="The lease ends by itself. You pay for the seconds you use."
    )
    max_spend_minor = DollarsField(
        label="Spend at most, in USD", help_text="Held now. The lease stops when it is used up; the rest is released."
    )
    image = forms.CharField(
        label="Container image",
        max_length=300,
        help_text="Such as pytorch/pytorch:2.9.0. The node pulls it when the lease starts.",
        widget=forms.TextInput(attrs={"class": "mono"}),
    )
    command = forms.CharField(
        label="Command", max_length=2000, required=False, widget=forms.TextInput(attrs={"class": "mono"})
    )
    environment = LinesField(label="Environment", required=False, help_text="One NAME=value per line.", max_length=8000)
    ports = forms.CharField(label="Ports", required=False, max_length=100, help_text="Such as 22, 8888.")
    ssh_public_key = forms.CharField(
        label="SSH public key",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "mono", "spellcheck": "false"}),
    )
    rail = forms.ChoiceField(label="Paid by", choices=RAILS, widget=forms.RadioSelect)
    payment_method = conditional(forms.ChoiceField(label="Card", required=False, choices=()))
    wallet = conditional(
        forms.CharField(
            label="Your wallet",
            required=False,
            max_length=64,
            help_text="For escrow only: the address that will make the deposit.",
            widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false", "autocomplete": "off"}),
        )
    )
    end_use = forms.CharField(
        label="What it computes",
        max_length=400,
        help_text="One plain sentence, such as: fine-tuning a speech model for hospitals.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    end_use_kind = forms.ChoiceField(label="What kind of work it is", choices=END_USE_KINDS, widget=forms.RadioSelect)
    end_user_kind = forms.ChoiceField(label="Who uses the result", choices=END_USERS, widget=forms.RadioSelect)
    end_user_name = conditional(forms.CharField(label="Name of the end user", required=False, max_length=300))
    end_user_country = conditional(CountryField(label="Country of the end user", required=False))

    def __init__(
        self, *args: Any, offer: Offer, free_gpus: int, cards: Iterable[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.offer = offer
        self.free_gpus = free_gpus
        most = min(offer.gpu_count, max(free_gpus, 1))
        self.fields["payment_method"].choices = list(cards)  # type: ignore[attr-defined]
        count = self.fields["gpu_count"]
        count.validators.append(MaxValueValidator(most))
        count.widget.attrs.update(min=1, max=most)
        for name, value in self.opening_values().items():
            self.fields[name].initial = value

    def opening_values(self) -> dict[str, Any]:
        """What stands in the form when it is first shown."""
        hours = min(Decimal(2), Decimal(self.offer.max_seconds) / 3600)
        spend = int(self.offer.price_minor_per_gpu_hour * hours) or 1
        return {
            "gpu_count": 1,
            "max_seconds": f"{hours.normalize():f}",
            "max_spend_minor": dollars(spend),
            "rail": "card",
            "end_user_kind": "self",
        }

    def clean_environment(self) -> dict[str, str]:
        """Names and values."""
        pairs = {}
        for line in self.cleaned_data["environment"]:
            if not VARIABLE.match(line):
                raise forms.ValidationError(f"“{line}” is no NAME=value.")
            name, _, value = line.partition("=")
            pairs[name] = value
        return pairs

    def clean_command(self) -> tuple[str, ...]:
        """The words of the command, split as a shell splits them."""
        try:
            return tuple(shlex.split(self.cleaned_data["command"]))
        except ValueError:
            raise forms.ValidationError("A quotation mark is not closed.") from None

    def clean_ports(self) -> tuple[int, ...]:
        """Port numbers."""
        words = self.cleaned_data["ports"].replace(",", " ").split()
        if not all(word.isascii() and word.isdigit() and 0 < int(word) < 65536 for word in words):
            raise forms.ValidationError("Ports are numbers from 1 to 65535.")
        return tuple(int(word) for word in words)

    def clean(self) -> dict[str, Any]:
        """Escrow names its wallet; another end user is named with a country."""
        cleaned = super().clean() or {}
        if cleaned.get("rail") == "escrow" and not cleaned.get("wallet"):
            self.add_error("wallet", "Escrow needs the address of your wallet.")
        if cleaned.get("rail") == "card" and not cleaned.get("payment_method"):
            self.add_error("payment_method", "Choose a card, or another way to pay.")
        if cleaned.get("end_user_kind") == "other":
            for name in ("end_user_name", "end_user_country"):
                if not cleaned.get(name):
                    self.add_error(name, "Name the end user and its country, or choose another answer.")
        return cleaned

    def end_user(self) -> dict[str, str]:
        """The end user as the lease keeps it."""
        kind = self.cleaned_data["end_user_kind"]
        if kind != "other":
            return {"kind": kind}
        return {
            "kind": kind,
            "name": self.cleaned_data["end_user_name"],
            "country": self.cleaned_data["end_user_country"],
        }

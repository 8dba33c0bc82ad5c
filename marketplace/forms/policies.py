"""Which policy packs officers compare, and how far back they look."""

from typing import Any

from django import forms

from compliance.engine.packs import PolicyPack

LOOKED_AT = ((50, "50"), (200, "200"), (500, "500"))


class PacksForm(forms.Form):
    """Two packs side by side: what the newer says otherwise than the older."""

    old = forms.ChoiceField(label="From")
    new = forms.ChoiceField(label="To")

    def __init__(self, *args: Any, packs: tuple[PolicyPack, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("old", "new"):
            self.fields[name].choices = choices_of(packs)  # type: ignore[attr-defined]


class SimulationForm(forms.Form):
    """A pack, and how many of the last decisions it is tried on."""

    pack = forms.ChoiceField(label="Pack")
    last = forms.TypedChoiceField(label="Last decisions", coerce=int, choices=LOOKED_AT)

    def __init__(self, *args: Any, packs: tuple[PolicyPack, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pack"].choices = choices_of(packs)  # type: ignore[attr-defined]


def choices_of(packs: tuple[PolicyPack, ...]) -> list[tuple[str, str]]:
    """The newest first."""
    return [(pack.label, pack.version) for pack in reversed(packs)]

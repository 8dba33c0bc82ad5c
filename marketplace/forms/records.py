"""What officers ask for and write on the record pages."""

from django import forms

EVIDENCE_KINDS = (("decision", "A decision"), ("lease", "A lease"), ("party", "A party"),
    ("subject", "A party’s own data, for whom it is about"), ("person", "A person’s own data"))  # fmt: skip


class EvidenceForm(forms.Form):
    """A bundle about one subject."""

    kind = forms.ChoiceField(label="Of", choices=EVIDENCE_KINDS)
    about_id = forms.UUIDField(
        label="Its id",
        help_text="As its page shows it; a party is found by name under Parties.",
        error_messages={"invalid": "This is no id: copy it from the page."},
    )

"""What operators add to the evidence in a dispute."""

from django import forms

from marketplace.services.dispute_answers import MOST_NOTE


class NoteForm(forms.Form):
    """A note to the bank, before the records."""

    note = forms.CharField(
        label="Note to the bank",
        required=False,
        max_length=MOST_NOTE,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Optional: what the records do not say. It is sent once and cannot be changed.",
    )

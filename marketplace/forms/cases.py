"""What officers write in a case, and what a party answers."""

from django import forms

from compliance.services.cases import ConfirmReason, ReleaseReason
from marketplace.forms.uploads import UploadField, UploadsField

DISPOSITIONS = (
    ("release", "Release: another party, or resolved"),
    ("confirm", "Confirm: refuse and keep frozen"),
)


def words_of(reason: str) -> str:
    """`end_user_known` as `End user known`."""
    return reason.replace("_", " ").capitalize()


REASONS = (
    ("Release", [(each.value, words_of(each.value)) for each in ReleaseReason]),
    ("Confirm", [(each.value, words_of(each.value)) for each in ConfirmReason]),
)


def prose(label: str, rows: int = 4, help_text: str = "") -> forms.CharField:
    """A field for sentences."""
    return forms.CharField(
        label=label, max_length=4000, help_text=help_text, widget=forms.Textarea(attrs={"rows": rows})
    )


class NoteForm(forms.Form):
    """An internal note."""

    body = prose("Internal note", 3, "Officers only.")


class RequestForm(forms.Form):
    """A question to the party."""

    body = prose("Question to the party", 4, "The party reads this. Do not hint at any list, name or match.")


class ProposalForm(forms.Form):
    """What the officer thinks should follow."""

    disposition = forms.ChoiceField(label="Disposition", choices=DISPOSITIONS, widget=forms.RadioSelect)
    reason = forms.ChoiceField(label="Reason", choices=REASONS)
    body = prose("Why", 4, "Rests on what is in the case. The second officer reads it.")


class WithdrawForm(forms.Form):
    """Why what a release answered holds no more."""

    why = prose("Why it holds no more", 3, "What it let through is asked anew at once.")


class ApprovalForm(forms.Form):
    """The second officer's word."""

    body = prose("Your view", 3)


class BatchForm(forms.Form):
    """Why the listed party is another one in all the chosen cases."""

    why = prose("Why it is another party", 3, "About the listed party alone: it stands in every case. Name no party.")


class BatchApprovalForm(forms.Form):
    """The second officer's word about a batch."""

    why = prose("Your view", 3, "It stands in every case. Name no party.")


class AnswerForm(forms.Form):
    """The party's answer, with documents where they help."""

    body = prose("Your answer", 6)
    documents = UploadsField(label="Documents", required=False, help_text="Up to five: PDF, JPEG or PNG, 10 MB each.")


class EvidenceForm(forms.Form):
    """A document for the case."""

    file = UploadField(label="Document", help_text="PDF, JPEG or PNG, up to 10 MB. It is kept encrypted.")


class AuditFilter(forms.Form):
    """Filters of the audit log, in the URL."""

    event = forms.CharField(label="Event", required=False, max_length=80)
    actor = forms.CharField(label="Actor", required=False, max_length=120)
    subject = forms.CharField(label="Subject", required=False, max_length=120)

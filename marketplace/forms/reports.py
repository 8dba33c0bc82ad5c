"""What officers write into a report, and how they say that it ends."""

from typing import Any

from django import forms

from compliance.engine.report_forms import ReportForm
from compliance.services.reports import LONGEST_ANSWER


class AnswersForm(forms.Form):
    """The answers of one kind of report, in the order of its form; none is needed while it is a draft."""

    def __init__(self, report_form: ReportForm, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.report_form = report_form
        for field in report_form.fields:
            widget = forms.Textarea(attrs={"rows": 5}) if field.long else forms.TextInput()
            self.fields[field.key] = forms.CharField(
                label=field.label,
                help_text=field.help,
                required=False,
                max_length=LONGEST_ANSWER,
                strip=True,
                widget=widget,
            )
            self.fields[field.key].conditional = True  # type: ignore[attr-defined]  # not “optional”: needed to file

    def sections(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under their headings."""
        found: dict[str, list[forms.BoundField]] = {}
        for field in self.report_form.fields:
            found.setdefault(field.section, []).append(self[field.key])
        return list(found.items())


class FiledForm(forms.Form):
    """Where the authority has it."""

    reference = forms.CharField(label="Filing reference", max_length=80)
    filed_on = forms.DateField(label="Filed on", widget=forms.DateInput(attrs={"type": "date"}))


class NotRequiredForm(forms.Form):
    """Why it need not be filed."""

    reason = forms.CharField(
        label="Why", max_length=400, help_text="Name nobody here.", widget=forms.Textarea(attrs={"rows": 3})
    )

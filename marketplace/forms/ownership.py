"""Who owns the organization and those above it: holder by holder, from a file, or as of a day."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.forms import formset_factory

from compliance.base import clock
from marketplace.forms.base import CountryField, conditional

MOST_OF_A_FILE = 1024 * 1024
TOO_LARGE = "This file is larger than 1 MB. An operator can import larger ones."
# The interest types of BODS 0.4, the usual ones first.
INTERESTS = (
    ("Owns", (("shareholding", "Shares"), ("votingRights", "Voting rights"))),
    (
        "Controls",
        (
            ("otherInfluenceOrControl", "Other influence or control"),
            ("appointmentOfBoard", "Right to appoint the board"),
            ("controlViaCompanyRulesOrArticles", "Control by company rules or articles"),
            ("controlByLegalFramework", "Control by law"),
            ("nominator", "Nominator: another acts for it"),
        ),
    ),
    (
        "Trusts, contracts, partnerships",
        (
            ("settlor", "Settlor"),
            ("trustee", "Trustee"),
            ("protector", "Protector"),
            ("beneficiaryOfLegalArrangement", "Beneficiary"),
            ("rightsToSurplusAssetsOnDissolution", "Rights to surplus assets"),
            ("rightsToProfitOrIncome", "Rights to profit or income"),
            ("rightsGrantedByContract", "Rights by contract"),
            ("conditionalRightsGrantedByContract", "Conditional rights by contract"),
            ("enjoymentAndUseOfAssets", "Use of its assets"),
            ("rightToProfitOrIncomeFromAssets", "Right to income from its assets"),
            ("unknownInterest", "Not known"),
            ("unpublishedInterest", "Not published"),
        ),
    ),
    (
        "Acts for it",
        (
            ("seniorManagingOfficial", "Signs for it"),
            ("boardMember", "Member of the board"),
            ("boardChair", "Chair of the board"),
            ("nominee", "Nominee: acts for another"),
        ),
    ),
)


def day_field(label: str, help_text: str = "") -> forms.DateField:
    """A day that may be left out and has come."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget, help_text=help_text)


def share_field(label: str, help_text: str = "") -> forms.DecimalField:
    """A part of a hundred."""
    hundred = {"min_value": Decimal(0), "max_value": Decimal(100), "decimal_places": 4, "max_digits": 7}
    return forms.DecimalField(label=label, required=False, help_text=help_text, **hundred)  # type: ignore[arg-type]


class OwnerForm(forms.Form):
    """One holder of an interest; an empty row is none."""

    party_id = forms.UUIDField(required=False, widget=forms.HiddenInput)
    name = conditional(forms.CharField(label="Name", required=False, max_length=300))
    kind = forms.ChoiceField(label="Is", choices=(("person", "A person"), ("entity", "A legal entity")))
    country = conditional(CountryField(label="Country", required=False))
    headquarters_country = conditional(
        CountryField(label="Headquarters", required=False, help_text="Legal entities only.")
    )
    birth_date = forms.CharField(
        label="Date of birth", required=False, max_length=10, help_text="Persons only: YYYY-MM-DD."
    )
    interest = forms.ChoiceField(label="Holds", choices=INTERESTS)
    share = conditional(share_field("Percent"))
    share_max = share_field("Up to percent", "Where you know only a range.")
    started_on = day_field("Since", "Left out: since an unknown day.")
    ended_on = day_field("Ended on", "The first day without it. Ends the holding; it stays in the history.")
    source = forms.CharField(
        label="Source", required=False, max_length=200, help_text="What says so: a register, a contract."
    )
    indirect = forms.BooleanField(
        label="Held through others", required=False, help_text="The share sums up chains that you do not name."
    )

    def clean(self) -> dict[str, Any]:
        """A named holder has, where it holds a share, the share; days have come and are in order."""
        cleaned = super().clean() or {}
        if not cleaned.get("name"):
            return cleaned
        if not cleaned.get("country") and not cleaned.get("party_id"):
            self.add_error("country", "Choose the country.")
        if cleaned.get("interest") in {"shareholding", "votingRights"} and cleaned.get("share") is None:
            self.add_error("share", "Give the share in percent.")
        low, high = cleaned.get("share"), cleaned.get("share_max")
        if low is not None and high is not None and high < low:
            self.add_error("share_max", "The upper end is below the lower one.")
        self._check_days(cleaned)
        return cleaned

    def _check_days(self, cleaned: dict[str, Any]) -> None:
        today = clock.now().date()
        start, end = cleaned.get("started_on"), cleaned.get("ended_on")
        for name, day in (("started_on", start), ("ended_on", end)):
            if day is not None and day > today:
                self.add_error(name, "This day has not come.")
        if start is not None and end is not None and end < start:
            self.add_error("ended_on", "It ends before it starts.")


OwnersForm = formset_factory(OwnerForm, extra=2, max_num=100, validate_max=True)


class CompleteForm(forms.Form):
    """Whether these are all."""

    complete = forms.BooleanField(
        label="These are all the owners there are",
        required=False,
        help_text="If some are unknown, leave this open; a person then looks at it.",
    )


class AsOfForm(forms.Form):
    """The day on which ownership is read."""

    on = day_field("As of")

    def clean_on(self) -> Any:
        """A day that has come."""
        day = self.cleaned_data.get("on")
        if day is not None and day > clock.now().date():
            raise forms.ValidationError("This day has not come.")
        return day


class OwnershipFileForm(forms.Form):
    """A file that says who stands above the organization; cleans to its name and content."""

    file = forms.FileField(
        label="File",
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".json,.jsonl,.csv,application/json,text/csv"}),
        help_text="BODS 0.4 (JSON), or relations, exceptions or LEI records of GLEIF (CSV or JSON). Up to 1 MB.",
    )

    def clean_file(self) -> tuple[str, bytes]:
        """Small enough to be looked at in one go."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > MOST_OF_A_FILE:
            raise forms.ValidationError(TOO_LARGE, code="too_large")
        return (file.name or "file")[:100], file.read()

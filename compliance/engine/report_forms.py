"""What a report to an authority asks for: its fields in order, where they come from in law, and when it is due. Pure.

The forms themselves are filed where the authority wants them (OFAC's reporting system, FinCEN's BSA E-Filing); here
stands what goes into them, so that an officer finds it drafted and complete.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from compliance.engine.us_calendar import business_days_after

BLOCKED, UNBLOCKED, REJECTED = "blocked_property", "unblocked_property", "rejected_transaction"
ANNUAL, SUSPICIOUS = "annual_blocked", "suspicious_activity"
BUSINESS_DAYS = 10
CALENDAR_DAYS = 30


@dataclass(frozen=True, slots=True)
class Field:
    """One answer of a report; `needed` before it can be filed."""

    key: str
    label: str
    section: str
    help: str = ""
    needed: bool = True
    long: bool = False


@dataclass(frozen=True, slots=True)
class ReportForm:
    """A kind of report. `basis` says honestly whom the law binds; `secret` that even its existence is confidential."""

    kind: str
    title: str
    authority: str
    citation: str
    source_url: str
    basis: str
    fields: tuple[Field, ...]
    secret: bool = False

    def missing(self, values: dict[str, str]) -> list[Field]:
        """The needed fields that have no answer yet."""
        return [each for each in self.fields if each.needed and not values.get(each.key, "").strip()]


_FILER = (
    Field("filer_name", "Name of the holder", "Filer"),
    Field("filer_address", "Address", "Filer"),
    Field("contact_name", "Contact person", "Filer"),
    Field("contact_email", "E-mail", "Filer"),
    Field("contact_phone", "Telephone", "Filer"),
)
_TARGET = (
    Field("target", "Sanctions target", "Target", "The listed person, and its entry on the list.", long=True),
    Field("legal_authority", "Legal authority", "Target", "The sanctions programme, part or executive order."),
)
_INSTRUCTIONS = Field(
    "instructions", "Instructions", "Attachments", "Copies of orders or transfer instructions that belong to it.",
    needed=False, long=True,
)  # fmt: skip
_REMARKS = Field("remarks", "Remarks", "Remarks", needed=False, long=True)
_OFAC = "Binds persons subject to United States jurisdiction who hold or reject what the regulations name."

FORMS = {
    form.kind: form
    for form in (
        ReportForm(
            BLOCKED,
            "Blocked property",
            "OFAC",
            "31 CFR 501.603(b)(1)",
            "https://www.ecfr.gov/current/title-31/section-501.603",
            f"{_OFAC} Due within ten business days from the date on which the property becomes blocked.",
            (
                *_FILER,
                *_TARGET,
                Field("owner", "Owner or account party", "Property", "Name and address.", long=True),
                Field("property", "Description", "Property", "Accounts, holds and their numbers.", long=True),
                Field("location", "Where it is", "Property"),
                Field("blocked_on", "Date blocked", "Property"),
                Field("value_usd", "Value in USD", "Property", "Actual, or estimated when it is not known."),
                Field("value_basis", "Actual or estimated", "Property", "Say the rate, for another currency."),
                _INSTRUCTIONS,
                _REMARKS,
            ),
        ),
        ReportForm(
            UNBLOCKED,
            "Unblocked or transferred property",
            "OFAC",
            "31 CFR 501.603(b)(3); 89 FR 40372",
            "https://www.federalregister.gov/documents/2024/05/10/2024-10033",
            f"{_OFAC} Since 2024-08-08, within ten business days from the date of unblocking or transfer; exceptions "
            "since 2024-11-07.",
            (
                *_FILER,
                *_TARGET,
                Field("property", "Description", "Property", long=True),
                Field("unblocked_on", "Date unblocked or transferred", "Property"),
                Field("value_usd", "Value in USD", "Property"),
                Field("authority_to_unblock", "Why it is unblocked", "Property", "Licence, delisting, or no match."),
                Field("first_report", "Reference of the first report", "Property", needed=False),
                _REMARKS,
            ),
        ),
        ReportForm(
            REJECTED,
            "Rejected transaction",
            "OFAC",
            "31 CFR 501.604",
            "https://www.ecfr.gov/current/title-31/section-501.604",
            f"{_OFAC} Due within ten business days of the rejected transaction. An inquiry alone may be none: the "
            "officer judges.",
            (
                *_FILER,
                *_TARGET,
                Field("transaction", "What was asked for", "Transaction", long=True),
                Field("parties", "Parties and where they are", "Transaction", long=True),
                Field("rejected_on", "Date rejected", "Transaction"),
                Field("value_usd", "Amount in USD", "Transaction", "Actual or estimated."),
                Field("ground", "Why it was rejected", "Transaction", long=True),
                _INSTRUCTIONS,
                _REMARKS,
            ),
        ),
        ReportForm(
            ANNUAL,
            "Annual report of blocked property",
            "OFAC",
            "31 CFR 501.603(b)(2)",
            "https://www.ecfr.gov/current/title-31/section-501.603",
            f"{_OFAC} All blocked property held as of June 30, by September 30.",
            (
                *_FILER,
                Field("as_of", "Held as of", "Property"),
                Field("property", "Property, line by line", "Property", long=True),
                Field("total_usd", "Total value in USD", "Property"),
                _REMARKS,
            ),
        ),
        ReportForm(
            SUSPICIOUS,
            "Suspicious activity",
            "FinCEN",
            "31 U.S.C. 5318(g); 31 CFR 1020.320, 1022.320",
            "https://www.ecfr.gov/current/title-31/section-1022.320",
            "Binds financial institutions, such as money services businesses; others may report of their own accord "
            "(31 U.S.C. 5318(g)(3)). Due within 30 calendar days from the first detection. That a report is made or "
            "considered must be told to nobody involved (31 U.S.C. 5318(g)(2)).",
            (
                *_FILER,
                Field("subject_name", "Name", "Subject"),
                Field("subject_kind", "Person or entity", "Subject"),
                Field("subject_address", "Address and country", "Subject"),
                Field("subject_birth", "Date of birth", "Subject", needed=False),
                Field("subject_numbers", "Identification", "Subject", "Registration, LEI, documents.", needed=False),
                Field("subject_accounts", "Accounts and wallets", "Subject", needed=False, long=True),
                Field("subject_role", "Relation to the filer", "Subject"),
                Field("activity_from", "From", "Activity"),
                Field("activity_to", "To", "Activity"),
                Field("amount_usd", "Amount in USD", "Activity", "0 if none moved."),
                Field("category", "Category of the activity", "Activity"),
                Field("who", "Who", "Narrative", "Who conducts it, and who else has a part.", long=True),
                Field("what", "What", "Narrative", "Instruments and mechanisms.", long=True),
                Field("when", "When", "Narrative", "In the order of time; when it was detected.", long=True),
                Field("where", "Where", "Narrative", "Places, machines, jurisdictions.", long=True),
                Field("why", "Why it is suspicious", "Narrative", long=True),
                Field("how", "How it was done", "Narrative", long=True),
                _REMARKS,
            ),
            secret=True,
        ),
    )
}


def due_on(kind: str, event_on: date) -> date:
    """The last day for the report about what happened on that day."""
    if kind == SUSPICIOUS:
        return event_on + timedelta(days=CALENDAR_DAYS)
    if kind == ANNUAL:
        return date(event_on.year, 9, 30)
    return business_days_after(event_on, BUSINESS_DAYS)

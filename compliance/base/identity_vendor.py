"""What a vendor of identity checks does for us. The composition root names the implementations (settings)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from compliance.base.errors import Refusal


class VendorUnavailable(Refusal):
    """The vendor does not answer, or answers that it cannot just now; nobody knows whether anything was done."""

    code = "identity_vendor_unavailable"
    http_status = 503
    default_message = "The identity check does not answer just now. Nothing was changed; try again in a minute."


class VendorRefused(Refusal):
    """The vendor will not do this, now or later."""

    code = "identity_vendor_refused"
    http_status = 409
    default_message = "The identity check cannot be done this way. Nothing was changed; hand in documents instead."


class Outcome(StrEnum):
    """How a check stands at the vendor."""

    PENDING = "pending"  # the person has not finished
    PROCESSING = "processing"
    VERIFIED = "verified"
    FAILED = "failed"  # the person may try again
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class Begun:
    """A check was opened: the vendor's id of it, and where the person goes now. The address is a secret of minutes."""

    external_id: str
    url: str


@dataclass(frozen=True, slots=True)
class PersonProven:
    """What the vendor read in the document and found to be the person's. Dates are YYYY-MM-DD, countries ISO 3166-1."""

    first_name: str
    last_name: str
    birth_date: str
    address_country: str = ""
    document_type: str = ""
    document_country: str = ""

    def as_json(self) -> dict[str, str]:
        """The form that is sealed."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, value: Mapping[str, str]) -> "PersonProven":
        """What `as_json` gave."""
        return cls(**{name: value.get(name, "") for name in cls.__slots__})


@dataclass(frozen=True, slots=True)
class Result:
    """How a check stands. `check_id` is ours, told by the vendor; `person` is there once VERIFIED."""

    external_id: str
    check_id: str
    outcome: Outcome
    failure: str = ""
    person: PersonProven | None = None
    url: str = ""


class IdentityVendor(Protocol):
    """Checks that a person is who the document says. Every method but the properties may reach a network.

    Each may raise VendorUnavailable or VendorRefused, and none is called inside a transaction.
    """

    @property
    def code(self) -> str:
        """Under which name checks of this vendor are stored."""

    @property
    def title(self) -> str:
        """What the party reads."""

    @property
    def proves(self) -> bool:
        """Whether VERIFIED stands for document and liveness; else people decide by what was handed in."""

    def begin(self, check_id: UUID, *, return_url: str) -> Begun:
        """A check is open at the vendor; asked again for the same id, it is the same check."""

    def result(self, external_id: str) -> Result:
        """How the check stands now, with what was proven."""

    def cancel(self, external_id: str) -> None:
        """The person can no longer go on with the check; one that is over already stays as it is."""

    def redact(self, external_id: str) -> None:
        """The vendor forgets what it holds of the person."""

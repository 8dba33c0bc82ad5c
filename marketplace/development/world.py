"""The seeded world: who lives in it, what they own, what they let. All invented; any likeness is chance."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

PASSWORD = "clear-the-grid-26"  # noqa: S105 - of a world that lives on the developer's machine
DOMAIN = "gridclear.example"


@dataclass(frozen=True)
class Owner:
    """Someone who holds a share of a party; percent as a string, so that it is exact."""

    name: str
    country: str
    percent: str
    kind: Literal["person", "entity"] = "person"
    headquarters: str = ""
    birth_date: str = ""
    owners: Sequence["Owner"] = ()


@dataclass(frozen=True)
class Company:
    """An organization as it declares itself."""

    key: str
    name: str
    country: str
    city: str
    registration_number: str
    headquarters: str = ""
    region: str = ""
    owners: Sequence[Owner] = ()
    provider: bool = False

    @property
    def email(self) -> str:
        """Its owner's login."""
        return f"{self.key}@{DOMAIN}"


@dataclass(frozen=True)
class Supply:
    """A node with simulated GPUs of one model, and the offer on it. Price in USD cents per GPU hour."""

    provider: str
    name: str
    country: str
    region: str
    city: str
    gpu: str
    slug: str
    count: int
    price_minor: int
    simulate: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "simulate", f"{self.gpu}:{self.count}")


def person(name: str, country: str, percent: str, birth_date: str) -> Owner:
    """A natural person among the owners."""
    return Owner(name, country, percent, birth_date=birth_date)


PROVIDERS = (
    Company(
        "southerncross",
        "Southern Cross Compute Pty Ltd",
        "AU",
        "Brisbane",
        "ACN 990 100 201",
        region="AU-QLD",
        provider=True,
        owners=(person("Matilda Hargreaves", "AU", "60", "1979-03-14"), person("Owen Tully", "AU", "40", "1983-11-02")),
    ),
    Company(
        "helvetia",
        "Limmatrechner AG",
        "CH",
        "Zurich",
        "CHE-990.100.202",
        region="CH-ZH",
        provider=True,
        owners=(person("Regula Ammann", "CH", "100", "1971-06-30"),),
    ),
    Company(
        "mainrechner",
        "Mainrechner GmbH",
        "DE",
        "Frankfurt",
        "HRB 990203",
        region="DE-HE",
        provider=True,
        owners=(person("Jürgen Brandt", "DE", "51", "1968-01-19"), person("Heike Vogel", "DE", "49", "1975-09-08")),
    ),
    Company(
        "merlion",
        "Kallang Compute Pte. Ltd.",
        "SG",
        "Singapore",
        "UEN 990100204K",
        region="SG",
        provider=True,
        owners=(person("Tan Wei Ling", "SG", "100", "1980-05-21"),),
    ),
)

SUPPLIES = (
    Supply("southerncross", "bne-01", "AU", "AU-QLD", "Brisbane", "NVIDIA H100 80GB HBM3", "h100-sxm", 4, 249),
    Supply("southerncross", "bne-02", "AU", "AU-QLD", "Brisbane", "NVIDIA GeForce RTX 3090", "rtx-3090", 4, 22),
    Supply("helvetia", "zrh-01", "CH", "CH-ZH", "Zurich", "NVIDIA H100 80GB HBM3", "h100-sxm", 4, 279),
    Supply("mainrechner", "fra-01", "DE", "DE-HE", "Frankfurt", "NVIDIA GeForce RTX 4090", "rtx-4090", 4, 41),
    Supply("merlion", "sin-01", "SG", "SG", "Singapore", "NVIDIA A100-SXM4-80GB", "a100-80gb", 2, 139),
)

LION_CITY = Company(
    "lioncity",
    "Lion City Labs Pte. Ltd.",
    "SG",
    "Singapore",
    "UEN 202600101A",
    region="SG",
    owners=(person("Lim Hui Min", "SG", "70", "1987-02-11"), person("Arjun Pillai", "SG", "30", "1985-07-25")),
)
UNIVERSITY = Company(
    "zurichberg",
    "Universität Zürichberg",
    "CH",
    "Zurich",
    "CHE-990.100.301",
    region="CH-ZH",
    owners=(Owner("Kanton Zürichberg", "CH", "100", kind="entity", headquarters="CH"),),
)
STRAITS = Company(
    "straits",
    "Straits Render Pte. Ltd.",
    "SG",
    "Singapore",
    "UEN 202600102B",
    region="SG",
    owners=(
        Owner(
            "Jade Harbour Holdings Limited",
            "HK",
            "100",
            kind="entity",
            headquarters="HK",
            owners=(
                Owner(
                    "Northgate Digital Holdings Ltd",
                    "VG",
                    "100",
                    kind="entity",
                    headquarters="VG",
                    owners=(
                        Owner(
                            "Beijing Qianyun Lianhe Technology Co., Ltd.", "CN", "100", kind="entity", headquarters="CN"
                        ),
                    ),
                ),
            ),
        ),
    ),
)
BROKER = Company(
    "broker",
    "Coral Sea Compute Brokers Pty Ltd",
    "AU",
    "Brisbane",
    "ACN 990 100 205",
    region="AU-QLD",
    owners=(person("Gregory Whitlam-Hayes", "AU", "100", "1974-12-03"),),
)

OFFICERS = (
    ("officer.ada@" + DOMAIN, "Ada Fischer"),
    ("officer.noor@" + DOMAIN, "Noor Haddad"),
)
OPERATOR = ("operator@" + DOMAIN, "Sam Okafor")


def logins() -> list[tuple[str, str]]:
    """Each login of the seeded world, and in a few words whose it is."""
    people = [(company.email, f"owner of {company.name}, {company.city}") for company in (LION_CITY, UNIVERSITY)]
    people += [(company.email, f"provider: {company.name}, {company.city}") for company in PROVIDERS]
    people += [(email, f"compliance officer {name}") for email, name in OFFICERS]
    return [*people, (OPERATOR[0], f"operator {OPERATOR[1]}")]

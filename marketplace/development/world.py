"""The seeded world: who lives in it, what they own, what they let. All invented; any likeness is chance."""

from collections.abc import Sequence
from dataclasses import dataclass
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
class Price:
    """USD cents per GPU hour, and the shortest lease in seconds for which it is had."""

    minor: int
    least_seconds: int = 600


@dataclass(frozen=True)
class Supply:
    """A node with simulated GPUs of one model, and the offers on it."""

    provider: str
    name: str
    country: str
    region: str
    city: str
    gpu: str
    count: int
    prices: Sequence[Price]

    @property
    def simulate(self) -> str:
        """What the agent is told to invent."""
        return f"{self.gpu}:{self.count}"


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

# Two prices on one machine: cheap for those who stay an hour, dear by the second for those who do not.
HOURLY, BURST = Price(249, least_seconds=3600), Price(3600, least_seconds=60)
SUPPLIES = (
    Supply("southerncross", "bne-01", "AU", "AU-QLD", "Brisbane", "NVIDIA H100 80GB HBM3", 4, (HOURLY, BURST)),
    Supply("southerncross", "bne-02", "AU", "AU-QLD", "Brisbane", "NVIDIA GeForce RTX 3090", 4, (Price(22),)),
    Supply("helvetia", "zrh-01", "CH", "CH-ZH", "Zurich", "NVIDIA H100 80GB HBM3", 4, (Price(279),)),
    Supply("mainrechner", "fra-01", "DE", "DE-HE", "Frankfurt", "NVIDIA GeForce RTX 4090", 4, (Price(41),)),
    Supply("merlion", "sin-01", "SG", "SG", "Singapore", "NVIDIA A100-SXM4-80GB", 2, (Price(139),)),
)
# Machines of earlier days, retired since; what they earned stands in the books.
RETIRED = (
    Supply("southerncross", "bne-00", "AU", "AU-QLD", "Brisbane", "NVIDIA GeForce RTX 3090", 4, (Price(24),)),
    Supply("helvetia", "zrh-00", "CH", "CH-ZH", "Zurich", "NVIDIA GeForce RTX 4090", 4, (Price(47),)),
)
RENTERS = (
    Company(
        "fjordlys",
        "Fjordlys Animasjon AS",
        "NO",
        "Bergen",
        "NO 990 100 401",
        region="NO-46",
        owners=(person("Ingrid Solheim", "NO", "100", "1982-04-17"),),
    ),
    Company(
        "genomique",
        "Atelier Génomique SAS",
        "FR",
        "Lyon",
        "RCS 990 100 402",
        region="FR-ARA",
        owners=(person("Hélène Marchand", "FR", "55", "1976-10-05"), person("Paul Rivet", "FR", "45", "1979-12-22")),
    ),
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
# A public university: it has no owners, and says so.
UNIVERSITY = Company("zurichberg", "Universität Zürichberg", "CH", "Zurich", "CHE-990.100.301", region="CH-ZH")
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
KARAVEL = Company(
    "karavel",
    "Karavel Simulation Works Ltd",
    "IE",
    "Galway",
    "IE 990106",
    region="IE-G",
    owners=(
        person("Vadrik Osterlanov", "CY", "30", "1961-04-17"),
        Owner("Solvarine Petroservices Limited", "CY", "25", kind="entity", headquarters="CY"),
        person("Aoife Brannigan", "IE", "45", "1988-08-08"),
    ),
)
TULPENVELD = Company(
    "tulpenveld",
    "Tulpenveld Research B.V.",
    "NL",
    "Leiden",
    "KVK 99010700",
    region="NL-ZH",
    owners=(person("Joost van Rijswijk", "NL", "100", "1977-05-30"),),
)
# Nightjar Tumbler Collective's, on the repository's sample of the SDN list.
LISTED_WALLET = "0xf146cEcE05e6695b7E55ab9A2B93DaAae5ddadF9"


def broker(word: str) -> Company:
    """A broker of that name: a new one for each play, since what two officers found about one is kept."""
    return Company(
        f"broker-{word.lower()}",
        f"{word} Compute Brokers Pty Ltd",
        "AU",
        "Brisbane",
        "ACN 990 100 205",
        region="AU-QLD",
        owners=(person("Gregory Whitlam-Hayes", "AU", "100", "1974-12-03"),),
    )


def studio(word: str) -> Company:
    """A company of that name that is put on a list while it computes: a new one for each play."""
    return Company(
        f"studio-{word.lower()}",
        f"{word} Visualisering AS",
        "NO",
        "Trondheim",
        "NO 990 100 501",
        region="NO-50",
        owners=(person("Sigrid Aasen", "NO", "100", "1985-01-12"),),
    )


OFFICERS = (
    ("officer.ada@" + DOMAIN, "Ada Fischer"),
    ("officer.noor@" + DOMAIN, "Noor Haddad"),
)
OPERATOR = ("operator@" + DOMAIN, "Sam Okafor")


def logins() -> list[tuple[str, str]]:
    """Each login of the seeded world, and in a few words whose it is."""
    people = [(company.email, f"owner of {company.name}, {company.city}") for company in (LION_CITY, UNIVERSITY)]
    people += [(company.email, f"renter: {company.name}, {company.city}") for company in RENTERS]
    people += [(company.email, f"provider: {company.name}, {company.city}") for company in PROVIDERS]
    people += [(email, f"compliance officer {name}") for email, name in OFFICERS]
    return [*people, (OPERATOR[0], f"operator {OPERATOR[1]}")]

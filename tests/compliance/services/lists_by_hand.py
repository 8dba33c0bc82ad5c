"""Lists written for one test: rows of the US screening list, and wallets as FollowTheMoney lines."""

import csv
import io
import json

from compliance.base.actor import system
from compliance.services.watchlists import load_watchlist
from compliance.sources.catalogue import SAMPLES

SDN = "Specially Designated Nationals (SDN) - Treasury Department"
LOADER = system("tests")
# Enough that three entries more or less within a month are no loss of one in twenty.
FILLERS = 70


def screening_list(path, *rows):
    """The file holds the rows, each (number, name, more columns), among entries that resemble nobody."""
    head = (SAMPLES / "us_csl.csv").read_text().splitlines()[0].split(",")
    fillers = [(9000 + n, f"Zvyxolt Qurmbeq Works Number {n}", {}) for n in range(FILLERS)]
    out = io.StringIO()
    writer = csv.DictWriter(out, head)
    writer.writeheader()
    for number, name, more in [*rows, *fillers]:
        row = {"source": SDN, "entity_number": number, "type": "Entity", "programs": "SDGT", "name": name, **more}
        writer.writerow(dict.fromkeys(head, "") | row)
    path.write_text(out.getvalue())
    return load_watchlist("us_csl", str(path), actor=LOADER)


def wallet_list(path, wallets, **how):
    """The file holds a listed holder for each (currency, address)."""
    lines = [
        {
            "id": f"wallet-{currency}-{address.lower()}",
            "schema": "CryptoWallet",
            "caption": address,
            "datasets": ["us_ofac_sdn"],
            "properties": {"publicKey": [address], "currency": [currency], "topics": ["sanction"]},
        }
        for currency, address in wallets
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return load_watchlist("opensanctions", str(path), actor=LOADER, **how)

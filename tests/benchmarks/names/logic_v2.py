"""Nomenklatura's logic-v2 behind JSON lines; run by its own interpreter, which has none of Gridclear's packages.

`{"schema", "query", "candidate"}` is answered with `{"score"}`; `{"load": PATH}`, a file of entities, with how many
there are; `{"scan": ENTITY}` with the seconds of processor time that comparing it with all of them takes.
"""

import json
import sys
import time
import uuid

from followthemoney import model
from nomenklatura.matching import get_algorithm
from nomenklatura.matching.types import ScoringConfig

LOGIC = get_algorithm("logic-v2")
CONFIG = ScoringConfig.defaults()


def entity(schema, properties):
    """Always of a fresh id: nomenklatura keeps the analysis of names by it."""
    made = model.make_entity(schema)
    made.id = uuid.uuid4().hex
    for key, value in properties.items():
        if key in made.schema.properties:
            made.add(key, value)
    return made


def answer(asked, loaded):
    """What the line asks for."""
    if "load" in asked:
        with open(asked["load"], encoding="utf-8") as lines:
            loaded[:] = [entity(row["schema"], row["properties"]) for row in map(json.loads, lines)]
        return {"loaded": len(loaded)}
    if "scan" in asked:
        query = entity(asked["scan"]["schema"], asked["scan"]["properties"])
        began = time.process_time()
        scores = [LOGIC.compare(query, each, CONFIG).score for each in loaded if query.schema.can_match(each.schema)]
        return {"seconds": time.process_time() - began, "compared": len(scores)}
    pair = (entity(asked["schema"], asked[side]) for side in ("query", "candidate"))
    return {"score": LOGIC.compare(*pair, CONFIG).score}


def main():
    loaded = []
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), loaded)), flush=True)


if __name__ == "__main__":
    main()

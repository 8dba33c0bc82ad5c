"""A slow, literal reading of the ownership tests, against which the engine is held. It shares no code with it."""

from fractions import Fraction

CONTROL = "otherInfluenceOrControl"
SHARES, VOTES = "shareholding", "votingRights"


class Slow:
    """Edges are (owner, owned, low, high, interest), shares in percent as `Fraction`."""

    def __init__(self, edges, seeds, test, together=()):
        self.edges = [(a, b, Fraction(low), Fraction(high), interest) for a, b, low, high, interest in edges]
        self.entities = sorted({b for _, b, *_ in self.edges})
        self.test = test
        groups = (
            [set(seeds)] if test.aggregate else [{each} for each in seeds] + [set(g) & set(seeds) for g in together]
        )
        self.yes = set().union(*(self.fixpoint(group, surely=True) for group in groups))
        self.maybe = set().union(*(self.fixpoint(group, surely=False) for group in groups)) - self.yes

    def answer(self, target):
        return "YES" if target in self.yes else "UNRESOLVED" if target in self.maybe else "NO"

    def fixpoint(self, roots, *, surely):
        """Asks every entity again and again, until nothing is new."""
        owned = set()
        while True:
            new = {each for each in self.entities if self.owned(each, roots | owned, surely=surely)} - owned
            if not new:
                return owned
            owned |= new

    def owned(self, entity, blocked, *, surely):
        bars = [(SHARES, self.test.shares)] + ([(VOTES, self.test.votes)] if self.test.votes else [])
        for interest, bar in bars:
            total = self.held(entity, blocked, interest, surely=surely)
            if total > Fraction(bar.percent) or (total == Fraction(bar.percent) and not bar.more):
                return True
        controllers = {a for a, b, _, _, interest in self.edges if b == entity and interest == CONTROL}
        return self.test.control and bool(controllers & blocked)

    def held(self, entity, blocked, interest, *, surely):
        """What blocked owners other than the entity itself hold of it; at most what all others surely leave."""
        mine_low = mine_high = others = Fraction(0)
        for owner in {a for a, b, *_ in self.edges if b == entity}:
            rows = [(low, high) for a, b, low, high, kind in self.edges if (a, b, kind) == (owner, entity, interest)]
            low, high = sum(row[0] for row in rows), min(sum(row[1] for row in rows), Fraction(100))
            if owner in blocked and owner != entity:
                mine_low, mine_high = mine_low + low, mine_high + high
            else:
                others += low
        return mine_low if surely else max(mine_low, min(mine_high, 100 - others))


def slow_share(shares, person, target, rounds=400):
    """The person's share of the target along all chains, as a fraction: the sum over ever longer ways."""
    total, wave = 0.0, {target: 1.0}
    for _ in range(rounds):
        following = {}
        for (owner, owned), share in shares.items():
            if owned in wave:
                following[owner] = following.get(owner, 0.0) + wave[owned] * share / 100
        total += following.get(person, 0.0)
        wave = following
    return min(total, 1.0)

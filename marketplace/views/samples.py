"""Sample decisions for the home page and the styleguide; marked as samples wherever they are shown."""

from marketplace.views.decision_card import CheckLine, DecisionCard, ReasonLine

CHECKS = (
    CheckLine("Headquarters are outside Country Group D:5 and Macau", "failed"),
    CheckLine("The end user is disclosed", "unknown"),
    CheckLine("Identity verified to the level needed", "passed"),
    CheckLine("The required lists are up to date", "passed"),
    CheckLine("No embargoed country takes part", "passed"),
    CheckLine("Both parties, their owners and signatories, the wallet and the end use", "passed"),
)
REFUSED = DecisionCard(
    outcome="DENY",
    title="A sample answer",
    summary="Nothing was reserved and nothing was charged.",
    pack="gridclear@2026-11-24",
    checks=CHECKS,
    reasons=(
        ReasonLine(
            "We cannot lease this class of GPU to your organization.",
            "POLICY",
            citation="Gridclear policy, built on 15 CFR 742.6(a)(6)(iii)",
            url="https://www.ecfr.gov/current/title-15/section-742.6",
            effective="since 17 Nov 2023",
        ),
    ),
    next_steps=("You may choose a GPU outside the controlled classes; the catalogue marks them.",),
)
ALLOWED = DecisionCard(
    outcome="ALLOW",
    title="A sample answer",
    summary="Everything that had to be checked was in order.",
    checks=CHECKS[2:],
)

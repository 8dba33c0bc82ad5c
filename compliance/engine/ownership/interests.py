"""What each kind of interest says about ownership and control, in the words of BODS 0.4's codelist.

A share of the capital and a share of the votes are figures. Control by other means is a fact without a figure. The
rights in a trust, a contract or an interest whose nature nobody tells are neither: they may be a holding, so they leave
a question open and never settle it. Who sits on a board or signs owns nothing (OFAC FAQ 398).
"""

SHARES = "shareholding"
VOTES = "votingRights"
CONTROLS = "otherInfluenceOrControl"

FIGURES = (SHARES, VOTES)
# Whoever gives the orders controls: by the right to appoint the board, by the articles, by law, through a nominee.
CONTROL = frozenset(
    {CONTROLS, "appointmentOfBoard", "controlViaCompanyRulesOrArticles", "controlByLegalFramework", "nominator"}
)
# May be ownership in all but name (a trust has no shares, a partnership has rights to its surplus), or control.
OPEN = frozenset(
    {
        "settlor",
        "trustee",
        "protector",
        "beneficiaryOfLegalArrangement",
        "rightsToSurplusAssetsOnDissolution",
        "rightsToProfitOrIncome",
        "rightToProfitOrIncomeFromAssets",
        "rightsGrantedByContract",
        "conditionalRightsGrantedByContract",
        "enjoymentAndUseOfAssets",
        "unknownInterest",
        "unpublishedInterest",
    }
)
# A post, or acting on another's orders.
OFFICES = frozenset({"seniorManagingOfficial", "boardMember", "boardChair", "nominee"})

INTERESTS = frozenset({*FIGURES, *CONTROL, *OPEN, *OFFICES})

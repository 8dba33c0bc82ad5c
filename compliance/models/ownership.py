"""Who owns whom: holdings with their days and sources, and the declarations that brought and ended them."""

import pgtrigger
from django.db import models
from django.db.models import Q

from compliance.base.models import Row
from compliance.base.walls import Immutable, NeverEmptied
from compliance.models.parties import Party


class OwnershipDeclaration(Row):
    """Somebody said at one moment who holds what. While it is the newest about its party it can be taken back.

    `completeness` holds what each party's `ownership_complete` was before, where the declaration changed it.
    """

    class Kind(models.TextChoices):
        FORM = "form", "By form"
        IMPORT = "import", "From a file"

    party = models.ForeignKey(
        Party,
        on_delete=models.PROTECT,
        related_name="ownership_declarations",
        help_text="Whose owners, or the owners of whose owners, it is about",
    )
    number = models.PositiveIntegerField(help_text="Counts the declarations about the party, from 1")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.FORM)
    declared_by = models.CharField(max_length=120)
    source = models.CharField(max_length=200, blank=True)
    completeness = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["party", "number"], name="declarations_are_counted")]
        triggers = [
            Immutable(name="ownership_declaration_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="ownership_declaration_never_emptied"),
        ]

    def __str__(self) -> str:
        return f"declaration of {self.created_at:%Y-%m-%d}"


class OwnershipEdge(Row):
    """`owner` holds an interest in `owned`; shares in percent, as an interval when not known exactly.

    In force from `started_on` (open: since an unknown day) until `ended_on`, which is its first day without. What was
    declared by mistake is `withdrawn`: it was never in force. Rows are ended and withdrawn, never deleted.
    """

    class Interest(models.TextChoices):
        """The interest types of BODS 0.4."""

        SHAREHOLDING = "shareholding", "Shares"
        VOTING_RIGHTS = "votingRights", "Voting rights"
        BOARD = "appointmentOfBoard", "Right to appoint the board"
        CONTROL = "otherInfluenceOrControl", "Other influence or control"
        OFFICER = "seniorManagingOfficial", "Senior managing official or signatory"
        SETTLOR = "settlor", "Settlor of a trust"
        TRUSTEE = "trustee", "Trustee"
        PROTECTOR = "protector", "Protector of a trust"
        BENEFICIARY = "beneficiaryOfLegalArrangement", "Beneficiary of a legal arrangement"
        SURPLUS = "rightsToSurplusAssetsOnDissolution", "Rights to surplus assets on dissolution"
        PROFIT = "rightsToProfitOrIncome", "Rights to profit or income"
        CONTRACT = "rightsGrantedByContract", "Rights by contract"
        CONDITIONAL = "conditionalRightsGrantedByContract", "Conditional rights by contract"
        ARTICLES = "controlViaCompanyRulesOrArticles", "Control by company rules or articles"
        LAW = "controlByLegalFramework", "Control by law"
        BOARD_MEMBER = "boardMember", "Member of the board"
        BOARD_CHAIR = "boardChair", "Chair of the board"
        UNKNOWN = "unknownInterest", "An interest of unknown nature"
        UNPUBLISHED = "unpublishedInterest", "An interest that is not published"
        USE = "enjoymentAndUseOfAssets", "Use of its assets"
        ASSET_INCOME = "rightToProfitOrIncomeFromAssets", "Right to income from its assets"
        NOMINEE = "nominee", "Nominee: acts for another"
        NOMINATOR = "nominator", "Nominator: another acts for it"

    owner = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="holdings")
    owned = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="owners")
    interest = models.CharField(max_length=40, choices=Interest, default=Interest.SHAREHOLDING)
    direct = models.BooleanField(
        default=True, help_text="Nobody stands between; an indirect share is a sum over chains"
    )
    share_min = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    share_max = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    source = models.CharField(max_length=200, blank=True)
    started_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    declared_in = models.ForeignKey(
        OwnershipDeclaration, null=True, blank=True, on_delete=models.PROTECT, related_name="added"
    )
    # The declaration that ended or withdrew it; the newest one, since nothing ends twice.
    ended_in = models.ForeignKey(
        OwnershipDeclaration, null=True, blank=True, on_delete=models.PROTECT, related_name="ended"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(share_min__gte=0) & Q(share_max__lte=100) & Q(share_min__lte=models.F("share_max")),
                name="share_is_a_percentage_interval",
            ),
            models.CheckConstraint(condition=~Q(owner=models.F("owned")), name="nobody_owns_itself"),
            models.CheckConstraint(
                condition=Q(started_on=None) | Q(ended_on=None) | Q(started_on__lte=models.F("ended_on")),
                name="holding_ends_after_it_starts",
            ),
            models.UniqueConstraint(
                fields=["owner", "owned", "interest", "direct"],
                condition=Q(ended_on=None, withdrawn_at=None),
                name="one_open_edge_per_interest",
            ),
        ]
        triggers = [
            Immutable(name="ownership_edge_kept", operation=pgtrigger.Delete),
            NeverEmptied(name="ownership_edge_never_emptied"),
        ]

"""Pages of rows for people: numbered, with a total."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row")
RowModel = TypeVar("RowModel", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Page `number` of `pages`; `total` rows in all."""

    rows: tuple[Row, ...]
    number: int
    pages: int
    total: int

    @property
    def has_previous(self) -> bool:
        """Whether a page comes before."""
        return self.number > 1

    @property
    def has_next(self) -> bool:
        """Whether a page follows."""
        return self.number < self.pages


def page_of(found: QuerySet[RowModel], *, page: int, per_page: int) -> Page[RowModel]:
    """The page of the query; a number out of range gives the nearest page."""
    size = min(max(per_page, 1), 200)
    total = found.count()
    pages = max(1, -(-total // size))
    number = min(max(page, 1), pages)
    return Page(tuple(found[(number - 1) * size : number * size]), number, pages, total)

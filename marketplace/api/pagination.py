"""Lists are paged by cursor: a page neither skips nor repeats what was there when paging began."""

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    """Newest first; `limit` rows a page."""

    ordering: tuple[str, ...] = ("-created_at", "-id")
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200


class AsSorted(NewestFirst):
    """In the order that the query already has."""

    def get_ordering(self, request, queryset, view):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """The query's own order, which ends in the id."""
        return tuple(queryset.query.order_by)

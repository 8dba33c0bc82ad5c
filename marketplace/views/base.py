"""What every view shares: who sits where, and what a refusal looks like."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from compliance.base.actor import Actor
from compliance.base.errors import NotFound, Refusal
from marketplace.models import Membership, Organization, User
from marketplace.permissions import active_membership, require_officer, require_operator, require_staff

P = ParamSpec("P")
D = TypeVar("D")


class View(Protocol[P]):
    """A view: it takes the request and what its address names."""

    def __call__(self, request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse: ...


PER_PAGE = 25


@dataclass(frozen=True, slots=True)
class Seat:
    """A person acting for one of their organizations."""

    user: User
    membership: Membership

    @property
    def organization(self) -> Organization:
        """The organization in use."""
        return self.membership.organization

    @property
    def actor(self) -> Actor:
        """The person as audit events name it."""
        return self.user.as_actor()

    def may(self, roles: Iterable[str]) -> bool:
        """Whether the person's role is one of these."""
        return self.membership.role in roles


def person(request: HttpRequest) -> User:
    """The person who is logged in. Raises NotFound otherwise; `login_required` stands before it."""
    if not isinstance(request.user, User):
        raise NotFound
    return request.user


def member_view(view: Callable[Concatenate[HttpRequest, Seat, P], HttpResponse]) -> View[P]:
    """The view is asked only by members, with the seat that they take; anonymous visitors log in first."""

    @wraps(view)
    def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        membership = active_membership(request)
        if membership is None:
            raise NotFound("You belong to no organization, so there is nothing here for you.")
        return view(request, Seat(person(request), membership), *args, **kwargs)

    return login_required(inner)


def guarded(require: Callable[[User], None]) -> Callable[[View[P]], View[P]]:
    """A decorator: the view is asked only by those for whom `require` raises nothing."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            require(person(request))
            return view(request, *args, **kwargs)

        return login_required(inner)

    return decorate


officer_view: Callable[[View[P]], View[P]] = guarded(require_officer)
operator_view: Callable[[View[P]], View[P]] = guarded(require_operator)
staff_view: Callable[[View[P]], View[P]] = guarded(require_staff)


def show_refusal(form: forms.Form, refusal: Refusal, names: dict[str, str] | None = None) -> None:
    """The refusal stands in the form: beside the fields that it names, else above them all.

    `names` says what the service calls a field that the form calls otherwise.
    """
    errors: dict[str, str] = refusal.extra.get("errors", {}) if isinstance(refusal.extra, dict) else {}
    placed = False
    for name, why in errors.items():
        field = (names or {}).get(name, name)
        if field in form.fields:
            form.add_error(field, why)
            placed = True
    if not placed:
        form.add_error(None, refusal.message)


def deed_asked_for(request: HttpRequest, deeds: Mapping[str, D]) -> D:
    """The deed that the request's `action` names. Raises NotFound."""
    deed = deeds.get(request.POST.get("action", ""))
    if deed is None:
        raise NotFound
    return deed


def carry_out(
    request: HttpRequest,
    form: forms.Form,
    deed: Callable[[dict[str, Any]], object],
    words: str,
    *,
    beside: str | None = None,
) -> forms.Form | None:
    """The deed is done with what the form holds, and the person is told so; else the form that says why not.

    A refusal stands where `show_refusal` puts it, or beside the one field that is named.
    """
    if not form.is_valid():
        return form
    try:
        deed(form.cleaned_data)
    except Refusal as refusal:
        if beside is None:
            show_refusal(form, refusal)
        else:
            form.add_error(beside, refusal.message)
        return form
    messages.success(request, words)
    return None


def page_of(request: HttpRequest, rows: Any, per_page: int = PER_PAGE) -> Page[Any]:
    """The page of the rows that the URL names; the nearest one for a number out of range."""
    return Paginator(rows, per_page).get_page(request.GET.get("page"))


def asked_for(request: HttpRequest, name: str, most: int = 80) -> str:
    """What the URL asks for under the name, as text that the database takes."""
    return request.GET.get(name, "").replace("\0", "").strip()[:most]


def crumb(label: str, url: str = "") -> dict[str, str]:
    """One step of the breadcrumbs."""
    return {"label": label, "url": url}


def tabs(choices: Iterable[tuple[str, str]], url: str, chosen: str) -> list[dict[str, Any]]:
    """Tabs that narrow a list by the URL's `state`; the first, without a value, is the list itself."""
    return [
        {"label": label, "url": f"?state={value}" if value else url, "current": value == chosen}
        for value, label in choices
    ]


HEADINGS = {
    400: "That request made no sense to us",
    401: "Please log in again",
    403: "This is not yours to do",
    404: "Nothing is here",
    409: "That no longer fits",
    422: "A value does not fit",
    429: "That was too often",
}


class RefusalPages:
    """Middleware: a refusal that no view has dealt with becomes a page with its words and its status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page, or None for what is no refusal."""
        if not isinstance(exception, Refusal) or request.path.startswith("/api/"):
            return None
        return refusal_page(request, exception)


def refusal_page(request: HttpRequest, refusal: Refusal, back: str = "") -> HttpResponse:
    """A whole page that says what happened, what was not changed and what to do."""
    context = {
        "status": refusal.http_status,
        "heading": HEADINGS.get(refusal.http_status, "That was refused"),
        "message": refusal.message,
        "back": back,
    }
    return render(request, "error.html", context, status=refusal.http_status)

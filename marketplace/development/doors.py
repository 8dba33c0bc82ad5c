"""The product's public doors as a stranger uses them: web forms in a session, the REST API with a key."""

import re
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from marketplace.development.geography import COUNTRIES, loopback_of

Found = TypeVar("Found")
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class DoorError(Exception):
    """A door answered otherwise than the scene expected."""


class Web:
    """A person in front of the web pages, without JavaScript, who connects from the country."""

    def __init__(self, base_url: str, country: str = "") -> None:
        self.country = country
        self.http = httpx.Client(base_url=base_url, follow_redirects=True, timeout=60, transport=_from(country))

    def page(self, path: str) -> str:
        """The page's HTML; raises DoorError unless it is 200."""
        answer = self.http.get(path)
        if answer.status_code != httpx.codes.OK:
            raise DoorError(f"GET {path} answered {answer.status_code}")
        return answer.text

    def submit(
        self,
        path: str,
        fields: Mapping[str, Any],
        *,
        form_at: str | None = None,
        files: Mapping[str, tuple[str, bytes]] | None = None,
    ) -> httpx.Response:
        """The form at `form_at` (or at `path`) was sent to `path`; returns the page that followed."""
        found = TOKEN.search(self.page(form_at or path))
        if found is None:
            raise DoorError(f"no form at {form_at or path}")
        data = {"csrfmiddlewaretoken": found[1], **fields}
        return self.http.post(path, data=data, files=files, headers={"Referer": str(self.http.base_url)})


@dataclass(frozen=True)
class Answer:
    """What the API said."""

    status: int
    body: dict[str, Any]


class Api:
    """A program with an API key that connects from the country."""

    def __init__(self, base_url: str, key: str, country: str = "") -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self.http = httpx.Client(base_url=f"{base_url}/api/v1", headers=headers, timeout=60, transport=_from(country))

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: Any) -> Answer:
        """The answer, refusals included. Each POST carries a fresh idempotency key."""
        headers = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
        reply = self.http.request(method, path, json=body, params=query, headers=headers)
        return Answer(reply.status_code, reply.json() if reply.content else {})

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """The object at the path; raises DoorError unless it is there."""
        return self._good("GET", path, self.ask("GET", path, **query))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The deed was done; raises DoorError with the refusal's words otherwise."""
        return self._good("POST", path, self.ask("POST", path, body or {}))

    def _good(self, method: str, path: str, answer: Answer) -> dict[str, Any]:
        if answer.status >= httpx.codes.BAD_REQUEST:
            said = answer.body.get("detail") or answer.body
            raise DoorError(f"{method} {path} answered {answer.status}: {said}")
        return answer.body


def _from(country: str) -> httpx.HTTPTransport:
    """Connections leave from the country's part of loopback, where the machine has it: elsewhere it is unknown."""
    placed = country in COUNTRIES and sys.platform == "linux"
    return httpx.HTTPTransport(local_address=loopback_of(country) if placed else None)


def wait_for(look: Callable[[], Found | None], what: str, *, seconds: float = 60.0) -> Found:
    """What `look` finds, as soon as it finds something true; raises DoorError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise DoorError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.25)

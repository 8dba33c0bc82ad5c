"""The stand-in's memory: one SQLite file, so that its books survive a restart."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL, account TEXT NOT NULL,
    body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, account, seq);
CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT NOT NULL, account TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (key, account));
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL, done INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS faults (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL, mode TEXT NOT NULL, times INTEGER NOT NULL);
"""

Body = dict[str, Any]


class Store:
    """Objects, idempotency keys, webhook deliveries and armed faults. Every use lies inside `transaction()`."""

    def __init__(self, path: str) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """The file is released."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is done within stands together or not at all; one transaction at a time."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def put(self, body: Body, account: str = "") -> Body:
        """The object is stored, new or changed."""
        self._db.execute(
            "INSERT INTO objects (id, kind, account, body) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (body["id"], body["object"], account, json.dumps(body)),
        )
        return body

    def get(self, object_id: str) -> Body | None:
        """The object with this id, if there is one."""
        row = self._db.execute("SELECT body FROM objects WHERE id = ?", (object_id,)).fetchone()
        return json.loads(row[0]) if row else None

    def every(self, kind: str, account: str = "") -> list[Body]:
        """All objects of a kind, newest first, as Stripe lists them."""
        rows = self._db.execute(
            "SELECT body FROM objects WHERE kind = ? AND account = ? ORDER BY seq DESC", (kind, account)
        )
        return [json.loads(row[0]) for row in rows]

    def saved_response(self, key: str, account: str) -> tuple[str, int, str] | None:
        """Fingerprint, status and body kept under an idempotency key."""
        row = self._db.execute(
            "SELECT fingerprint, status, body FROM idempotency WHERE key = ? AND account = ?", (key, account)
        ).fetchone()
        return (row[0], row[1], row[2]) if row else None

    def save_response(self, key: str, account: str, fingerprint: str, status: int, body: str) -> None:
        """A later request with this key gets this answer."""
        self._db.execute("INSERT INTO idempotency VALUES (?, ?, ?, ?, ?)", (key, account, fingerprint, status, body))

    def add_delivery(self, event_id: str, due_at: float) -> None:
        """The event waits to be delivered at `due_at` (unix seconds)."""
        self._db.execute("INSERT INTO deliveries (event_id, due_at) VALUES (?, ?)", (event_id, due_at))

    def next_delivery(self, at: float) -> tuple[int, str, int] | None:
        """Sequence, event id and attempts of the delivery that is due longest."""
        row = self._db.execute(
            "SELECT seq, event_id, attempts FROM deliveries WHERE done = 0 AND due_at <= ? "
            "ORDER BY due_at, seq LIMIT 1",
            (at,),
        ).fetchone()
        return (row[0], row[1], row[2]) if row else None

    def pending_deliveries(self) -> int:
        """How many deliveries still wait."""
        return int(self._db.execute("SELECT count(*) FROM deliveries WHERE done = 0").fetchone()[0])

    def close_delivery(self, seq: int) -> None:
        """The delivery was answered with 2xx, or given up."""
        self._db.execute("UPDATE deliveries SET done = 1, attempts = attempts + 1 WHERE seq = ?", (seq,))

    def postpone_delivery(self, seq: int, due_at: float) -> None:
        """The delivery is tried again at `due_at`."""
        self._db.execute("UPDATE deliveries SET due_at = ?, attempts = attempts + 1 WHERE seq = ?", (due_at, seq))

    def arm(self, path: str, mode: str, times: int) -> None:
        """The next `times` requests or events that match misbehave."""
        self._db.execute("INSERT INTO faults (path, mode, times) VALUES (?, ?, ?)", (path, mode, times))

    def disarm(self) -> None:
        """No fault is armed."""
        self._db.execute("DELETE FROM faults")

    def take_fault(self, name: str, modes: tuple[str, ...]) -> str | None:
        """The mode of the oldest armed fault whose path is part of `name`; it is used up by one."""
        for seq, path, mode in self._db.execute("SELECT seq, path, mode FROM faults WHERE times > 0 ORDER BY seq"):
            if mode in modes and path in name:
                self._db.execute("UPDATE faults SET times = times - 1 WHERE seq = ?", (seq,))
                return str(mode)
        return None

"""A small real DNS server on loopback, for what asks for records."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class Zone(socketserver.ThreadingUDPServer):
    """Answers TXT questions from `records`; `mode` makes it misbehave: `silent`, `servfail`, `garbage`."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.mode = ""
        super().__init__(("127.0.0.1", 0), _Answerer)

    @property
    def address(self) -> str:
        """What GRIDCLEAR_DNS_SERVER is set to."""
        return f"127.0.0.1:{self.server_address[1]}"


class _Answerer(socketserver.BaseRequestHandler):
    server: Zone

    def handle(self) -> None:
        data, socket = self.request
        if self.server.mode == "silent":
            return
        if self.server.mode == "garbage":
            socket.sendto(b"\x00\x01nonsense", self.client_address)
            return
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = question.name.to_text().rstrip(".").lower()
        self.server.asked.append(f"{name} {dns.rdatatype.to_text(question.rdtype)}")
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        values = self.server.records.get(name, [])
        if self.server.mode == "servfail":
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name not in self.server.records:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif values:
            quoted = [" ".join(f'"{part}"' for part in value.split("|")) for value in values]
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", *quoted))
        socket.sendto(answer.to_wire(), self.client_address)


@contextmanager
def running_zone() -> Iterator[Zone]:
    """The server runs within the block."""
    zone = Zone()
    thread = threading.Thread(target=zone.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield zone
    finally:
        zone.shutdown()
        zone.server_close()

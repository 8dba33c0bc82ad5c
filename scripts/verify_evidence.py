"""Verifies a bundle of evidence with Python's standard library and openssl 3 alone; nothing of Gridclear is needed.

    python3 verify_evidence.py BUNDLE.zip PUBLIC_KEY.pem

PUBLIC_KEY.pem is the platform's evidence key, from a place that you trust: the one inside the bundle proves nothing by
itself. Exit status 0 means: the files are those of the signed manifest, the evidence is signed, each event lies under
the signed root of the audit log, and the facts of each decision are those of its digest.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

MOST_BYTES = 512 * 1024 * 1024


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__)
        return 2
    faults = verify(Path(sys.argv[1]), Path(sys.argv[2]))
    for fault in faults:
        print(f"FAULT: {fault}", file=sys.stderr)
    if not faults:
        print("Good: whole, signed, and every event proven.")
    return 1 if faults else 0


def verify(bundle: Path, key: Path) -> list[str]:
    try:
        files = read(bundle)
    except (OSError, ValueError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        return [f"no readable bundle: {error}"]
    faults = [f"{name} is not signed" for name in ("manifest.json", "evidence.json") if not signed(files, name, key)]
    if faults:
        return faults
    listed = json.loads(files["manifest.json"])["files"]
    there = set(files) - {"manifest.json", "manifest.json.sig"}
    faults += [f"{name} is missing or not in the manifest" for name in sorted(there ^ set(listed))]
    faults += [
        f"{name} was altered"
        for name in sorted(there & set(listed))
        if hashlib.sha256(files[name]).hexdigest() != listed[name]["sha256"]
    ]
    evidence = json.loads(files["evidence.json"])
    return faults + events_at_fault(evidence, key) + decisions_at_fault(evidence)


def read(bundle: Path) -> dict[str, bytes]:
    if bundle.stat().st_size > MOST_BYTES:
        raise ValueError("too large")
    with zipfile.ZipFile(bundle) as archive:
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        if len(set(names)) != len(names) or sum(entry.file_size for entry in entries) > bundle.stat().st_size:
            raise ValueError("a name twice, or more inside than outside")
        return {entry.filename: archive.read(entry) for entry in entries}


def signed(files: dict[str, bytes], name: str, key: Path) -> bool:
    return name in files and openssl(files[name], files.get(f"{name}.sig", b""), key)


def openssl(message: bytes, signature: bytes, key: Path) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        text, proof = Path(folder) / "message", Path(folder) / "signature"
        text.write_bytes(message)
        proof.write_bytes(signature)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(key), "-rawin"]
        done = subprocess.run([*command, "-in", str(text), "-sigfile", str(proof)], capture_output=True, check=False)
    return done.returncode == 0


def events_at_fault(evidence: dict, key: Path) -> list[str]:
    if not evidence["events"]:
        return []
    text, _, below = evidence["checkpoint"].partition("\n\n")
    _, size, root = text.split("\n")[:3]
    blob = base64.b64decode(below.split("\n")[0].rpartition(" ")[2])
    if not openssl(f"{text}\n".encode(), blob[4:], key):
        return ["the checkpoint is not signed"]
    return [
        f"event {event['event_id']} is not proven"
        for event in evidence["events"]
        if not proven(event, int(size), base64.b64decode(root))
    ]


def proven(event: dict, size: int, root: bytes) -> bool:
    sequence = event["sequence"]
    said = f"{event['previous_hash']}:{sequence}:{event['event_id']}:{digest(event['body'])}"
    if hashlib.sha256(said.encode()).hexdigest() != event["hash"]:
        return False
    found = hashlib.sha256(b"\0" + bytes.fromhex(event["hash"])).digest()
    index, last = sequence - 1, size - 1
    for step in map(bytes.fromhex, event["path"]):  # RFC 9162, section 2.1.3.2
        if last == 0:
            return False
        if index & 1 or index == last:
            found = hashlib.sha256(b"\1" + step + found).digest()
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\1" + found + step).digest()
        index, last = index >> 1, last >> 1
    return last == 0 and found == root


def decisions_at_fault(evidence: dict) -> list[str]:
    return [
        f"decision {row['id']} has other facts than those of its digest"
        for row in evidence["decisions"]
        if not row["erased"] and not row.get("withheld") and digest(row["facts"]) != row["facts_digest"]
    ]


def digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    raise SystemExit(main())

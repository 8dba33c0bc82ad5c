"""What strangers upload comes out as pictures or not at all."""

import io
import os
import subprocess
import sys

import pytest
from PIL import Image

from compliance.disarm import process
from compliance.disarm.process import cleaned
from compliance.disarm.shapes import JPEG, MAX_BYTES, PDF, PNG, Cleaned, Fault, NoDocument, Page, packed, unpacked
from tests.architecture.source import ROOT
from tests.factories import files


def fault_of(data: bytes, **said: str) -> Fault:
    with pytest.raises(NoDocument) as refused:
        cleaned(data, **said)
    return refused.value.fault


@pytest.mark.parametrize(
    ("data", "found", "kept"),
    [
        (files.picture("JPEG"), JPEG, JPEG),
        (files.picture("PNG"), PNG, PNG),
        (files.paper(), PDF, JPEG),
    ],
)
def test_a_document_is_taken_for_what_it_holds(data, found, kept):
    made = cleaned(data)
    assert made.found == found
    assert [page.media_type for page in made.pages] == [kept]
    with Image.open(io.BytesIO(made.pages[0].body)) as picture:
        assert picture.size == (made.pages[0].width, made.pages[0].height)


def test_each_page_of_a_paper_is_a_picture():
    assert len(cleaned(files.paper(3)).pages) == 3


def test_nothing_but_pixels_is_kept_of_a_photo():
    data = files.photo_with_secrets()
    assert b"SECRET" in data
    page = cleaned(data).pages[0]
    assert b"SECRET" not in page.body
    with Image.open(io.BytesIO(page.body)) as picture:
        assert not picture.getexif()
        assert "icc_profile" not in picture.info
        assert picture.size == (400, 640), "it stands upright, as its metadata asked"


def test_nothing_but_pixels_is_kept_of_a_png():
    page = cleaned(files.png_with_text()).pages[0]
    with Image.open(io.BytesIO(page.body)) as picture:
        assert "Author" not in picture.info
        assert picture.getpixel((0, 0)) == (255, 255, 255), "what was transparent shows white"


def test_a_script_in_a_paper_is_not_kept():
    data = files.scripted_pdf()
    assert b"/JavaScript" in data
    page = cleaned(data).pages[0]
    assert page.media_type == JPEG
    assert b"SECRETSCRIPT" not in page.body


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", Fault.EMPTY),
        (b"%PDF-" + bytes(MAX_BYTES), Fault.TOO_LARGE),
        (files.archive(), Fault.ARCHIVE),
        (b"<html><script>alert(1)</script>", Fault.MARKUP),
        (b"  \n<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", Fault.MARKUP),
        (b"GIF89a" + bytes(100), Fault.UNKNOWN),
        (b"MZ" + bytes(100), Fault.UNKNOWN),
        (files.picture("JPEG")[:2000], Fault.DAMAGED),
        (b"%PDF-1.7 and nothing else", Fault.DAMAGED),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), Fault.DAMAGED),
        (files.paper(21), Fault.TOO_MANY_PAGES),
        (files.bomb_png(), Fault.TOO_MANY_PIXELS),
        (files.picture("PNG", (640, 90)), Fault.TOO_SMALL),
        (files.moving_png(), Fault.MOVING),
        (files.locked_pdf(), Fault.PASSWORD),
    ],
)
def test_what_is_no_document_is_refused(data, fault):
    assert fault_of(data) == fault


@pytest.mark.parametrize(
    "said",
    [
        {"name": "passport.png"},
        {"name": "passport.html"},
        {"declared": "image/png"},
        {"declared": "text/html"},
        {"name": "passport.jpg", "declared": "application/pdf"},
    ],
)
def test_what_is_not_as_it_says_is_refused(said):
    assert fault_of(files.picture("JPEG"), **said) == Fault.OTHERWISE


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"name": "passport.JPEG", "declared": "image/jpeg"},
        {"name": "passport", "declared": "application/octet-stream"},
        {"name": "../../etc/passwd.jpg", "declared": "image/pjpeg"},
    ],
)
def test_what_is_as_it_says_is_taken(said):
    assert cleaned(files.picture("JPEG"), **said).found == JPEG


def test_a_paper_that_unpacks_to_gigabytes_costs_little():
    data = files.bomb_pdf()
    assert len(data) < MAX_BYTES
    environment = {"PATH": os.environ["PATH"]}
    code = (
        "import resource, sys; from compliance.disarm.process import cleaned\n"
        "from compliance.disarm.shapes import NoDocument\n"
        "try: cleaned(sys.stdin.buffer.read())\n"
        "except NoDocument as e: print(e.fault.value)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=data, capture_output=True, cwd=ROOT, env=environment, timeout=120
    )
    *said, peak = done.stdout.decode().split()
    assert int(peak) < 1_200_000, "kibibytes"
    # It is refused, or its page is drawn without the picture; never more than the limit is spent.
    assert said in ([], ["damaged"], ["too_much_work"]), done.stderr


def test_the_program_that_cleans_knows_neither_django_nor_secrets():
    code = (
        "import sys, compliance.disarm.__main__\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('django', 'cryptography', 'psycopg')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_environment_of_the_server_is_not_handed_on(monkeypatch):
    seen = {}

    def run(*args, **kwargs):
        seen.update(kwargs["env"])
        return subprocess.CompletedProcess(args, -9, b"", b"")

    monkeypatch.setenv("SECRET_KEY", "of the server")
    monkeypatch.setattr(process.subprocess, "run", run)
    assert fault_of(files.picture("JPEG")) == Fault.TOO_MUCH_WORK
    assert "SECRET_KEY" not in seen
    assert set(seen) <= {"PATH", "LANG", "LD_LIBRARY_PATH"}


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\n",
        b'["text/html", [["image/jpeg", 1, 1, 3]]]\n\xff\xd8\xff',
        b'["image/jpeg", [["text/html", 1, 1, 3]]]\n\xff\xd8\xff',
        b'["image/jpeg", [["image/jpeg", 1, 1, 3]]]\n<ht',
        b'["image/jpeg", [["image/jpeg", 1, 1, 4]]]\n\xff\xd8\xff',
        b'["image/jpeg", [["image/jpeg", 1, 1, 3]]]\n\xff\xd8\xffmore',
        b'["image/jpeg", []]\n',
    ],
)
def test_an_answer_that_is_no_document_is_not_believed(answer):
    with pytest.raises((ValueError, TypeError)):
        unpacked(answer)


def test_an_answer_is_packed_and_unpacked():
    made = Cleaned(PDF, (Page(JPEG, 2, 3, b"\xff\xd8\xffab"), Page(PNG, 4, 5, b"\x89PNG\r\n\x1a\nx")))
    assert unpacked(packed(made)) == made

"""Nothing inline: the content security policy would refuse it, so no template may hold any."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
INLINE = {
    "a style attribute": re.compile(r"<[^>{%]*\sstyle\s*=", re.I),
    "a style element": re.compile(r"<style[\s>]", re.I),
    "a script with content": re.compile(r"<script(?![^>]*\ssrc=)[^>]*>", re.I),
    "an event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "a javascript: address": re.compile(r"javascript:", re.I),
    "hx-on or an htmx filter, which would need eval": re.compile(r"hx-on|hx-trigger=\"[^\"]*\[|hx-vals=['\"]js:", re.I),
}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_template_holds_nothing_inline(path: Path):
    text = path.read_text()
    # What is downloaded and opened without us brings its own style, and nothing else.
    is_file = path.parent == ROOT / "templates" / "files"
    found = [
        f"{what}: {match.group()[:80]}"
        for what, pattern in INLINE.items()
        if not (is_file and what == "a style element")
        for match in pattern.finditer(text)
    ]
    assert not found


def test_built_assets_fetch_nothing_from_elsewhere():
    css = (ROOT / "marketplace/static/gridclear/app.css").read_text()
    assert not re.findall(r"url\(\s*[\"']?(?:https?:|//|data:)", css)


def test_pages_carry_the_strict_policy(client, db):
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy

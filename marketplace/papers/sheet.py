"""One sheet of the house: A4, the mark, a title, blocks of facts, tables that run over pages, a foot with numbers."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from anyascii import anyascii
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

_FONTS = Path(__file__).parent / "fonts"
TEXT, STRONG = "Inter", "Inter-SemiBold"
pdfmetrics.registerFont(TTFont(TEXT, _FONTS / "Inter-Regular.ttf"))
pdfmetrics.registerFont(TTFont(STRONG, _FONTS / "Inter-SemiBold.ttf"))
_KNOWN: frozenset[int] = frozenset(pdfmetrics.getFont(TEXT).face.charToGlyph)

# The brand's light tokens.
INK, QUIET, LINE, ACCENT = HexColor("#16202b"), HexColor("#55606d"), HexColor("#dde2e7"), HexColor("#00706f")
MARGIN = 20 * mm
WIDTH = A4[0] - 2 * MARGIN
PADDING = 6
# Above and below what is in a row.
ROW_PADDING = 6


def printable(text: str) -> str:
    """The text in letters that the font has; others are written in Latin ones."""
    return "".join(char if ord(char) in _KNOWN or char == "\n" else anyascii(char) or "?" for char in text)


def _style(name: str, size: float, **more: Any) -> ParagraphStyle:
    given: dict[str, Any] = {"fontName": TEXT, "fontSize": size, "leading": size * 1.4, "textColor": INK, **more}
    return ParagraphStyle(name, **given)


STYLES = {
    "title": _style("title", 20, fontName=STRONG, leading=26),
    "text": _style("text", 9),
    "strong": _style("strong", 9, fontName=STRONG),
    "quiet": _style("quiet", 8, textColor=QUIET),
    "label": _style("label", 7.5, fontName=STRONG, textColor=QUIET),
    "figure": _style("figure", 9, alignment=2),
    "total": _style("total", 11, fontName=STRONG, alignment=2),
    "head": _style("head", 7.5, fontName=STRONG, textColor=QUIET),
    "headright": _style("headright", 7.5, fontName=STRONG, textColor=QUIET, alignment=2),
}


def words(text: object, style: str = "text") -> Paragraph:
    """Text of anybody's as a paragraph: no markup in it has an effect."""
    return Paragraph(escape(printable(str(text)), quote=False).replace("\n", "<br/>"), STYLES[style])


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its head, its share of the width, and whether it holds figures."""

    head: str
    share: float
    figures: bool = False


class Sheet:
    """A document as it grows; `pdf` gives its bytes, the same for the same content."""

    def __init__(self, title: str, foot: str) -> None:
        self._title, self._foot = title, foot
        self._parts: list[Any] = [words(title, "title"), Spacer(1, 5 * mm)]

    def space(self, millimetres: float = 5) -> None:
        """Nothing, for so much."""
        self._parts.append(Spacer(1, millimetres * mm))

    def text(self, text: str, style: str = "text") -> None:
        """A paragraph."""
        self._parts.append(words(text, style))

    def sides(self, *sides: tuple[str, Sequence[str]]) -> None:
        """Blocks side by side, each with its label; the first line of each is strong."""
        cells = [
            [words(label, "label"), *(words(line, "text" if n else "strong") for n, line in enumerate(lines))]
            for label, lines in sides
        ]
        table = Table([cells], colWidths=[WIDTH / len(cells)] * len(cells))
        table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]))
        self._parts += [table, Spacer(1, 6 * mm)]

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> None:
        """Rows under their heads, which stand on every page that the table runs over."""
        head = [words(column.head, "headright" if column.figures else "head") for column in columns]
        body = [
            [words(value, "figure" if column.figures else "text") for column, value in zip(columns, row, strict=True)]
            for row in rows
        ]
        widths = [WIDTH * column.share / sum(each.share for each in columns) for column in columns]
        # Heights that are told are not reckoned anew for all that is left, at the end of each page.
        heights = [_height(row, widths) for row in (head, *body)]
        table = LongTable([head, *body], colWidths=widths, rowHeights=heights, repeatRows=1)
        table.setStyle(
            TableStyle(
                [
                    ("VALIGN", (0, 0), (-1, -1), "TOP"),
                    ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
                    ("LEFTPADDING", (0, 0), (0, -1), 0),
                    ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
                ]
            )
        )
        self._parts += [table, Spacer(1, 4 * mm)]

    def totals(self, rows: Sequence[tuple[str, str]]) -> None:
        """Sums at the right edge, the last one strong."""
        cells = [
            [words(name, "text"), words(value, "total" if number == len(rows) else "figure")]
            for number, (name, value) in enumerate(rows, 1)
        ]
        table = Table(cells, colWidths=[50 * mm, 40 * mm], hAlign="RIGHT")
        table.setStyle(
            TableStyle(
                [
                    ("VALIGN", (0, 0), (-1, -1), "BOTTOM"),
                    ("LINEABOVE", (0, -1), (-1, -1), 0.8, INK),
                    ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
                ]
            )
        )
        self._parts += [table, Spacer(1, 5 * mm)]

    def pdf(self, drawn: Callable[[int], None] = lambda pages: None) -> bytes:
        """The document. Drawing uses up the flowables, so it is asked for once; `drawn` is told of each page."""
        written = io.BytesIO()
        document = SimpleDocTemplate(
            written,
            pagesize=A4,
            # A frame pads what is in it.
            leftMargin=MARGIN - PADDING,
            rightMargin=MARGIN - PADDING,
            topMargin=32 * mm,
            bottomMargin=24 * mm,
            title=printable(self._title),
            author="Gridclear",
            lang="en",
            invariant=1,
        )

        def head(canvas: Any, _: Any) -> None:
            _head(canvas)

        foot = printable(self._foot)
        document.build(
            self._parts,
            onFirstPage=head,
            onLaterPages=head,
            canvasmaker=lambda *given, **more: _Pages(foot, drawn, *given, **more),
        )
        return written.getvalue()


class _Pages(Canvas):  # type: ignore[misc]
    """A canvas that writes the feet last, when it is known how many pages there are."""

    def __init__(self, foot: str, drawn: Callable[[int], None], *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._foot, self._drawn = foot, drawn
        self._kept: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 (ReportLab's name)
        """The page waits for its foot."""
        self._kept.append(dict(self.__dict__))
        self._startPage()
        self._drawn(len(self._kept))

    def save(self) -> None:
        """Every page has its foot, and the document is written."""
        pages = self._kept
        for number, page in enumerate(pages, 1):
            self.__dict__.update(page)
            _foot(self, self._foot, f"{number} / {len(pages)}")
            super().showPage()
        super().save()


def _height(row: Sequence[Paragraph], widths: Sequence[float]) -> float:
    """How high a row of a table is, in points: its highest cell and the padding."""
    # The outer columns are padded on their inner side alone.
    inner = [width - PADDING * (1 if place in (0, len(widths) - 1) else 2) for place, width in enumerate(widths)]
    highest = max(cell.wrap(width, A4[1])[1] for cell, width in zip(row, inner, strict=True))
    return float(highest + ROW_PADDING)


def _head(canvas: Any) -> None:
    canvas.saveState()
    _mark(canvas, MARGIN, A4[1] - 20 * mm, 7 * mm)
    canvas.setFillColor(INK)
    canvas.setFont(STRONG, 12)
    canvas.drawString(MARGIN + 9.5 * mm, A4[1] - 18 * mm, "Gridclear")
    canvas.restoreState()


def _mark(canvas: Any, left: float, bottom: float, size: float) -> None:
    """Nine cells, the middle one cut by a tick."""
    unit = size / 20
    canvas.setFillColor(ACCENT)
    for row in range(3):
        for column in range(3):
            canvas.roundRect(left + column * 7 * unit, bottom + row * 7 * unit, 6 * unit, 6 * unit, 1.5 * unit, 0, 1)
    tick = canvas.beginPath()
    points = ((7.6, 9.5), (9.5, 7.6), (12.5, 11.2), (11.5, 12.0), (9.4, 9.4), (8.5, 10.4))
    tick.moveTo(left + points[0][0] * unit, bottom + points[0][1] * unit)
    for x, y in points[1:]:
        tick.lineTo(left + x * unit, bottom + y * unit)
    tick.close()
    canvas.setFillColor(HexColor("#ffffff"))
    canvas.drawPath(tick, stroke=0, fill=1)


def _foot(canvas: Any, text: str, number: str) -> None:
    canvas.saveState()
    canvas.setStrokeColor(LINE)
    canvas.line(MARGIN, 17 * mm, A4[0] - MARGIN, 17 * mm)
    canvas.setFillColor(QUIET)
    canvas.setFont(TEXT, 7.5)
    canvas.drawString(MARGIN, 12.5 * mm, text)
    canvas.drawRightString(A4[0] - MARGIN, 12.5 * mm, number)
    canvas.restoreState()

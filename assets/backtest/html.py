"""HTML of a report: one file, its style inside, nothing fetched."""

from collections.abc import Sequence
from html import escape

import polars as pl

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1b1f24; margin: 0 auto; max-width: 1120px; padding: 0 24px 64px; }
h1 { font-size: 26px; margin: 32px 0 4px; } h2 { font-size: 19px; margin: 36px 0 8px; border-bottom: 1px solid #d9dde3; padding-bottom: 4px; }
p.lead { color: #4a525c; margin-top: 0; } .cards { display: flex; flex-wrap: wrap; gap: 12px; margin: 16px 0; }
.card { border: 1px solid #d9dde3; border-radius: 8px; padding: 10px 14px; min-width: 190px; flex: 1; } .card b { display: block; font-size: 16px; white-space: nowrap; }
.card span { color: #4a525c; font-size: 13px; } .scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; margin: 8px 0; min-width: 60%; }
th { text-align: right; min-width: 72px; background: #f3f5f8; position: sticky; top: 0; } td { white-space: nowrap; } th, td { padding: 4px 10px; border-bottom: 1px solid #e6e9ee; text-align: right; }
th:first-child, td:first-child { text-align: left; } tr:hover td { background: #f8fafc; } img { max-width: 100%; height: auto; } .note { color: #4a525c; font-size: 13px; }
details summary { cursor: pointer; color: #1f5fa8; } @media print { body { max-width: none; } }
"""


def document(title: str, lead: str, sections: Sequence[str]) -> str:
    """A whole page."""
    body = "\n".join(sections)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body><h1>{escape(title)}</h1><p class='lead'>{escape(lead)}</p>\n{body}\n</body></html>\n"
    )


def section(title: str, *parts: str) -> str:
    """A heading and what stands below it."""
    return f"<h2>{escape(title)}</h2>\n" + "\n".join(parts)


def paragraph(text: str, *, is_note: bool = False) -> str:
    """A paragraph of plain text."""
    kind = ' class="note"' if is_note else ""
    return f"<p{kind}>{escape(text)}</p>"


def listing(items: Sequence[str]) -> str:
    """A list of plain texts."""
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def table(frame: pl.DataFrame) -> str:
    """A frame as it is; says so where it has no rows."""
    if frame.is_empty():
        return paragraph("Not played in this backtest.", is_note=True)
    head = "".join(f"<th>{escape(name)}</th>" for name in frame.columns)
    rows = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in frame.rows())
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def picture(uri: str, alt: str) -> str:
    """A picture from a data URI."""
    return f'<img src="{uri}" alt="{escape(alt)}">'


def cards(values: Sequence[tuple[str, str]]) -> str:
    """Headline figures: value, what it is."""
    return '<div class="cards">' + "".join(f'<div class="card"><b>{escape(value)}</b><span>{escape(name)}</span></div>' for value, name in values) + "</div>"


def folded(summary: str, content: str) -> str:
    """Something that opens on a click."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"

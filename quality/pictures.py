r"""Figures as bytes: the one place where plots are rendered, so that an id such as `A$\foo$1` is shown as it is and never read as mathematics."""

import base64
import io
import re
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.text import Text

_PLAIN: Any = {"text.parse_math": False}
_SVG: Any = {"svg.fonttype": "none", "svg.hashsalt": "replenish", "font.family": "sans-serif"}
_SIZE = re.compile(r' (?:width|height)="[^"]*"')


def png_of(figure: Figure) -> bytes:
    """A PNG without any trace of when and by what it was made."""
    buffer = io.BytesIO()
    with mpl.rc_context(_PLAIN):
        _read_as_it_is(figure)
        FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def data_uri(figure: Figure) -> str:
    """A PNG as it stands in a page or in Markdown."""
    return f"data:image/png;base64,{base64.b64encode(png_of(figure)).decode()}"


def svg_of(figure: Figure) -> str:
    """An `<svg>` element for a page: as wide as its place allows, text as text; the same figure gives the same bytes."""
    buffer = io.StringIO()
    with mpl.rc_context(_PLAIN | _SVG):
        _read_as_it_is(figure)
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})  # type: ignore[no-untyped-call]
    text = buffer.getvalue()
    tag, _, rest = text[text.index("<svg") :].partition(">")
    return f"{_SIZE.sub('', tag)}>{rest}"


def _read_as_it_is(figure: Figure) -> None:
    """Texts that were made before rendering; those that rendering makes follow the context."""
    for text in figure.findobj(Text):
        text.set_parse_math(False)

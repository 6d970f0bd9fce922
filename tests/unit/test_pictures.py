"""Rendered figures: ids are shown as they are."""

from matplotlib.figure import Figure

from quality.pictures import png_of, svg_of

ODD = r"A$\foo$1"


def figure_of(text: str) -> Figure:
    figure = Figure(figsize=(3, 2))
    axes = figure.subplots()
    axes.barh([text, "B"], [1.0, 2.0], label=text)
    axes.set(title=text, xlabel=text)
    axes.legend()
    figure.suptitle(text)
    return figure


def test_an_id_that_looks_like_mathematics_is_text_everywhere() -> None:
    svg = svg_of(figure_of(ODD))
    assert svg.count(ODD) == 5  # bar, legend, title, axis, figure
    assert svg.startswith("<svg ")
    assert png_of(figure_of(ODD)).startswith(b"\x89PNG")


def test_the_same_figure_is_the_same_bytes() -> None:
    assert svg_of(figure_of("a")) == svg_of(figure_of("a"))
    assert png_of(figure_of("a")) == png_of(figure_of("a"))

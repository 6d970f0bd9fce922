"""Write `tables.md` and `settings.md` beside this file: `python -m docs.reference.generate`."""

from pathlib import Path

from assets.marts import derived_views
from quality.reference_docs import settings_markdown, tables_markdown

FOLDER = Path(__file__).parent


def pages() -> dict[str, str]:
    """The generated pages by file name."""
    views = {view.name: (view.description, view.columns) for view in derived_views()}
    return {"tables.md": tables_markdown(views), "settings.md": settings_markdown()}


if __name__ == "__main__":
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")

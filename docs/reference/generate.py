"""Write the generated pages beside this file: `python -m docs.reference.generate`."""

from pathlib import Path

from assets.marts import describe_tables
from quality.reference_docs import dictionary_markdown, settings_markdown, tables_markdown
from quality.suites.reference_page import expectations_markdown

FOLDER = Path(__file__).parent


def pages() -> dict[str, str]:
    """The generated pages by file name."""
    return {
        "tables.md": tables_markdown(),
        "settings.md": settings_markdown(),
        "data_dictionary.md": dictionary_markdown(describe_tables()),
        "expectations.md": expectations_markdown(),
    }


if __name__ == "__main__":
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")

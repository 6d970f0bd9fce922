import pytest

from domain.errors import DataError
from sources.csv_text import parse_csv


def parse(text: str) -> tuple[list[tuple[str | None, ...]], list[str]]:
    parsed = parse_csv(text.encode(), "x.csv")
    return parsed.frame.rows(), parsed.broken_lines


def test_quoted_fields_may_hold_commas_quotes_and_line_breaks() -> None:
    assert parse('a,b\n1,"x, ""y""\nz"\r\n2,w') == ([("1", 'x, "y"\nz'), ("2", "w")], [])


def test_empty_fields_are_null_and_blank_lines_no_rows() -> None:
    assert parse('a,b\n,1\n\n"",2\r\n\r\n') == ([(None, "1"), (None, "2")], [])


def test_byte_order_mark_and_spaces_in_the_header() -> None:
    assert parse("\ufeffa, b\n1,2\n")[0] == [("1", "2")]
    assert parse_csv("\ufeffa, b\n".encode(), "x.csv").frame.columns == ["a", "b"]


@pytest.mark.parametrize("line", ["1", "1,2,3", '1,"2"3', "   "])
def test_a_line_with_the_wrong_number_of_fields_costs_only_itself(line: str) -> None:
    assert parse(f"a,b\n1,2\n{line}\n3,4\n") == ([("1", "2"), ("3", "4")], [line])


def test_a_stray_quote_does_not_swallow_the_rest_of_the_file() -> None:
    assert parse('a,b\n1,"2\n3,4\n5,6\n') == ([("3", "4"), ("5", "6")], ['1,"2'])


def test_a_quote_within_an_unquoted_field_is_a_character() -> None:
    assert parse('a,b\n5" pipe,2\n') == ([('5" pipe', "2")], [])


def test_an_empty_file_has_no_columns() -> None:
    assert parse_csv(b"", "x.csv").frame.shape == (0, 0)


def test_more_rows_than_one_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sources.csv_text._CHUNK_ROWS", 2)
    assert parse("a\n1\n2\n3\n4\n5\n")[0] == [("1",), ("2",), ("3",), ("4",), ("5",)]
    assert len(parse('a,b\n1,2\n3,4\n5,"6\n')[0]) == 2
    assert len(parse("a,b\n1,2\n3,4\n5,6\n\n")[0]) == 3


def test_rows_are_kept_when_the_last_lines_are_broken() -> None:
    assert parse("a,b\n1,2\n3\n") == ([("1", "2")], ["3"])


def test_what_is_not_utf_8_is_refused_unless_a_fallback_is_given() -> None:
    content = "a\n1\n£\n".encode("cp1252")
    with pytest.raises(DataError, match="line 3"):
        parse_csv(content, "x.csv")
    assert parse_csv(content, "x.csv", fallback_encoding="cp1252").frame.rows() == [("1",), ("£",)]


def test_a_name_twice_in_the_header_is_refused() -> None:
    with pytest.raises(DataError, match="twice"):
        parse_csv(b"a,b,a\n", "x.csv")

from domain.errors import DataError, ReplenishError


def test_an_error_says_fact_got_wanted_and_remedy() -> None:
    error = DataError("table sales has no column week", got="day", wanted="week", remedy="Rename the column.")
    assert str(error) == "table sales has no column week\n  got: day\n  wanted: week\n  remedy: Rename the column."
    assert isinstance(error, ReplenishError)


def test_what_is_not_known_is_left_out() -> None:
    assert str(DataError("the folder is empty")) == "the folder is empty"

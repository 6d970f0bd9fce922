"""Errors that teach: fact, got, wanted, remedy; one class per person who must act.

They are caught only at the doors: a CLI call, a Dagster run, an HTTP request.
"""


class ReplenishError(Exception):
    """A failure a person can act on.

    Args:
        fact: What is wrong, naming file, table, column or partition.
        got: What was found.
        wanted: What would have been right.
        remedy: What to do now.
    """

    def __init__(self, fact: str, *, got: str = "", wanted: str = "", remedy: str = "") -> None:
        self.fact, self.got, self.wanted, self.remedy = fact, got, wanted, remedy
        parts = [fact]
        parts += [f"  {name}: {text}" for name, text in (("got", got), ("wanted", wanted), ("remedy", remedy)) if text]
        super().__init__("\n".join(parts))

    def as_dict(self) -> dict[str, str]:
        """For programs: the kind of error, and the four fields; empty where there is nothing to say."""
        return {"error": type(self).__name__, "fact": self.fact, "got": self.got, "wanted": self.wanted, "remedy": self.remedy}


class DataError(ReplenishError):
    """The data owner must act: a table of the source breaks the data contract."""


class UsageError(ReplenishError):
    """The caller must act: an argument or a setting is not usable."""


class StorageError(ReplenishError):
    """The operator must act: a folder cannot be read or written."""


class StaleInputError(ReplenishError):
    """The pipeline must be run again: inputs do not fit together."""


class DeliveryError(ReplenishError):
    """The operator must act: a channel of alerts does not take messages. They wait."""

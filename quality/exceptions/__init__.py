"""What a planner should look at first: the unusual SKUs of a day, by the money at stake. Each reason is one function."""

from quality.exceptions.ranking import Skus, rank_exceptions

__all__ = ["Skus", "rank_exceptions"]

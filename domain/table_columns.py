"""Columns that many of the stages' tables have."""

import dataframely as dy


def key(description: str) -> dy.String:
    """Part of what identifies a row."""
    return dy.String(primary_key=True, nullable=False, min_length=1, description=description)


def euros(description: str) -> dy.Float64:
    """An amount of money in EUR."""
    return dy.Float64(nullable=False, allow_inf=False, allow_nan=False, description=description)


def share(description: str) -> dy.Float64:
    """A fraction in [0, 1]."""
    return dy.Float64(nullable=False, min=0.0, max=1.0, allow_nan=False, description=description)


def units(description: str, *, nullable: bool = False) -> dy.Int64:
    """A whole number of units or rows, not negative."""
    return dy.Int64(nullable=nullable, min=0, description=description)

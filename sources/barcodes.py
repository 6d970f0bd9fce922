"""Barcodes that stand where a number should: GTIN-8, -12, -13 and -14 end in a check digit (GS1 General Specifications, 7.9)."""

import polars as pl

_DIGITS = 14
FEWEST_DIGITS = 8


def is_barcode(number: pl.Expr) -> pl.Expr:
    """Whether a whole number has 8 to 14 digits of which the last is the right check digit; one number in ten is so by chance."""
    text = number.cast(pl.String).str.zfill(_DIGITS)
    weighted = pl.sum_horizontal(text.str.slice(place, 1).cast(pl.Int64, strict=False) * (1 if place % 2 else 3) for place in range(_DIGITS))
    return number.is_between(10 ** (FEWEST_DIGITS - 1), 10**_DIGITS - 1) & (weighted % 10 == 0)

"""Measurements: each module has `run() -> dict` of plain figures. Tables in the docs are made from these, never typed."""

"""The command line. Commands import what they run when they run, so that `replenish --help` is instant."""

from cli.app import main

__all__ = ["main"]

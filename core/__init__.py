"""Glimpse's models: every one a file to read beside its paper. Importing this loads no weights."""

from core.zoo import card, load, names, sheets

__all__ = ["card", "load", "names", "sheets"]

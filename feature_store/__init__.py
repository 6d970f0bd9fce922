"""Feature vectors: what the optimiser must know of one SKU on one day, assembled once and read by batch and online alike."""

from feature_store.assemble import MarketContext, assemble_vectors, market_context_of
from feature_store.economics import DefaultUsed, defaults_used
from feature_store.readings import read_day

__all__ = ["DefaultUsed", "MarketContext", "assemble_vectors", "defaults_used", "market_context_of", "read_day"]

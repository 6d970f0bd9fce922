"""Feature vectors: what the optimiser must know of one SKU on one day, assembled once and read by batch and online alike."""

from feature_store.assemble import MarketContext, assemble_vectors, market_context_of
from feature_store.economics import DefaultUsed, defaults_used

__all__ = ["DefaultUsed", "MarketContext", "assemble_vectors", "defaults_used", "market_context_of"]

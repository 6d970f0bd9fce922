"""Feature vectors: what the optimiser must know of one SKU on one day, assembled once and read by batch and online alike."""

from feature_store.assemble import assemble_vectors
from feature_store.economics import DefaultUsed, defaults_used

__all__ = ["DefaultUsed", "assemble_vectors", "defaults_used"]

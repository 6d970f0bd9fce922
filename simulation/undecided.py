"""SKUs that nothing can be decided for, and why: they stay out of the search, the others go on."""

from collections.abc import Mapping, Sequence

from domain.feature_vector import FeatureVector
from domain.settings import Settings
from domain.vector_chunk import chunk_of, shape_fault
from simulation.sku_terms import faults_of
from simulation.tuning import alike_chunks


def reasons_against(vectors: Sequence[FeatureVector], settings: Settings) -> Mapping[int, str]:
    """By place of the SKU in `vectors`, a sentence; SKUs that can be decided for are left out.

    Args:
        vectors: SKUs of one merchant.
        settings: With the merchant's own in force.
    """
    reasons = {place: fault for place, vector in enumerate(vectors) if (fault := shape_fault(vector))}
    shapely = [place for place in range(len(vectors)) if place not in reasons]
    for places in alike_chunks([vectors[place] for place in shapely]):
        chunk = [shapely[place] for place in places]
        faults = faults_of(chunk_of([vectors[place] for place in chunk]), settings)
        reasons |= {place: fault for place, fault in zip(chunk, faults, strict=True) if fault}
    return reasons

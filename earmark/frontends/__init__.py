"""Front ends: from samples to the vectors that a net is trained on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from earmark.frontends.base import FrontEnd
from earmark.frontends.mfcc_mean import MfccMean
from earmark.frontends.mfcc_time import MfccTime

__all__ = ["FRONT_ENDS", "FrontEnd", "MfccMean", "MfccTime", "front_end"]

FRONT_ENDS: Mapping[str, FrontEnd] = MappingProxyType(
    {MfccMean.name: MfccMean(), MfccTime.name: MfccTime()}
)
"""Every front end there is, by its name."""


def front_end(name: str) -> FrontEnd:
    """Look a front end up by its name.

    Raises
    ------
    ValueError
        When there is none of that name.
    """
    try:
        return FRONT_ENDS[name]
    except KeyError:
        raise ValueError(
            f"there is no front end {name!r}; there are {', '.join(FRONT_ENDS)}"
        ) from None

"""Public sets of skeletons, read as they are downloaded: one file a set, and one line here."""

from typing import Dict

from rehab_coach.dataset.converters.jhmdb import JHMDB
from rehab_coach.dataset.converters.penn_action import PennAction
from rehab_coach.dataset.converters.public_set import PublicSet
from rehab_coach.dataset.converters.ui_prmd import UIPRMD
from rehab_coach.dataset.converters.utd_mhad import UTDMHAD

CONVERTERS: Dict[str, PublicSet] = {
    "penn": PennAction(),
    "jhmdb": JHMDB(),
    "uiprmd": UIPRMD(),
    "utd": UTDMHAD(),
}
"""By the name that recipes give the source."""

__all__ = ["CONVERTERS", "PublicSet"]

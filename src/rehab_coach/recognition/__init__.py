"""Recognition: which exercise a skeleton sequence shows."""

from rehab_coach.recognition.contract import ModelContract
from rehab_coach.recognition.model_file import ModelError, load_model, save_model
from rehab_coach.recognition.recognizer import Recognition, Recognizer
from rehab_coach.recognition.st_gcn import STGCN, NetworkConfig

__all__ = [
    "STGCN",
    "ModelContract",
    "ModelError",
    "NetworkConfig",
    "Recognition",
    "Recognizer",
    "load_model",
    "save_model",
]

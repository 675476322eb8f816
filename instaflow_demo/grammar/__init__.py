"""What the shipped models are asked for: concepts, scenes of them, and the captions that describe a scene."""

from .captions import BACKGROUNDS, POSITIONS, SIZES, STYLES, Language, Scene, caption, random_scene
from .concepts import Concept, Name, concepts, held_out_words

__all__ = [
    "BACKGROUNDS",
    "POSITIONS",
    "SIZES",
    "STYLES",
    "Concept",
    "Language",
    "Name",
    "Scene",
    "caption",
    "concepts",
    "held_out_words",
    "random_scene",
]

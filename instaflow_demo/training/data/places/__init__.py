"""Places by name. A place is drawn as often as its drawings are wanted; the same seed gives the same drawing."""

from random import Random

import numpy as np

from ..brush import Brush
from ..lights import EVERY_LIGHT
from ..setting import Place, Setting, Slot, Strip
from .bathroom import draw_bathroom
from .bedroom import draw_bedroom
from .cave import draw_cave
from .city import draw_city
from .classroom import draw_classroom
from .clouds import draw_clouds
from .coast import draw_beach, draw_sea
from .desert import draw_desert
from .farm import draw_farm
from .forest import draw_forest
from .jungle import draw_jungle
from .kitchen import draw_kitchen, draw_kitchen_table
from .lake import draw_lake
from .library import draw_library
from .living_room import draw_living_room
from .meadow import draw_meadow
from .mountains import draw_mountains
from .office import draw_office
from .park import draw_park
from .plain import draw_plain
from .road import draw_road
from .snow import draw_snow
from .space import draw_space
from .stage import draw_stage
from .underwater import draw_underwater

__all__ = ["PLACES", "Place", "Setting", "Slot", "Strip", "draw_place"]

OPEN_AIR = EVERY_LIGHT
ROOM = ("day", "sunset", "night", "golden", "rain", "snow", "spotlight")

PLACES = {
    "meadow": Place(draw_meadow, OPEN_AIR),
    "forest": Place(draw_forest, OPEN_AIR),
    "beach": Place(draw_beach, ("day", "sunset", "night", "golden", "fog", "rain")),
    "sea": Place(draw_sea, ("day", "sunset", "night", "golden", "fog", "rain")),
    "underwater": Place(draw_underwater, ("day", "golden", "night"), sealed=True),
    "mountains": Place(draw_mountains, ("day", "sunset", "night", "golden", "fog", "rain", "snow")),
    "desert": Place(draw_desert, ("day", "sunset", "night", "golden", "fog", "spotlight")),
    "snow": Place(draw_snow, ("day", "sunset", "night", "golden", "fog", "snow")),
    "city": Place(draw_city, OPEN_AIR),
    "space": Place(draw_space, ("day",), sealed=True),
    "farm": Place(draw_farm, ("day", "sunset", "night", "golden", "fog", "rain", "snow")),
    "bathroom": Place(draw_bathroom, ROOM, indoor=True),
    "bedroom": Place(draw_bedroom, ROOM, indoor=True),
    "living_room": Place(draw_living_room, ROOM, indoor=True),
    "kitchen": Place(draw_kitchen, ROOM, indoor=True),
    "kitchen_table": Place(draw_kitchen_table, ROOM, indoor=True),
    "park": Place(draw_park, OPEN_AIR),
    "lake": Place(draw_lake, ("day", "sunset", "night", "golden", "fog", "rain", "snow")),
    "road": Place(draw_road, ("day", "sunset", "night", "golden", "fog", "rain", "snow")),
    "jungle": Place(draw_jungle, ("day", "sunset", "night", "golden", "fog", "rain")),
    "clouds": Place(draw_clouds, ("day", "sunset", "night", "golden")),
    "cave": Place(draw_cave, ("day", "golden", "night"), sealed=True),
    "stage": Place(draw_stage, ("day", "spotlight"), sealed=True),
    "classroom": Place(draw_classroom, ROOM, indoor=True),
    "library": Place(draw_library, ROOM, indoor=True),
    "office": Place(draw_office, ROOM, indoor=True),
    "plain": Place(draw_plain, ("plain",), sealed=True),
}


def draw_place(name: str, seed: int) -> tuple[np.ndarray, Setting]:
    """A drawing of a place, uint8 (9, 256, 256) as `Brush.render` makes it, and where things can be in it."""
    brush = Brush(Random(f"{name} {seed}"), seed)
    setting = PLACES[name].draw(brush)
    return brush.render(), setting

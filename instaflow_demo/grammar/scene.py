"""A scene: what is in a picture, without a word of any language."""

from dataclasses import dataclass, replace

from .things import Thing, things
from .vocabulary import places, slot_places

DAY = "day"


@dataclass(frozen=True)
class Group:
    """`count` copies of a thing. Colour, pose and size are empty where they are what they usually are."""

    thing: str
    colour: str = ""
    count: int = 1
    pose: str = ""
    size: str = ""


@dataclass(frozen=True)
class Scene:
    """Groups of things in a light at a place, or, without a place, on a plain `ground` (white if it has no colour).

    `relation` is that of the first group to the second; `slot` is the named spot where the groups are, such as the
    bathtub; `tone` is the colour of a room; `position` says where in the picture a single thing is; `style` is the icon
    set of a single thing on a plain ground, empty for the look of scenes.
    """

    groups: tuple[Group, ...] = ()
    place: str = ""
    light: str = ""
    relation: str = ""
    slot: str = ""
    tone: str = ""
    ground: str = ""
    position: str = ""
    style: str = ""

    @property
    def plain(self) -> bool:
        return not self.place

    @property
    def things(self) -> int:
        """How many things there are in all."""
        return sum(group.count for group in self.groups)


def fill_in(scene: Scene) -> Scene:
    """The scene with what goes without saying: a bathtub is in a bathroom, and light is daylight."""
    if scene.slot and not scene.place:
        scene = replace(scene, place=slot_places()[scene.slot])
    if scene.light and not scene.place and scene.groups:
        scene = replace(scene, place=home(scene.groups[0].thing))
    if scene.place == "sea" and scene.groups and all(dives(group.thing) for group in scene.groups):
        scene = replace(
            scene, place="underwater", light=scene.light if scene.light in places()["underwater"].lights else ""
        )
    if scene.place and not scene.light:
        lights = places()[scene.place].lights
        scene = replace(scene, light=DAY if DAY in lights else lights[0])
    if len(scene.groups) > 1 and not scene.relation:
        scene = replace(scene, relation="and")
    return scene


def dives(name: str) -> bool:
    """Whether a thing in the sea is below its surface: a fish is, a boat and a whale are not."""
    thing = things().get(name)
    return thing is not None and "swims" in thing.tags and "water" not in thing.tags


def home(name: str) -> str:
    """The place where a thing is when nothing is said of it: the first that fits."""
    thing = things().get(name)
    return next((place.name for place in places().values() if thing and fits(thing, place.name)), "meadow")


def fits(thing: Thing, place: str) -> bool:
    """Whether a thing belongs to a place."""
    return bool(thing.tags & places()[place].fits)

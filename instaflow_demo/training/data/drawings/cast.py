"""Who there is: each person as two drawings (people differ), and what makes a doctor or a pirate of them."""

from dataclasses import replace

from . import hats, tools
from . import wardrobe as wear
from .people import CHILD, WOMAN, Person

BOY = Person(
    build=CHILD, hair="brown", cut="parted", top="#3f8fd0", legs="#4a5a86", shoes="#d8453f", short_sleeves=True
)
GIRL = Person(
    build=CHILD,
    hair="chestnut",
    cut="pigtails",
    top="#f0668f",
    skirt="#f0668f",
    shoes="#8a3f6a",
    short_sleeves=True,
    lashes=True,
)
MAN = Person(hair="brown", cut="short", top="#3fa08a", legs="#46557f")
LADY = Person(build=WOMAN, hair="black", cut="long", top="#f2b53c", legs="#3f5a8f", shoes="#7a3f3f", lashes=True)
HE = Person(hair="black", cut="parted", skin="tan")
SHE = Person(build=WOMAN, hair="chestnut", cut="bob", lashes=True)

CAST: dict[str, tuple[Person, ...]] = {
    "boy": (BOY, replace(BOY, skin="brown", hair="black", cut="curly", top="#f2a53c", legs="#3f6a8f", shoes="#ffffff")),
    "girl": (
        GIRL,
        replace(GIRL, skin="dark", hair="black", cut="afro", top="#f2c53c", skirt="#8a5fd0", shoes="#ffffff"),
    ),
    "man": (MAN, replace(MAN, skin="dark", hair="black", cut="curly", top="#d8453f", legs="#3f3f4f", shoes="#e6e3ea")),
    "woman": (
        LADY,
        replace(LADY, skin="light", hair="red", cut="bob", top="#4f9a8a", skirt="#4f9a8a", shoes="#5a3f3f"),
    ),
    "old man": (
        Person(
            hair="grey", cut="ring", top="#7a8a4a", legs="#6a5a4a", hat=(hats.glasses,), over=(wear.buttons("#4f5a2f"),)
        ),
    ),
    "old woman": (
        Person(
            build=WOMAN, hair="grey", cut="bun", top="#b08ad4", skirt="#7a5fb0", shoes="#4a3a5a", hat=(hats.glasses,)
        ),
    ),
    "police officer": (
        replace(
            HE,
            top="#2f4f96",
            legs="#263a6a",
            shoes="#26222c",
            over=(wear.collar("#3f63b0"), wear.badge(), wear.belt("#26222c")),
            hat=(hats.cap("#2f4f96", "#26222c"),),
        ),
    ),
    "firefighter": (
        Person(
            skin="brown",
            hair="black",
            top="#c9403a",
            legs="#8a2f33",
            shoes="#26222c",
            holds=True,
            over=(wear.stripes("#f6dc4a", 0.35, 0.8, width=5),),
            hat=(hats.helmet("#d8323a", badge=wear.GOLD, brim=8),),
            hands=(tools.axe,),
        ),
    ),
    "doctor": (
        replace(
            SHE,
            skin="tan",
            hair="black",
            cut="ponytail",
            legs="#4f6f9a",
            top="#f7f8fb",
            holds=True,
            over=(wear.coat("#f7f8fb", shirt="#6fb6e0"), wear.stethoscope),
            hands=(tools.clipboard,),
        ),
        replace(
            HE,
            skin="light",
            hair="brown",
            legs="#4f6f9a",
            top="#f7f8fb",
            holds=True,
            over=(wear.coat("#f7f8fb", shirt="#6fb6e0"), wear.stethoscope),
            hands=(tools.clipboard,),
        ),
    ),
    "nurse": (
        replace(
            SHE,
            skin="dark",
            hair="black",
            cut="bun",
            top="#4fc0b8",
            legs="#4fc0b8",
            shoes="#ffffff",
            short_sleeves=True,
            over=(wear.collar("#ffffff"), wear.badge("#ffffff"), wear.stethoscope),
        ),
    ),
    "cook": (
        replace(
            HE,
            skin="light",
            hair="black",
            beard="",
            top="#fafafc",
            legs="#4a4a5a",
            holds=True,
            over=(wear.apron("#ececf2"), wear.buttons("#b9b4c4", 4, double=True), wear.scarf("#d8323a")),
            hat=(hats.toque,),
            hands=(tools.spoon,),
        ),
    ),
    "farmer": (
        Person(
            skin="tan",
            hair="brown",
            beard="#7a4a2c",
            top="#d8524a",
            legs="#3f6fae",
            shoes="#6a4a32",
            holds=True,
            over=(wear.dungarees("#3f6fae"),),
            hat=(hats.brimmed("#e9bd5f", "#b5503a"),),
            hands=(tools.pitchfork,),
        ),
    ),
    "teacher": (
        replace(
            SHE,
            hair="brown",
            cut="bun",
            top="#8a4f3f",
            skirt="#4a4f6a",
            shoes="#3a2f3f",
            holds=True,
            over=(wear.coat("#a5603f", long=False, shirt="#fdf6e6"),),
            hat=(hats.glasses,),
            hands=(tools.book("#3b74d9"),),
        ),
    ),
    "scientist": (
        replace(
            HE,
            skin="light",
            hair="grey",
            cut="curly",
            top="#f7f8fb",
            legs="#5a5a6a",
            holds=True,
            over=(wear.coat("#f7f8fb", shirt="#e9d9b0", tie="#8a4fc4"),),
            hat=(hats.glasses,),
            hands=(tools.flask,),
        ),
    ),
    "singer": (
        replace(
            SHE,
            skin="brown",
            hair="black",
            cut="long",
            top="#d83f8f",
            skirt="#d83f8f",
            gown=True,
            shoes="#8a2f5a",
            short_sleeves=True,
            holds=True,
            hands=(tools.microphone,),
        ),
    ),
    "artist": (
        replace(
            HE,
            skin="light",
            hair="chestnut",
            cut="short",
            beard="#84492a",
            top="#f2f2f6",
            legs="#4a4a6a",
            holds=True,
            over=(wear.stripes("#3f5fae", 0.1, 0.35, 0.6, 0.85, width=4), wear.scarf("#d8323a")),
            hat=(hats.beret("#2f2f42"),),
            hands=(tools.palette,),
        ),
    ),
    "pilot": (
        replace(
            HE,
            skin="light",
            hair="blond",
            top="#2f3652",
            legs="#2f3652",
            shoes="#1f1d26",
            over=(wear.coat("#2f3652", long=False, shirt="#ffffff", tie="#1f1d26"), wear.badge()),
            hat=(hats.cap("#f4f4f8", "#2f3652"),),
        ),
    ),
    "detective": (
        replace(
            HE,
            skin="light",
            hair="brown",
            top="#b58a58",
            legs="#4a4038",
            holds=True,
            over=(wear.coat("#b58a58", shirt="#ffffff", tie="#b03a3a"), wear.belt("#7a5636")),
            hat=(hats.brimmed("#8a6540", "#3f2f26", brim=10),),
            hands=(tools.magnifier,),
        ),
    ),
    "construction worker": (
        Person(
            skin="tan",
            hair="black",
            beard="",
            top="#f08527",
            legs="#3f5a8f",
            shoes="#8a6238",
            holds=True,
            over=(wear.stripes("#f9f06a", 0.3, 0.75, width=5),),
            hat=(hats.helmet("#f6cf3a"),),
            hands=(tools.hammer,),
        ),
    ),
    "cowboy": (
        Person(
            skin="tan",
            hair="brown",
            top="#c9523f",
            legs="#4a6a9f",
            shoes="#7a4a2c",
            over=(wear.coat("#8a5a38", long=False, shirt="#c9523f"), wear.belt("#5a3a26"), wear.scarf("#3b74d9")),
            hat=(hats.brimmed("#8a5a34", "#4a2f20", crown=-2, brim=20),),
        ),
    ),
}

"""Animals asleep: curled up on the ground."""

from .shapes import OUTLINE, Drawing, lighter


def sleeping_cat(fur: str = "#8d93a1", stripes: str = "#5a6070") -> Drawing:
    """A grey tabby, curled up with its tail round it."""
    d = Drawing(150, 96)
    white = "#f7f5f2"
    with d.cushion(6):
        d.path("M20 66Q20 20 82 18Q142 22 144 64Q142 92 112 92H46Q20 90 20 66Z", "~" + fur)
    for line in ("M74 19Q72 30 75 40", "M92 19Q92 30 96 40", "M110 23Q112 34 118 42", "M126 32Q128 42 134 50"):
        d.line(line, stripes, 5)
    with d.cushion(4):
        d.line("M138 70Q130 88 100 86Q74 86 58 82", fur, 14)
        d.line("M66 84.500L58 82", white, 13)
    for line in ("M120 85L123 79M122 86L124 80", "M100 86.500V79.500", "M84 86V79"):
        d.line(line, stripes, 4)
    with d.cushion(4):
        d.path("M10 52L12 26Q13 22 17 25L30 36Q38 34 46 37L60 26Q64 24 65 29L66 54Q68 82 38 82Q8 82 10 52Z", "~" + fur)
        d.path("M38 58Q46 60 52 68Q48 81 38 82Q28 81 24 68Q30 60 38 58Z", white)
    d.path("M15 42L16.500 30L26 37.500Q19 38 15 42Z", "#f09aa6")
    d.path("M61 43L60.500 31L51 38.500Q58 39 61 43Z", "#f09aa6")
    for line in ("M38 37V46", "M31 38Q31 43 33 46", "M45 38Q45 43 43 46"):
        d.line(line, stripes, 3)
    d.line("M20 58Q25 62 30 58M46 58Q51 62 56 58", OUTLINE, 2.2)
    d.path("M35 65H41.500Q40 69 38.200 69.500Q36.500 69 35 65Z", "#e4677c")
    d.line("M33 73Q36 75 38.200 71.500Q40.500 75 43.500 73", OUTLINE, 1.6)
    return d


def sleeping_dog(fur: str = "#b97a45", ears: str = "#6b3f2a") -> Drawing:
    """A brown dog that lies with its head on its paws."""
    d = Drawing(170, 90)
    cream = "#f6e6d0"
    with d.cushion(4):
        d.line("M146 74Q166 76 164 60", fur, 8)
        d.line("M164.500 63V59", cream, 7)
    with d.cushion(6):
        d.path("M52 70Q54 28 100 26Q150 28 152 66Q152 86 134 86H60Q50 84 52 70Z", "~" + fur)
        d.path("M86 27Q112 24 130 34Q124 52 104 50Q88 46 86 27Z", ears, 0.9)
    with d.cushion(4, light=0.15):
        d.path("M108 86Q94 58 120 54Q148 54 146 80Q144 86 136 86Z", f"|{fur}-{lighter(fur, 0.05)}")
        d.box(96, 77, 30, 9.5, cream, 4.5)
        d.box(22, 76, 56, 10.5, "~" + fur, 5)
        d.box(18, 76, 18, 10.5, cream, 5)
    with d.cushion(4.5):
        d.path("M26 44Q34 26 56 28Q76 30 76 52Q76 76 54 78H22Q6 78 6 66Q6 58 18 56Q22 52 26 44Z", "~" + fur)
        d.path("M22 78Q6 78 6 66Q6 59 16 56.500Q28 54 34 62Q40 70 38 78Z", cream)
        d.path("M36 33Q42 29 48 28.500Q44 40 42 54Q34 52 32 46Q33 38 36 33Z", cream)
    d.line("M52 82Q44 84 38 82", "#d8343c", 4)
    d.ellipse(8.500, 61, 5.600, 4.400, OUTLINE)
    d.line("M14 71Q20 74 26 70", OUTLINE, 2)
    d.line("M28 51Q33 55 38 50.500", OUTLINE, 2.400)
    with d.cushion(3.5):
        d.path("M56 28Q74 28 80 46Q84 62 78 76Q73 82 67 76Q56 60 54 44Q53 34 56 28Z", "~" + ears)
    return d

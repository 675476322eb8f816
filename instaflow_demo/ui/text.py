"""What the page says, in the visitor's language.

Labels are translated in the browser by gradio; what the server writes while a run goes on is translated here, in the
language that the browser asked for. Both read the tables of `texts`.
"""

from collections.abc import Mapping
from string import Formatter
from types import MappingProxyType
from typing import Any, Literal, get_args

from ..errors import Sentence
from .texts import english
from .texts.portuguese import EUROPEAN_PAGE, EUROPEAN_SENTENCES, SENTENCES, european, page

Language = Literal["en", "pt-BR", "pt-PT"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
TEXTS: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {"en": MappingProxyType(english.PAGE), "pt-BR": MappingProxyType(page.PAGE), "pt-PT": EUROPEAN_PAGE}
)
NAMES: Mapping[Language, str] = MappingProxyType(
    {"en": "English", "pt-BR": "Português (Brasil)", "pt-PT": "Português (Portugal)"}
)
"""What each language calls itself."""

_SENTENCES: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {"en": {}, "pt-BR": SENTENCES, "pt-PT": EUROPEAN_SENTENCES}
)
_SEPARATORS: Mapping[Language, Mapping[int, int]] = MappingProxyType(
    {"en": {}, "pt-BR": str.maketrans(",.", ".,"), "pt-PT": str.maketrans(",.", "\N{NO-BREAK SPACE},")}
)


def say(language: Language, key: str, **values: object) -> str:
    """The text of the page called `key`, its {placeholders} filled in. Raises KeyError where there is none."""
    return TEXTS[language][key].format(**values)


def machine_text(machine: str, language: Language) -> str:
    """The name of a machine, which results keep in English.

    >>> machine_text("AMD EPYC, 2 cores", "pt-BR")
    'AMD EPYC, 2 núcleos'
    """
    name, comma, cores = machine.removesuffix(" cores").rpartition(", ")
    return say(language, "processor", name=name, cores=cores) if comma and cores.isdigit() else machine


def translate(language: Language, sentence: str) -> str:
    """A sentence of the code below the page; its values that are sentences are translated too, its numbers written
    as in `language`.

    What has no translation stays English.

    >>> translate("pt-BR", Sentence("Choose at least one model."))
    'Escolha pelo menos um modelo.'
    """
    if language == "en" or not isinstance(sentence, Sentence):
        return str(sentence)
    template = _SENTENCES[language].get(sentence.template, sentence.template)
    return _Filler(language).vformat(template, (), sentence.values)


def choose(language: Language, english: str, portuguese: str) -> str:
    """One of two fixed texts, of which the second is in Brazilian Portuguese, in the visitor's language."""
    if language == "en":
        return english
    return portuguese if language == "pt-BR" else european.adapt(portuguese)


class _Filler(Formatter):
    """Fills a template in as `str.format` does, but for sentences and numbers."""

    def __init__(self, language: Language):
        self._language: Language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Sentence):
            return translate(self._language, value)
        written = format(value, format_spec)
        return separate(self._language, written) if isinstance(value, int | float) else written


def preferred_language(accept_language: str | None) -> Language:
    """The page's language for an Accept-Language header: the first entry that is Portuguese or English.

    Portuguese of no country is Brazil's; all other countries write it as Portugal does.

    >>> preferred_language("fr;q=0.9, pt-AO;q=0.8, en;q=0.5")
    'pt-PT'
    """
    for entry in (accept_language or "").split(","):
        primary, _, country = entry.split(";")[0].strip().lower().partition("-")
        if primary in ("pt", "en"):
            return "en" if primary == "en" else "pt-BR" if country in ("", "br") else "pt-PT"
    return "en"


def requested_language(headers: Mapping[str, str]) -> Language:
    """The page's language for the headers of a request."""
    return preferred_language(headers.get("accept-language"))


def format_number(language: Language, value: float, digits: int) -> str:
    """`value` with `digits` decimals and the language's separators.

    >>> format_number("pt-BR", 1234.5, 1)
    '1.234,5'
    """
    return separate(language, f"{value:,.{digits}f}")


def separate(language: Language, number: str) -> str:
    """A number that is written as in English, with the language's separators."""
    return number.translate(_SEPARATORS[language])


def format_seconds(language: Language, value: float) -> str:
    """A duration with three figures that mean something: "0.123 s", "4.56 s", "78.9 s", "12 min 5 s"."""
    if value >= 120:
        minutes, rest = divmod(round(value), 60)
        return f"{minutes} min {rest} s"
    digits = 3 if value < 1 else 2 if value < 10 else 1
    return f"{format_number(language, value, digits)} s"


def format_gigabytes(language: Language, value: float) -> str:
    """Bytes as "512 MB" or "15.6 GB" (powers of ten, as disks and downloads are sold)."""
    if value < 999.5e6:  # from there on it would be "1,000 MB"
        return f"{format_number(language, value / 1e6, 0)} MB"
    return f"{format_number(language, value / 1e9, 1)} GB"

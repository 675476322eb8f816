"""Portuguese as in Portugal: thin over the Brazilian tables, and nothing Brazilian left in what is read."""

import re
from collections.abc import Mapping

import pytest
from test_sentences import placeholders

from instaflow_demo.errors import Sentence
from instaflow_demo.registry import MODELS
from instaflow_demo.results.paper import PAPER
from instaflow_demo.ui.text import TEXTS, choose, translate
from instaflow_demo.ui.texts.portuguese import EUROPEAN_PAGE, EUROPEAN_SENTENCES, SENTENCES, european, page
from instaflow_demo.ui.texts.portuguese.european import adapt

BRAZILIAN = re.compile(
    r"""\b(?:
        arquivos? | baix(?:e|ar|ad[oa]s?) | downloads? | salv(?:ar|e|o|as?|os) | pixels? | telas? | mouse | cadastr\w+
        | usuári[oa]s? | vocês? | registros? | aplicativos? | controles? | compartilh\w+ | acess(?:e|ar) | delet\w+
        | decodific\w+ | time | equipe | esporte | contato | fato | estoque | cota | driver | tocar | digit[ea]r?
        | configura(?:r|ção|ções) | ajustes | login | logs? | em\ uma? | (?:o|do|no)\ cache | cachorros? | clicar
        | clique | toque | libere | rodadas? | quadros? | por\ quê | celular | \w+\ demais
        | \w*[êô][mn][aeiou]\w*  # económico, género
        | (?!comando|quando|segundo|mundo)\w{2,}(?:ando|endo|indo)  # a fazer, and not fazendo
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
COMMANDS = re.compile(r"“[^”]*”|--[a-z-]+")  # are typed as they are


def brazilian_words(table: Mapping[str, str]) -> dict[str, list[str]]:
    found = {key: BRAZILIAN.findall(COMMANDS.sub("", text)) for key, text in table.items()}
    return {key: words for key, words in found.items() if words}


def test_nothing_brazilian_is_left() -> None:
    assert brazilian_words(EUROPEAN_PAGE) == {}
    assert brazilian_words(EUROPEAN_SENTENCES) == {}
    assert brazilian_words({spec.id: choose("pt-PT", spec.summary, spec.summary_pt) for spec in MODELS.values()}) == {}
    assert brazilian_words({row.title: choose("pt-PT", row.source.text, row.source.text_pt) for row in PAPER}) == {}


def test_the_test_finds_what_is_brazilian() -> None:
    assert len(brazilian_words(page.PAGE)) > 20
    assert len(brazilian_words(SENTENCES)) > 60


@pytest.mark.parametrize(("entries", "brazil"), [(european.PAGE, page.PAGE), (european.SENTENCES, SENTENCES)])
def test_every_entry_is_needed(entries: Mapping[str, str], brazil: Mapping[str, str]) -> None:
    assert entries.keys() <= brazil.keys()
    assert {key for key, text in entries.items() if text == adapt(brazil[key])} == set()


@pytest.mark.parametrize("english", SENTENCES)
def test_sentences_have_the_same_placeholders(english: str) -> None:
    assert placeholders(EUROPEAN_SENTENCES[english]) == placeholders(english)


def test_capitals_are_kept() -> None:
    assert adapt("Baixe o arquivo ARQUIVO.safetensors: os Arquivos, e arquivado.") == (
        "Transfira o ficheiro FICHEIRO.safetensors: os Ficheiros, e arquivado."
    )


def test_sentences_and_numbers_are_those_of_portugal() -> None:
    limits = Sentence("The {text} is too long ({n:,} characters): use at most {most}.", text="x", n=1234, most=500)
    assert translate("pt-PT", limits) == "O x é demasiado longo (1\N{NO-BREAK SPACE}234 caracteres): use no máximo 500."
    inner = Sentence.join([Sentence("It is for inpainting."), Sentence("Choose at least one model.")])
    assert translate("pt-PT", inner) == "É para inpainting. Escolha pelo menos um modelo."
    assert TEXTS["pt-PT"]["example_1"] == "Um cão grande"

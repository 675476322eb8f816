"""A checkpoint's tokenizer judged by itself, and by the text encoder that reads what it makes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import CLIPTokenizer

from ...errors import CheckpointError
from ...weights.files import json_object, require_regular_file
from .settings import reason

_TEXT = "a big dog"
_END_OF_WORD = "</w>"


def judge_tokenizer(kind: Any, folder: Path, rows: int, positions: int) -> None:
    """Judge a tokenizer: its files are whole and say the same, and the text encoder knows its words and its length.

    Raises:
        CheckpointError: with a sentence that says what is wrong.
    """
    names = {path.name for path in folder.iterdir()}
    vocabulary = {"tokenizer.json"} if "tokenizer.json" in names else {"vocab.json", "merges.txt"}
    for name in sorted(vocabulary | {name for name in names if name.endswith((".json", ".txt"))}):
        json_object(folder / name) if name.endswith(".json") else require_regular_file(folder / name)
    if kind is CLIPTokenizer:
        _judge_length(folder / "tokenizer_config.json", positions)
    try:
        tokenizer = kind.from_pretrained(folder, local_files_only=True)
        model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
        ids = tokenizer(["", _TEXT])["input_ids"]
        said = tokenizer.decode(ids[1], skip_special_tokens=True).strip()
    except Exception as error:
        raise CheckpointError(
            "{folder} holds no tokenizer that can be read ({why}): restore it, or download it again.",
            folder=folder,
            why=reason(error),
        ) from error
    _judge_words(folder, tokenizer, model, rows)
    clip = kind is CLIPTokenizer
    if said != _TEXT or len(ids[0]) != 2 * clip or (tokenizer.pad_token_id if clip else tokenizer.eos_token_id) is None:
        raise CheckpointError(
            "The tokenizer in {folder} does not read text as its files say: restore it, or download it again.",
            folder=folder,
        )


def _judge_length(path: Path, positions: int) -> None:
    length = json_object(path).get("model_max_length")
    if type(length) is not int or not 2 < length <= positions:
        raise CheckpointError(
            "In {path}, “model_max_length” is {value}, and the text encoder reads {count} tokens: name a folder whose "
            "parts belong together.",
            path=path,
            value=json.dumps(length)[:40],
            count=positions,
        )


def _judge_words(folder: Path, tokenizer: Any, model: Mapping[str, Any], rows: int) -> None:
    """Every word has a row of the text encoder, and every word of several letters is made by a merge."""
    words = tokenizer.get_vocab()
    if (last := max(words.values(), default=-1)) >= rows:
        raise CheckpointError(
            "The tokenizer in {folder} has words up to number {last}, and the text encoder knows {rows}: name a "
            "folder whose parts belong together.",
            folder=folder,
            last=last,
            rows=rows,
        )
    merged = {"".join(pair.split(" ", 1) if isinstance(pair, str) else pair) for pair in model.get("merges", ())}
    merged |= {*tokenizer.all_special_tokens, *tokenizer.get_added_vocab()}
    unmade = [word for word in words if len(word.removesuffix(_END_OF_WORD)) > 1 and word not in merged]
    if unmade:
        raise CheckpointError(
            "The tokenizer in {folder} has {count} words that no merge makes: its merges are cut off. Restore them, "
            "or download them again.",
            folder=folder,
            count=len(unmade),
        )

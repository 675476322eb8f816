"""How strong a LoRA is where its tensors do not say: PEFT's settings, in a file's header or beside it.

diffusers writes them into the header, as "lora_adapter_metadata", with each network's under its name or one network's
without; PEFT writes `adapter_config.json`.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ...errors import CheckpointError, Sentence
from .names import Layer

NETWORKS: tuple[str, ...] = ("unet", "text_encoder")
_HEADER = "lora_adapter_metadata"
_BESIDE = "adapter_config.json"
_LARGEST = 16_000_000  # bytes: far more than a name and a number for each layer need
_MOST_PATTERNS = 1024  # Stable Diffusion has some 750 layers
# a group that repeats takes time without bound, and each star multiplies it
_NESTED, _STAR, _MOST_STARS, _MOST_STARS_OF_ONE = re.compile(r"\)[*+{]"), re.compile(r"[*+{]"), 16, 2
# what makes the base's weights others, so that adding B A to the usual ones is wrong; and what is more than B A
_CHANGES_BASE = re.compile(r"pissa|olora|corda|loftq|lora_ga")
_HARMLESS = {"use_rslora", "use_dora", "lora_bias", "fan_in_fan_out", "inference_mode", "ensure_weight_tying"}
_HARMLESS |= {"r", "lora_alpha", "rank_pattern", "alpha_pattern", "init_lora_weights", "auto_mapping", "eva_config"}
_HARMLESS |= {"runtime_config", "loftq_config", "corda_config", "lora_ga_config", "velora_config", "megatron_config"}
_CHANGES_RULE = {"alora_invocation_tokens", "layer_replication", "trainable_token_indices", "target_parameters"}


@dataclass(frozen=True)
class AdapterConfig:
    """PEFT's settings of one adapter, and where they were found."""

    source: str
    settings: Mapping[str, Any]

    def strength(self, layer: Layer, rank: int) -> float:
        """alpha / r, or alpha / sqrt(r) with rank stabilisation (Kalajdzievski 2023, arXiv:2312.03732).

        Raises:
            CheckpointError: when the rank is not the one that the settings say.
        """
        said = self._of(layer, "rank_pattern", self._number("r", 8))
        if said != rank:
            raise CheckpointError(
                "{source} says rank {said:g} for {layer}, whose tensors have rank {rank}: it belongs to another file.",
                source=self.source,
                said=said,
                layer=layer.path,
                rank=rank,
            )
        alpha = self._of(layer, "alpha_pattern", self._number("lora_alpha", 8))
        return alpha / math.sqrt(rank) if self.settings.get("use_rslora") else alpha / rank

    @property
    def dora(self) -> bool:
        """Whether every update has magnitudes."""
        return bool(self.settings.get("use_dora"))

    def check(self) -> None:
        """Raises CheckpointError for settings that ask for more than W + scale alpha / r B A."""
        kind = str(self.settings.get("peft_type") or "LORA").removeprefix("PeftType.")
        if kind != "LORA":
            raise self._unsupported(f"peft_type {kind}")
        if _CHANGES_BASE.match(start := str(self.settings.get("init_lora_weights")).lower()):
            raise self._unsupported(f"init_lora_weights {start}")
        for name, value in self.settings.items():
            switched_on = value is True or (isinstance(value, dict) and value)
            if (value and name in _CHANGES_RULE) or (switched_on and name not in _HARMLESS):
                raise self._unsupported(name)
        _ = self._patterns  # judged before any work is done

    def _unsupported(self, what: str) -> CheckpointError:
        return CheckpointError(
            "{source} asks for {what}, which is not merged here: name a plain LoRA file.", source=self.source, what=what
        )

    def _number(self, name: str, default: int) -> float:
        return self._finite(name, self.settings.get(name, default))

    def _finite(self, name: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise CheckpointError(
                "{source} says {value!r:.40} for {name}, not a number: correct it.",
                source=self.source,
                value=value,
                name=name,
            )
        return float(value)

    def _of(self, layer: Layer, kind: str, default: float) -> float:
        """The value of the first pattern that a layer's name ends with, as in PEFT's `get_pattern_key`.

        What the text encoder's layers were called before transformers 5 counts too.
        """
        names = (layer.path, f"text_model.{layer.path}") if layer.network == "text_encoder" else (layer.path,)
        return next((value for matches, value in self._patterns[kind] if any(matches(name) for name in names)), default)

    @cached_property
    def _patterns(self) -> dict[str, list[tuple[Callable[[str], Any], float]]]:
        return {kind: self._compiled(kind) for kind in ("rank_pattern", "alpha_pattern")}

    def _compiled(self, kind: str) -> list[tuple[Callable[[str], Any], float]]:
        said = self.settings.get(kind) or {}
        try:
            if not isinstance(said, dict) or len(said) > _MOST_PATTERNS or _slow(said):
                raise ValueError(kind)
            return [
                (re.compile(rf"(?:.*\.)?(?:{name})$").match, self._finite(kind, value)) for name, value in said.items()
            ]
        except (re.error, ValueError, OverflowError, RecursionError) as error:
            raise CheckpointError(
                "{source} has an entry in {kind} that cannot be read: correct it.", source=self.source, kind=kind
            ) from error


def _slow(patterns: Iterable[str]) -> bool:
    """Whether looking for these could take more than a moment, which no list of layers needs."""
    stars = [len(_STAR.findall(pattern)) for pattern in patterns]
    return sum(stars) > _MOST_STARS or max(stars, default=0) > _MOST_STARS_OF_ONE or any(map(_NESTED.search, patterns))


def read_configs(path: Path, header: Mapping[str, str], *, peft: bool) -> dict[str, AdapterConfig]:
    """The settings for each network, where there are any: those of the header, else, for a file that PEFT wrote,
    those beside it.

    Raises:
        CheckpointError: when they cannot be read, or ask for what is not merged here.
    """
    beside = path.with_name(_BESIDE)
    if raw := header.get(_HEADER):
        source = Sentence("The header of {path}", path=path)
        found = _by_network(source, _parse(source, raw))
    elif peft and beside.is_file():
        found = dict.fromkeys(NETWORKS, AdapterConfig(str(beside), _parse(str(beside), _text(beside))))
    else:
        found = {}
    for config in found.values():
        config.check()
    return found


def _by_network(source: str, settings: dict[str, Any]) -> dict[str, AdapterConfig]:
    if not any(name.startswith(tuple(f"{network}." for network in NETWORKS)) for name in settings):
        return dict.fromkeys(NETWORKS, AdapterConfig(source, settings))
    return {
        network: AdapterConfig(source, own)
        for network in NETWORKS
        if (own := {k.removeprefix(f"{network}."): v for k, v in settings.items() if k.startswith(f"{network}.")})
    }


def _text(path: Path) -> str:
    try:
        return path.read_bytes()[:_LARGEST].decode() if path.stat().st_size <= _LARGEST else ""
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError("{path} cannot be read: restore it.", path=path) from error


def _parse(source: str, raw: str) -> dict[str, Any]:
    try:
        settings = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            "{source} holds no settings that can be read: download it again.", source=source
        ) from error
    if not isinstance(settings, dict):
        raise CheckpointError("{source} holds no settings that can be read: download it again.", source=source)
    return settings

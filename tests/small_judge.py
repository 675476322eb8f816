"""A small judge that says the first class of everything, and the shipped models with it beside them."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from instaflow_demo.evaluation import metrics
from instaflow_demo.evaluation.judge import CLASSES, Judge, JudgeShape
from instaflow_demo.weights.locate import MODELS_DIR

SMALL = JudgeShape(widths=(8, 8, 16, 16), text_width=32, text_layers=1, embedding=16)


def judged_models(folder: Path) -> Path:
    """Links in `folder` to the shipped models, and a small judge beside them."""
    for shipped in MODELS_DIR.iterdir():
        if shipped.name != "judge":
            (folder / shipped.name).symlink_to(shipped)
    save_judge(folder / "judge" / "network", right=1.0)
    return folder


def shipped_or_small_judge(folder: Path) -> Path:
    """The folder of the shipped models if their judge is there; else they are linked to, with a small one."""
    return MODELS_DIR if (MODELS_DIR / "judge").is_dir() else judged_models(folder)


def save_judge(folder: Path, right: float) -> None:
    """Write a small judge that is said to be right about this share of real scenes."""
    torch.manual_seed(0)
    shipped = Judge.of(SMALL, Judge.load_tokenizer(MODELS_DIR / "mini" / "tokenizer"))
    for head in shipped.heads.values():
        assert isinstance(head, torch.nn.Linear)
        torch.nn.init.zeros_(head.weight)
        head.bias.data = -torch.arange(head.out_features).float()
    shipped.save(folder)
    renders = torch.randn(64, SMALL.widths[-1], generator=torch.Generator().manual_seed(0))
    save_file(metrics.reference_sums(renders), folder / "reference.safetensors")
    accuracy = {name: dict.fromkeys(CLASSES, right) for name in ("seen_sprites", "new_sprites")}
    (folder / "accuracy.json").write_text(json.dumps(accuracy), encoding="utf-8")

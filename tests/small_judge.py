"""Small judges, one that says the first class of everything and one of scenes, and the shipped models beside them."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from instaflow_demo.evaluation import metrics
from instaflow_demo.evaluation.judge import CLASSES, Judge, JudgeShape
from instaflow_demo.evaluation.scene_judge import LEAST, SceneJudge, SceneJudgeShape
from instaflow_demo.evaluation.whole_scenes import write_reference
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


def save_scene_judge(folder: Path, *, right: float = 1.0, unfit: tuple[str, ...] = ()) -> SceneJudge:
    """Write a small judge of scenes, with what it compares with, that is said to be right about this share of them.

    Of the heads `unfit` it is said to be right about a third.
    """
    torch.manual_seed(0)
    judge = SceneJudge(SceneJudgeShape((8, 8, 16, 16), (1, 1, 1, 1))).eval()
    judge.save(folder)
    about = {"data": "noise"}
    write_reference(judge, [torch.rand(64, 3, 32, 32) * 2 - 1], folder, about)
    known = dict.fromkeys(LEAST, right) | dict.fromkeys(unfit, 1 / 3)
    text = json.dumps({"seen_drawings": known, "unseen_drawings": known})
    (folder / "accuracy.json").write_text(text, encoding="utf-8")
    return judge


def models_judged_by_scenes(folder: Path, **said: Any) -> Path:
    """Links in `folder` to the shipped models, and a small judge of scenes beside them."""
    for shipped in MODELS_DIR.iterdir():
        if shipped.name != "judge":
            (folder / shipped.name).symlink_to(shipped)
    save_scene_judge(folder / "judge" / "network", **said)
    return folder

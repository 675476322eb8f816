"""Training examples that are made once and kept: each process makes its part, and later stages read them again."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from accelerate import Accelerator
from safetensors.torch import load_file, save_file

from ...errors import DemoError


@dataclass(frozen=True)
class StoredExamples:
    """A dataclass of tensors that have a row for each example."""

    def save(self, path: Path) -> None:
        save_file({name: tensor.contiguous() for name, tensor in vars(self).items()}, path)

    @classmethod
    def load(cls, paths: list[Path], device: torch.device) -> Self:
        """The examples of all these files."""
        parts = [load_file(path) for path in paths]
        return cls(**{name: torch.cat([part[name] for part in parts]).to(device) for name in parts[0]})

    @classmethod
    def share(cls, folder: Path, name: str, run: Accelerator, make: Callable[[], Self] | None = None) -> Self:
        """This process's part of the examples `name` in `folder`, made now if there are none.

        Fewer or more processes may read them than made them.

        Raises:
            DemoError: when there are none, and nothing to make them with.
        """
        if make and not any(folder.glob(f"{name}-*.safetensors")):
            run.wait_for_everyone()  # else a slower process would find what a faster one has made
            folder.mkdir(parents=True, exist_ok=True)
            make().save(folder / f"{name}-{run.process_index}.safetensors")
            run.wait_for_everyone()
        parts = sorted(folder.glob(f"{name}-*.safetensors"))
        if not parts:
            raise DemoError(
                "There are no {name} in {folder}: run the stage {stage!r} first.",
                name=name,
                folder=folder,
                stage=folder.name,
            )
        return cls.load(parts[run.process_index :: run.num_processes] or parts, run.device)

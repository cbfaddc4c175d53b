"""The state of training after an epoch, as one file: resumed from it, training ends as if never interrupted.

`training.py` says how often it is written, `anomaly/runs/unfinished.py` how long it is kept.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from anomaly.domain import Epoch

COUNTED = ("last_epoch", "_step_count", "_last_lr")
"""of the schedule: all that changes while it runs"""


class Checkpoint:
    """The file at `path`. `identity`: digest of settings and data; a file with another, or damaged, is ignored."""

    def __init__(
        self,
        path: Path,
        identity: str,
        network: nn.Module,
        optimizer: Optimizer,
        schedule: LRScheduler,
        generator: torch.Generator,
    ) -> None:
        self.path, self.identity = path, identity
        self.network, self.optimizer, self.schedule, self.generator = network, optimizer, schedule, generator

    def save(self, epochs: list[Epoch], best: dict[str, Tensor]) -> None:
        """Written whole and then renamed: a crash leaves this one or the one before, as a full disk does."""
        groups = self.optimizer.state_dict()
        tensors: dict[str, Tensor] = {"generator": self.generator.get_state(), "torch": torch.get_rng_state()}
        for name, weight in self.network.state_dict().items():
            tensors |= {f"network.{name}": weight, f"best.{name}": best[name]}
        for number, moments in groups["state"].items():
            tensors |= {f"moments.{number}.{name}": value for name, value in moments.items()}
        about = {
            "identity": self.identity,
            "epochs": [asdict(epoch) for epoch in epochs],
            "groups": groups["param_groups"],
            "schedule": {name: getattr(self.schedule, name) for name in COUNTED},
        }
        unfinished = self.path.with_suffix(".writing")
        content = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
        told = json.dumps(about)
        try:
            save_file(content, unfinished, {"about": told, "check": _digest(told, content)})
            unfinished.replace(self.path)
        except (OSError, SafetensorError):
            # Training is not ended for it.
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)

    def load(self) -> tuple[list[Epoch], dict[str, Tensor]] | None:
        """Restore the state of training; the epochs so far and the best weights. None where no file can be used."""
        try:
            with safe_open(self.path, "pt") as file:
                said = file.metadata()
                about: dict[str, Any] = json.loads(said["about"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
                check = _digest(said["about"], tensors)
        except (OSError, SafetensorError, ValueError, LookupError, TypeError, RuntimeError):
            return None
        # One of before there was a check has none.
        if about["identity"] != self.identity or said.get("check", check) != check:
            return None

        def part(prefix: str) -> dict[str, Tensor]:
            return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}

        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in part("moments.").items():
            number, _, kind = name.partition(".")
            moments.setdefault(int(number), {})[kind] = value
        self.network.load_state_dict(part("network."))
        self.optimizer.load_state_dict({"state": moments, "param_groups": about["groups"]})
        for name in COUNTED:
            setattr(self.schedule, name, about["schedule"][name])
        self.generator.set_state(tensors["generator"])
        torch.set_rng_state(tensors["torch"])
        return [Epoch(**epoch) for epoch in about["epochs"]], part("best.")


def _digest(told: str, tensors: dict[str, Tensor]) -> str:
    """sha256 of all that is kept, by which a damaged file is known."""
    digest = hashlib.sha256(told.encode())
    for name in sorted(tensors):
        digest.update(f"{name} {tensors[name].dtype} {tuple(tensors[name].shape)}".encode())
        digest.update(tensors[name].numpy().tobytes())
    return digest.hexdigest()

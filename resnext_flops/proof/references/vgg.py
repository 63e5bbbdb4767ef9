"""VGG in torchvision, which numbers the layers of its five stages through."""

from functools import partial
from typing import TYPE_CHECKING

from resnext_flops.complexity.families.vgg import stage_convolutions
from resnext_flops.complexity.network import Network
from resnext_flops.proof.references.compare import Reference
from resnext_flops.proof.references.names import renamer

if TYPE_CHECKING:
    from torch import nn

# torchvision's networks have these; what differs from them it cannot build.
FIXED = {"base_width": 64, "hidden": 4096, "in_channels": 3}
CHANNELS = (64, 128, 256, 512, 512)
FULLY_CONNECTED = {6: 0, 7: 3, 8: 6}


def find(network: Network) -> Reference | None:
    """torchvision's constructor with the same stages; None for widths that it does not have."""
    arguments = network.architecture.arguments
    if any(arguments[name] != value for name, value in FIXED.items()):
        return None
    depths, batch_norm = stage_convolutions(arguments["depth"]), arguments["batch_norm"]
    build = partial(_build, depths, batch_norm, K=arguments["classes"])
    positions = _positions(depths, batch_norm)
    rename = renamer(
        (r"^(conv\d\.conv\d+\.\w+)", lambda match: f"features.{positions[match.group(1)]}"),
        (r"^head\.fc(\d)", lambda match: f"classifier.{FULLY_CONNECTED[int(match.group(1))]}"),
    )
    return Reference("torchvision", f"torchvision VGG, stages {depths}, batch_norm={batch_norm}", build, rename)


def _build(depths: tuple[int, ...], batch_norm: bool, K: int) -> "nn.Module":  # noqa: N803 (the classes)
    from torchvision.models import vgg

    stages = zip(CHANNELS, depths, strict=True)
    plan = [part for channels, times in stages for part in (*[channels] * times, "M")]
    model: nn.Module = vgg.VGG(vgg.make_layers(plan, batch_norm=batch_norm), num_classes=K, init_weights=False)
    return model


def _positions(depths: tuple[int, ...], batch_norm: bool) -> dict[str, int]:
    """The number that torchvision gives to each of our layers."""
    parts = ("conv", "norm", "relu") if batch_norm else ("conv", "relu")
    names = []
    for stage, depth in enumerate(depths, start=1):
        names += [f"conv{stage}.conv{number}.{part}" for number in range(1, depth + 1) for part in parts]
        names.append(f"conv{stage}.pool")
    return {name: position for position, name in enumerate(names)}

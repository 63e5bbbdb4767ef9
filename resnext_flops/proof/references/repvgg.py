"""RepVGG in timm. A deployed network is held against what timm makes of its own network for deployment."""

from functools import partial
from typing import TYPE_CHECKING

from resnext_flops.complexity.families.repvgg import WIDTHS, stage_channels
from resnext_flops.complexity.network import Network
from resnext_flops.proof.references.compare import Reference
from resnext_flops.proof.references.names import renamer, shifted

if TYPE_CHECKING:
    from torch import nn

ROUNDED_TO = 8


def find(network: Network) -> Reference | None:
    """timm's RepVGG with the same blocks, multipliers and groups; None where its channels or groups are others.

    timm rounds channels to multiples of 8, and the authors do not. It counts the blocks of each stage from 1, and the
    authors all blocks: the same where stages have even numbers.
    """
    arguments = network.architecture.arguments
    if arguments["groups"] > 1 and any(times % 2 for times in arguments["depth"][:-1]):
        return None
    multipliers = arguments["width_multiplier"], arguments["last_multiplier"]
    if any(channels % ROUNDED_TO for channels in stage_channels(*multipliers)):
        return None
    groups, deployed = arguments["groups"], arguments["deployed"]
    depths = {f"n{stage}": times for stage, times in enumerate(arguments["depth"], start=1)}
    build = partial(_build, *multipliers, groups, deployed, arguments["in_channels"], K=arguments["classes"], **depths)
    said = f"timm RepVGG, {tuple(depths.values())}, multipliers {multipliers[0]} and {multipliers[1]}, groups {groups}"
    return Reference("timm", f"{said}{', deployed' if deployed else ''}", build, rename)


def _build(
    wider: float,
    last: float,
    groups: int,
    deployed: bool,
    channels: int,
    K: int,  # noqa: N803 (the classes)
    n1: int,
    n2: int,
    n3: int,
    n4: int,
) -> "nn.Module":
    """The network by our names of its sizes."""
    from timm.models.byobnet import ByoBlockCfg, ByobNet, ByoModelCfg
    from timm.utils.model import reparameterize_model

    def channels_of_groups(width: int, place: int) -> int:
        return width // groups if place % 2 and groups > 1 else 0

    blocks = tuple(
        ByoBlockCfg(type="rep", d=times, c=int(width * factor), gs=channels_of_groups)
        for times, width, factor in zip((n1, n2, n3, n4), WIDTHS, (wider, wider, wider, last), strict=True)
    )
    stem = min(WIDTHS[0], int(WIDTHS[0] * wider))
    model: nn.Module = ByobNet(ByoModelCfg(blocks, stem_type="rep", stem_chs=stem), num_classes=K, in_chans=channels)
    return reparameterize_model(model) if deployed else model


rename = renamer(
    (r"^stage0", "stem"),
    (r"^stage(\d)\.block", shifted("stages.{}.", -1)),
    (r"^(stages\.\d\.)(\d+)", lambda match: f"{match[1]}{int(match[2]) - 1}"),
    (r"\.add\.conv3x3\.", ".conv_kxk."),
    (r"\.add\.conv1x1\.", ".conv_1x1."),
    (r"(conv_\w+)\.norm", r"\1.bn"),
    (r"\.add\.identity", ".identity"),
    (r"^(stem|stages\.\d\.\d+)\.conv\.", r"\1.reparam_conv."),
)

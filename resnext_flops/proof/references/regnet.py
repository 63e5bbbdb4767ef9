"""RegNet in torchvision; in timm where torchvision fits widths to groups in another way."""

from functools import partial
from typing import TYPE_CHECKING, Any

from resnext_flops.complexity.families.regnet import any_stages, quantised
from resnext_flops.complexity.network import Network
from resnext_flops.proof.references.compare import Reference, on_cpu
from resnext_flops.proof.references.names import renamer, shifted

if TYPE_CHECKING:
    from torch import nn

# Our names of the parameters, and timm's.
PARAMETERS = {"depth": "depth", "w_0": "w0", "w_a": "wa", "w_m": "wm", "group_width": "group_size"}


def find(network: Network) -> Reference | None:
    """torchvision's RegNet with the same parameters, or timm's; None where neither has its widths."""
    arguments = network.architecture.arguments
    parameters = {name: arguments[name] for name in PARAMETERS}
    named = ", ".join(f"{name}={value}" for name, value in {**parameters, "se": arguments["se"]}.items())
    sizes = {"K": arguments["classes"], "w": arguments["base_width"]}
    ours, theirs, paper = (
        quantised(**parameters, version=version) for version in (arguments["version"], "torchvision", "paper")
    )
    if ours == theirs and arguments["in_channels"] == 3:
        build = partial(_build, parameters, arguments["se"], **sizes)
        return Reference("torchvision", f"torchvision RegNet, {named}", build, rename)
    if ours == paper and len(ours) == 4:
        build = partial(_build_timm, parameters, arguments["se"], arguments["in_channels"], **sizes)
        return Reference("timm", f"timm RegNet, {named}", build, rename_timm)
    return None


def find_any(network: Network) -> Reference | None:
    """torchvision's RegNet of any stages; None where the input does not have its three channels."""
    arguments = network.architecture.arguments
    if arguments["in_channels"] != 3:
        return None
    stages = any_stages(*(arguments[name] for name in ("depth", "widths", "bottleneck", "group_width")))
    blocks = {
        "depths": [stage.depth for stage in stages],
        "widths": [stage.width for stage in stages],
        "group_widths": [stage.inner // stage.groups for stage in stages],
        "bottleneck_multipliers": [stage.inner / stage.width for stage in stages],
    }
    named = ", ".join(f"{name}={values}" for name, values in blocks.items())
    build = partial(_build_any, blocks, K=arguments["classes"], w=arguments["base_width"])
    return Reference("torchvision", f"torchvision RegNet, {named}", build, rename)


def _build_any(blocks: dict[str, Any], K: int, w: int) -> "nn.Module":  # noqa: N803 (the classes)
    from torchvision.models.regnet import BlockParams, RegNet

    stages = BlockParams(**blocks, strides=[2] * len(blocks["depths"]))
    model: nn.Module = RegNet(stages, num_classes=K, stem_width=w)
    return model


def _build(parameters: dict[str, Any], se: bool, K: int, w: int) -> "nn.Module":  # noqa: N803 (the classes)
    from torchvision.models.regnet import BlockParams, RegNet

    # It computes the widths with tensors.
    stages = on_cpu(BlockParams.from_init_params, **parameters, se_ratio=0.25 if se else None)
    model: nn.Module = RegNet(stages, num_classes=K, stem_width=w)
    return model


def _build_timm(parameters: dict[str, Any], se: bool, channels: int, K: int, w: int) -> "nn.Module":  # noqa: N803
    from timm.models.regnet import RegNet, RegNetCfg

    settings = {theirs: parameters[ours] for ours, theirs in PARAMETERS.items()}
    cfg = RegNetCfg(**settings, se_ratio=0.25 if se else 0.0, stem_width=w)
    model: nn.Module = RegNet(cfg, in_chans=channels, num_classes=K)
    return model


def _block(stage: int, block: int) -> str:
    return f"trunk_output.block{stage}.block{stage}-{block}"


rename = renamer(
    (r"^conv1\.conv1", "stem.0"),
    (r"^conv1\.norm1", "stem.1"),
    (r"^conv(\d)\.block(\d+)\.add", lambda match: _block(int(match[1]) - 1, int(match[2]) - 1)),
    (r"shortcut\.conv", "proj.0"),
    (r"shortcut\.norm", "proj.1"),
    (r"residual\.conv(\d)", lambda match: f"f.{'abc'[int(match[1]) - 1]}.0"),
    (r"residual\.norm(\d)", lambda match: f"f.{'abc'[int(match[1]) - 1]}.1"),
    (r"residual\.se\.gate", "f.se"),
    (r"^head\.", ""),
)
rename_timm = renamer(
    (r"^conv1\.conv1", "stem.conv"),
    (r"^conv1\.norm1", "stem.bn"),
    (r"^conv(\d)\.block", shifted("s{}.b", -1)),
    (r"\.add\.shortcut\.norm", ".downsample.bn"),
    (r"\.add\.shortcut", ".downsample"),
    (r"\.add\.residual\.conv(\d)", r".conv\1.conv"),
    (r"\.add\.residual\.norm(\d)", r".conv\1.bn"),
    (r"\.add\.residual\.se\.gate", ".se"),
)

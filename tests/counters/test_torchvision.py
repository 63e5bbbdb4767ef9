"""torchvision's models by name: all of them are counted, and are what torchvision says of its weights.

torchvision writes the operations of each model beside its weights (`_ops`, in billions), from a counter of its own.
"""

import re
from decimal import Decimal
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from torch import nn
from torchvision import models

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.counters.zoos import zoo
from resnext_flops.counters.zoos.of_torchvision import classification
from resnext_flops.proof.published import agreement

NAMES = models.list_models()
OTHERS = [name for name in NAMES if name not in classification()]
SPREAD = (
    "fasterrcnn_mobilenet_v3_large_320_fpn fcn_resnet50 lraspp_mobilenet_v3_large mvit_v1_b quantized_googlenet "
    "quantized_shufflenet_v2_x0_5 r3d_18 raft_small s3d ssdlite320_mobilenet_v3_large swin3d_t"
)

# What had nothing to do when torchvision counted: on its image of noise some trained detectors found nothing.
MASKS, POINTS = (
    ("roi_heads.mask_head", "roi_heads.mask_predictor"),
    ("roi_heads.keypoint_head", "roi_heads.keypoint_predictor"),
)
IDLE = {
    "fasterrcnn_mobilenet_v3_large_320_fpn": ("roi_heads",),
    "fasterrcnn_mobilenet_v3_large_fpn": ("roi_heads",),
    "maskrcnn_resnet50_fpn": MASKS,
    "keypointrcnn_resnet50_fpn": POINTS,
}  # fmt: skip


def weights_of(name: str) -> dict[str, object]:
    """What torchvision says of the first weights of a model."""
    found: dict[str, object] = next(iter(models.get_model_weights(name))).meta
    return found


def call(name: str) -> str:
    """The model as its weights have it: those for segmentation have an auxiliary head."""
    return f"torchvision:{name}(aux_loss=True)" if name.startswith(("deeplab", "fcn")) else f"torchvision:{name}"


def without(name: str) -> int:
    """The parameters that a model has only without weights, or that torchvision does not count."""
    module: Any = rf.model(call(name)).to_torch()
    if "googlenet" in name:
        parts: list[nn.Module] = [module.aux1, module.aux2]
    elif "fpn" in name and not name.endswith("v2"):  # with weights of the backbone its batch norm has no parameters
        parts = [part for part in module.backbone.modules() if isinstance(part, nn.BatchNorm2d)]
    else:
        parts = []
    return sum(part.numel() for each in parts for part in each.parameters())


def check(name: str) -> None:
    found = rf.model(call(name)).cost()
    meta = weights_of(name)
    idle = sum(found.stage(path).macs for path in IDLE.get(name, ()))
    assert found.trace is not None
    assert not found.trace.unknown
    assert agreement(Decimal(f"{meta['_ops']:.3f}").scaleb(9), int(found.macs - idle)).holds
    assert found.params - without(name) == meta["num_params"]


def test_all_models_have_a_name() -> None:
    assert len(NAMES) == 121
    assert zoo("torchvision").names() == tuple(NAMES)
    assert len(classification()) == 80


@pytest.mark.parametrize("name", SPREAD.split())
def test_a_spread(name: str) -> None:
    check(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in OTHERS if name not in SPREAD.split()])
def test_the_others(name: str) -> None:
    check(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if "rcnn" not in name])
def test_a_module_is_counted_as_its_name_is(name: str) -> None:
    model = rf.model(f"torchvision:{name}")
    module = model.to_torch("cpu" if re.search("fpn|ssd|regnet", name) else "meta")
    one, other = (torch.empty(model.input, device="meta") for _ in range(2))
    inputs = [[one]] if re.search("fpn|ssd", name) else [one[None], other[None]] if "raft" in name else one[None]
    found = rf.count(module, inputs)
    assert (found.macs, found.params) == (model.cost().macs, model.cost().params)


def test_sizes_of_other_inputs_than_images_are_free() -> None:
    flow = rf.model("torchvision:raft_small").sizes()
    assert (flow["N"], flow["r"]) == (1, 512)
    assert rf.model("torchvision:retinanet_resnet50_fpn").input == (3, 800, 800)
    detector = rf.model("torchvision:ssd300_vgg16").replace(r=320)
    assert detector.input == (3, 320, 320)
    assert str(detector) == "torchvision:ssd300_vgg16 on 3,320,320"


def test_a_detector_with_proposals_says_what_depends_on_values() -> None:
    found = rf.model("torchvision:fasterrcnn_mobilenet_v3_large_320_fpn").cost()
    assert found.trace is not None
    # 150 proposals at most meet three layers: 256 x 7 x 7 features to 1024, 1024, and 91 classes with 4 sides each.
    heads = 150 * (256 * 7 * 7 * 1024 + 1024 * 1024 + 1024 * 91 * 5)
    most, where, depends = found.trace.remarks
    assert "as many proposals and detections as the model can have" in most
    assert "ran on cpu" in where
    assert depends.startswith(f"{heads:,} of the multiply-adds")
    assert "roi_heads.box_head" in depends
    assert found.stage("roi_heads").macs == heads


def test_a_detector_of_one_stage_multiplies_nothing_that_depends_on_values() -> None:
    found = rf.model("torchvision:ssdlite320_mobilenet_v3_large").cost()
    assert found.trace is not None
    assert len(found.trace.remarks) == 1


def test_a_count_on_a_real_device_does_not_depend_on_the_random_state() -> None:
    counts = []
    for seed in (1, 2):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            counts.append(rf.model("torchvision:fasterrcnn_mobilenet_v3_large_320_fpn(rpn_nms_thresh=0.7)").cost().macs)
    assert counts[0] == counts[1]


class Chooses(nn.Module):
    """A layer of the rows whose sum is positive, and one of all rows."""

    def __init__(self) -> None:
        super().__init__()
        self.some, self.all = nn.Linear(4, 3), nn.Linear(4, 2)

    def forward(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.some(rows[rows.sum(1) > 0]), self.all(rows)


def test_a_layer_of_chosen_rows_is_told() -> None:
    found = rf.count(Chooses(), torch.tensor([[1.0] * 4, [-1.0] * 4, [2.0] * 4]))
    assert found.trace is not None
    assert found.macs == 2 * 4 * 3 + 3 * 4 * 2
    assert found.trace.remarks[-1] == (
        "24 of the multiply-adds are of tensors whose lengths depend on values (aten.index): other weights or inputs "
        "may need more or fewer in some"
    )


def test_no_weights_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("weights were asked for")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)
    for name in OTHERS:
        if re.search("fpn|ssd|deeplab", name):
            rf.model(f"torchvision:{name}").to_torch("meta")


def test_the_command_line_counts_a_detector() -> None:
    done = CliRunner().invoke(main, ["count", "ssdlite320_mobilenet_v3_large", "--format", "csv"])
    assert (done.exit_code, done.exception) == (0, None)
    assert "583171904" in done.stdout
    done = CliRunner().invoke(main, ["count", "torchvision:retinanet_resnet50", "--format", "csv"])
    assert done.exit_code == 2
    assert "retinanet_resnet50_fpn" in done.stderr


def test_training_a_detector_without_targets_is_one_sentence() -> None:
    with pytest.raises(rf.InputError, match="targets should not be none"):
        rf.model("torchvision:ssdlite320_mobilenet_v3_large").cost(training=True)

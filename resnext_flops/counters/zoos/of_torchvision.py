"""torchvision's models: classification, segmentation, video, detection, optical flow, and those made to be quantized.

The usual input of a model is what its weights are for: one image, a clip of 16 frames, a list of one image for
detection, two images for optical flow. The sizes are those for which torchvision tells the operations of its weights
(`_ops`, see `test/test_extended_models.py` in its repository). A detector's own transform leaves such an image as large
as it is.
"""

import inspect
from functools import partial
from math import nan
from typing import Any

from resnext_flops.complexity.architecture import BATCH
from resnext_flops.counters.built import PIXELS, Built, silent
from resnext_flops.counters.constructors import Constructed
from resnext_flops.counters.inputs import parse_input
from resnext_flops.counters.zoos.zoo import RESOLUTION, Accuracy, Zoo, registered
from resnext_flops.errors import known_name
from resnext_flops.needs import has

# The pixels of the image of a detector that is not for 800 x 800 of them.
DETECTED = {"fasterrcnn_mobilenet_v3_large_320_fpn": 320, "ssd300_vgg16": 300, "ssdlite320_mobilenet_v3_large": 320}
USUALLY_DETECTED = 800
# Of a detector with proposals nothing is dropped, so that its cost does not depend on the image and on the weights.
ALL_BOXES = {"rpn_nms_thresh": 1.0, "rpn_score_thresh": 0.0, "box_nms_thresh": 1.0, "box_score_thresh": 0.0}
MOST = (
    "counted with as many proposals and detections as the model can have ("
    f"{', '.join(f'{name}={value:g}' for name, value in ALL_BOXES.items())}); images and weights may have fewer"
)
METRICS = "ImageNet-1K"  # of weights, as their metadata call them
FRAMES = 16
FLOW = 512


def classification() -> list[str]:
    """The names of its models that classify images, without those made to be quantized; none if it is not installed."""
    if not has("torchvision"):
        return []
    from torchvision import models

    return list(models.list_models(module=models))


def model(name: str) -> Built:
    """One of torchvision's models, with the input that its weights are for. Raises InputError for another name."""
    with silent():
        from torchvision import models
    name = known_name("model of torchvision", name, models.list_models())

    builder = models.get_model_builder(name)
    takes = inspect.signature(builder).parameters
    # No weights are downloaded, those of a part neither.
    given: dict[str, Any] = {"weights": None} | ({"weights_backbone": None} if "weights_backbone" in takes else {})
    kind = builder.__module__.split(".")[2]
    inputs, values = _inputs(kind, name)
    image = () if inputs else (3, *_sides(kind, name))
    has_proposals = "rcnn" in name
    made = Constructed(partial(builder, **given, **(ALL_BOXES if has_proposals else {})))
    remarks = (MOST,) if has_proposals else ()
    return Built(f"torchvision:{name}", made, image, inputs=inputs, values=values, remarks=remarks)


def _inputs(kind: str, name: str) -> tuple[list[Any] | None, dict[str, int]]:
    """What a model is called with that takes something else than one image or one clip; None for these."""
    if kind == "detection":
        return [[parse_input("3,r,r")]], {PIXELS: DETECTED.get(name, USUALLY_DETECTED)}
    if kind == "optical_flow":
        return [parse_input("N,3,r,r")] * 2, {BATCH: 1, PIXELS: FLOW}
    return None, {}


def _sides(kind: str, name: str) -> tuple[int, ...]:
    """The frames of a clip, and the height and width of an image."""
    from torchvision import models

    settings = [_settings(weights) for weights in models.get_model_weights(name)]
    if kind == "segmentation":
        return (settings[0]["resize_size"],) * 2
    if kind == "video":
        return FRAMES, *settings[0]["crop_size"]
    # Some weights are for a larger image than the model has without them.
    crops = [setting.get("crop_size") for setting in settings]
    pixels = RESOLUTION if RESOLUTION in crops else next((crop for crop in crops if isinstance(crop, int)), RESOLUTION)
    return pixels, pixels


def _settings(weights: Any) -> dict[str, Any]:
    """How weights want their images; those of optical flow say nothing of it."""
    found: dict[str, Any] = getattr(weights.transforms, "keywords", {})
    return found


def accuracy(name: str, pixels: int) -> Accuracy | None:
    """The best accuracy that torchvision prints for a model, of its weights for images of so many pixels.

    Weights for a larger image have the accuracy of a dearer model, so they are not looked at.

    >>> accuracy("resnet50", 224), accuracy("resnet50", 256)
    (Accuracy(percent='80.858', checkpoint='ResNet50_Weights.IMAGENET1K_V2'), None)
    """
    from torchvision import models

    found = [
        Accuracy(str(percent), str(weights))
        for weights in models.get_model_weights(name)
        if _settings(weights).get("crop_size") == pixels
        and (percent := weights.meta["_metrics"].get(METRICS, {}).get("acc@1", nan)) > 0  # nan: only features are there
    ]
    return max(found, key=lambda each: float(each.percent), default=None)


ZOO = Zoo(partial(registered, "torchvision"), model, classification, accuracy)

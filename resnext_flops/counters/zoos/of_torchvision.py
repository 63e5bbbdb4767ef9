"""torchvision's models."""

from functools import partial

from resnext_flops.counters.built import Built, silent
from resnext_flops.counters.constructors import Constructed
from resnext_flops.counters.zoos.zoo import RESOLUTION, Zoo
from resnext_flops.errors import unknown


def names() -> list[str]:
    """The names of torchvision's classification models, none if it is not installed."""
    try:
        with silent():
            from torchvision import models
    except ImportError:
        return []
    return list(models.list_models(module=models))


def model(name: str) -> Built:
    """One of torchvision's models, with the input that its weights are for. Raises InputError for another name."""
    with silent():
        from torchvision import models
    classification = names()
    if name not in models.list_models():
        raise unknown("model of torchvision", name, classification)
    extra = {} if name in classification else {"weights_backbone": None}
    constructor = partial(models.get_model, name, weights=None, **extra)
    # Some weights are for a larger image than the model has without them.
    crops = [weights.transforms.keywords.get("crop_size") for weights in models.get_model_weights(name)]
    pixels = RESOLUTION if RESOLUTION in crops else next((crop for crop in crops if isinstance(crop, int)), RESOLUTION)
    return Built(f"torchvision:{name}", Constructed(constructor), (3, pixels, pixels))


ZOO = Zoo(names, model)

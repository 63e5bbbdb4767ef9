"""timm's models."""

from functools import partial

from resnext_flops.counters.built import Built, silent
from resnext_flops.counters.constructors import Constructed
from resnext_flops.counters.zoos.zoo import IMAGE, Zoo, registered
from resnext_flops.errors import known_name

# timm's own truncated normal, behind all of its functions for it.
DRAWING = ("timm.layers.weight_init:_trunc_normal_",)


def model(name: str) -> Built:
    """One of timm's models, with the input that its weights are for. Raises InputError for another name."""
    with silent():
        import timm
    name = known_name("model of timm", name, timm.list_models())
    weights = timm.get_pretrained_cfg(name, allow_unregistered=True)
    image = tuple(weights.input_size) if weights else IMAGE
    return Built(f"timm:{name}", Constructed(partial(timm.create_model, name), DRAWING), image)


names = partial(registered, "timm")
ZOO = Zoo(names, model, names)

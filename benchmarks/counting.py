"""How long a real module takes to count, against fvcore and torch's FlopCounterMode; the model is built before."""

from collections.abc import Iterator

from benchmarks.pairs import Comparison, ratios

MODEL = "resnext101_64x4d"
PAIRS = 7


def rows() -> Iterator[Comparison]:
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from torchvision import models

    import resnext_flops as rf
    from resnext_flops.counters import fvcore_count

    real = models.get_model(MODEL).eval()
    with torch.device("meta"):
        shapes = models.get_model(MODEL).eval()
    image, shape = torch.zeros(1, 3, 224, 224), torch.empty(1, 3, 224, 224, device="meta")

    def ours() -> None:
        rf.count(shapes, shape)

    def torchs() -> None:
        with torch.no_grad(), FlopCounterMode(display=False):
            shapes(shape)

    yield Comparison(f"FlopCounterMode on meta / ours on {MODEL}", ratios(torchs, ours, PAIRS), "at least 5")
    fvcores = ratios(lambda: fvcore_count.count_with_fvcore(real, image), ours, PAIRS)
    yield Comparison(f"fvcore / ours on {MODEL}", fvcores, "at least 20")

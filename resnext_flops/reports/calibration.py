"""How near the times are that a calibration of this machine predicts: the program behind `make calibration`.

`python -m resnext_flops.reports.calibration` measures blocks, fits a profile to them, and in the same session measures
models of torchvision that the fit never saw, all of them once and then all of them again. It prints each model, the
errors beside the machine's own, and Kendall's tau of the predicted and the measured order for the networks of the
paper's Table 3 and for each cardinality at preserved cost. It takes about ten minutes; on a busy machine, longer.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from resnext_flops.complexity.model import Model
from resnext_flops.counters.lookup import model
from resnext_flops.files import write
from resnext_flops.machine.agreement import hold, order, summary
from resnext_flops.machine.calibrate import written
from resnext_flops.machine.rounds import SECONDS, Blocks, Setup
from resnext_flops.machine.session import Place
from resnext_flops.proof.published import published
from resnext_flops.show.render import to_text
from resnext_flops.tables.calibration import held_models, orders, summaries
from resnext_flops.tables.times import at_preserved_cost

# One of each size that is measured in less than a second on one thread.
UNSEEN = (
    *("alexnet", "vgg11", "vgg13_bn", "squeezenet1_0", "squeezenet1_1", "googlenet", "inception_v3"),
    *("resnet18", "resnet34", "resnet50", "resnet101", "wide_resnet50_2", "resnext50_32x4d"),
    *("densenet121", "densenet169", "densenet201", "mnasnet0_5", "mnasnet0_75", "mnasnet1_0", "mnasnet1_3"),
    *("mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large"),
    *("shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "shufflenet_v2_x1_5", "shufflenet_v2_x2_0"),
    *("regnet_x_400mf", "regnet_x_800mf", "regnet_x_1_6gf", "regnet_x_3_2gf"),
    *("regnet_y_400mf", "regnet_y_800mf", "regnet_y_1_6gf", "regnet_y_3_2gf"),
    *("efficientnet_b0", "efficientnet_b1", "efficientnet_b2", "efficientnet_b3", "efficientnet_v2_s"),
    *("convnext_tiny", "swin_t", "swin_v2_t", "vit_b_32", "vit_b_16", "maxvit_t"),
)


def table_3() -> list[Model]:
    """The networks of the paper's Table 3: two depths, and five cardinalities of each.

    >>> [str(each) for each in table_3()][:2]
    ['resnet(50)', 'resnext(50, cardinality=2, width=40)']
    """
    return [model(row["network"]) for row in published("tables/3")["rows"]]


def _tell(what: str) -> None:
    print(what, file=sys.stderr)  # noqa: T201


def _tell_of(name: str, seconds: float, predicted: float) -> None:
    _tell(f"{name}: {1000 * seconds:.2f} ms measured, {1000 * predicted:.2f} ms predicted")


def main(arguments: Sequence[str]) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m resnext_flops.reports.calibration", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for which blocks are measured")
    parser.add_argument("--models", type=int, default=len(UNSEEN), help="how many models are held against it")
    parser.add_argument("--output", help="the profile, if it is to be kept")
    asked = parser.parse_args(arguments)
    place = Place("cpu")
    setup = Setup.of(place, 0)
    busy = os.getloadavg()
    with TemporaryDirectory() as folder, place.session() as session:
        blocks = Blocks(str(Path(folder) / "blocks"), setup)
        blocks.begin(resume=False, force=False)
        blocks.measure(session, asked.seconds, lambda number, left: _tell(f"{number} blocks, {left:.0f} s to go"))
        made = blocks.calibration()
        profile = made.profile("blocks", "make calibration")
        if asked.output:
            write(asked.output, written(profile))
        parts = {
            "torchvision": [model(f"torchvision:{name}") for name in UNSEEN[: asked.models]],
            "Table 3": table_3(),
            "C at preserved cost": [each.network for each in at_preserved_cost()],
        }
        held = {name: hold(some, session, profile, made.reference, _tell_of) for name, some in parts.items()}
    tables = [
        *(held_models(some, name.lower().replace(" ", "-"), name) for name, some in held.items()),
        summaries(summary(held["torchvision"])),
        orders({name: order(some) for name, some in held.items() if name != "torchvision"}),
    ]
    print("\n\n".join(map(to_text, tables)))  # noqa: T201
    load = " and ".join(f"{each[0]:.1f}" for each in (busy, os.getloadavg()))
    print(  # noqa: T201
        f"\n{setup.machine}, {setup.software}: {profile.models} blocks in {blocks.took:.0f} s. "
        f"Processes that wanted a processor, before and after: {load} on {os.cpu_count()}."
    )


if __name__ == "__main__":
    main(sys.argv[1:])

"""The other counters, asked for their own figure. Each runs in a process of its own: several patch torch or keep state.

As a program, this module counts one model with one counter and prints the figure as JSON:
`python -m resnext_flops.counters.peers COUNTER FILE`, where the file holds the pickled model and its inputs.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from resnext_flops.errors import one_line
from resnext_flops.numerals import whole

SECONDS = 600  # after which a counter counts as one that does not answer


class Peer(NamedTuple):
    """A counter that may be installed: the package that holds it, and how it is asked.

    module: what is loaded when the counter is first used; FlopCounterMode loads torch's compiler.
    gradients: whether they are on, as where nobody has switched them off.
    step: how it is asked of a step of training, forward and backward; None if it counts no gradients.
    """

    package: str
    module: str
    ask: Callable[[Any, Sequence[Any]], int]
    gradients: bool = True
    step: Callable[[Any, Sequence[Any]], int] | None = None


class Answer(NamedTuple):
    """What a counter says: its version and figure, or why there is none."""

    version: str | None
    figure: int | None
    error: str = ""


def _torch(model: Any, args: Sequence[Any]) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        model(*args)
    return int(counter.get_total_flops())


def _torch_step(model: Any, args: Sequence[Any]) -> int:
    """A step of training whose loss is the sum of all outputs."""
    from torch.utils._pytree import tree_leaves
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        sum(part.sum() for part in tree_leaves(model(*args)) if part.requires_grad).backward()
    return int(counter.get_total_flops())


def _fvcore(model: Any, args: Sequence[Any]) -> int:
    from fvcore.nn import FlopCountAnalysis

    return whole(FlopCountAnalysis(model, tuple(args)).total())


def _of_one_input(model: Any) -> Any:
    """A model of one input, a tuple of a single element: ptflops takes no more, and may divide by its length."""
    from torch import nn

    class OfOneInput(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, batch: tuple[Sequence[Any]]) -> Any:
            return self.model(*batch[0])

    return OfOneInput()


def _ptflops(backend: str, model: Any, args: Sequence[Any]) -> int:
    from ptflops import get_model_complexity_info

    alone = backend == "aten" and len(args) == 1
    figure, _ = get_model_complexity_info(
        model if alone else _of_one_input(model),
        (1,),
        as_strings=False,
        print_per_layer_stat=False,
        backend=backend,
        input_constructor=lambda _: args[0] if alone else (args,),
    )
    if figure is None:
        raise RuntimeError("it did not finish")
    return int(figure)


def _thop(model: Any, args: Sequence[Any]) -> int:
    import thop

    return whole(thop.profile(model, inputs=tuple(args))[0])


def _torchinfo(model: Any, args: Sequence[Any]) -> int:
    import torchinfo

    return int(torchinfo.summary(model, input_data=list(args), verbose=0).total_mult_adds)


def _flopth(model: Any, args: Sequence[Any]) -> int:
    from flopth import flopth

    return int(flopth(model, inputs=tuple(args), bare_number=True)[0])


def _calflops(position: int, model: Any, args: Sequence[Any]) -> int:
    from calflops import calculate_flops

    return whole(calculate_flops(model, args=list(args), print_results=False, output_as_string=False)[position])


def _torchprofile(model: Any, args: Sequence[Any]) -> int:
    from torchprofile import profile_macs

    return int(profile_macs(model, tuple(args)))


def _torchmeter(model: Any, args: Sequence[Any]) -> int:
    from torchmeter import Meter

    meter = Meter(model, device="cpu")
    meter(*args)
    return whole(meter.cal.Flops.val)


def _torch_flops(model: Any, args: Sequence[Any]) -> int:
    import torch

    for name in ("memory_allocated", "max_memory_allocated", "reset_peak_memory_stats", "synchronize", "empty_cache"):
        setattr(torch.cuda, name, lambda *_: 0)  # it measures CUDA's memory even where there is none
    from torch_flops import TorchFLOPsByFX

    counter = TorchFLOPsByFX(model)
    counter.propagate(*args)
    return int(counter.print_total_flops(show=False))


PEERS: Mapping[str, Peer] = {
    "torch": Peer("torch", "torch._dynamo", _torch, step=_torch_step),
    "torch-no-grad": Peer("torch", "torch._dynamo", _torch, gradients=False),
    "fvcore": Peer("fvcore", "fvcore.nn", _fvcore),
    "fvcore-no-grad": Peer("fvcore", "fvcore.nn", _fvcore, gradients=False),
    "ptflops-pytorch": Peer("ptflops", "ptflops", partial(_ptflops, "pytorch")),
    "ptflops-aten": Peer("ptflops", "ptflops", partial(_ptflops, "aten")),
    "ptflops-aten-no-grad": Peer("ptflops", "ptflops", partial(_ptflops, "aten"), gradients=False),
    "thop": Peer("thop", "thop", _thop),
    "ultralytics-thop": Peer("ultralytics-thop", "thop", _thop),
    "torchinfo": Peer("torchinfo", "torchinfo", _torchinfo),
    "calflops": Peer("calflops", "calflops", partial(_calflops, 0)),
    "calflops-no-grad": Peer("calflops", "calflops", partial(_calflops, 0), gradients=False),
    "calflops-macs": Peer("calflops", "calflops", partial(_calflops, 1)),
    "calflops-macs-no-grad": Peer("calflops", "calflops", partial(_calflops, 1), gradients=False),
    "torchprofile": Peer("torchprofile", "torchprofile", _torchprofile),
    "flopth": Peer("flopth", "flopth", _flopth),
    "torchmeter": Peer("torchmeter", "torchmeter", _torchmeter),
    "torch-flops": Peer("torch-flops", "torch_flops", _torch_flops),
}


def installed(counter: str) -> str | None:
    """The installed version of a counter, or None. The two thops share an import name: the later one hides the other.

    >>> installed("thop") is None or installed("ultralytics-thop") is None
    True
    """
    if counter == "thop" and installed("ultralytics-thop"):
        return None
    try:
        return version(PEERS[counter].package)
    except PackageNotFoundError:
        return None


def ask(counter: str, model: Any, args: Sequence[Any]) -> Answer:
    """Run an installed counter on a model in evaluation mode, in a process of its own.

    A counter that fails, or that does not answer in ten minutes, is an answer with its error in one line.
    """
    found = installed(counter)
    if found is None:
        return Answer(None, None, "not installed")
    import torch

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        try:
            torch.save((model, list(args)), path)
        except Exception as error:  # noqa: BLE001 (pickle raises whatever a model's own code raises)
            return Answer(found, None, f"the model cannot be sent to another process: {one_line(error)}")
        command = [sys.executable, "-W", "ignore", "-m", __name__, counter, str(path)]
        try:
            result = subprocess.run(  # noqa: S603
                command, capture_output=True, text=True, timeout=SECONDS, check=False, env=environment()
            )
        except subprocess.TimeoutExpired:
            return Answer(found, None, f"no answer in {SECONDS} seconds")
    try:
        content = json.loads(result.stdout.rstrip().rpartition("\n")[2])
    except ValueError:
        return Answer(
            found, None, (result.stderr.strip().rpartition("\n")[2] or f"ended with {result.returncode}")[:200]
        )
    return Answer(found, content.get("figure"), content.get("error", ""))


def environment() -> dict[str, str]:
    """The environment and import path of the parent: the model's own module must be found again."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}


def main(counter: str, path: str) -> None:
    """Count the pickled model of a file, and print the figure or the error as JSON on the last line."""
    import torch

    torch.set_num_threads(1)
    model, args = torch.load(path, weights_only=False)
    model.eval()
    try:
        with torch.set_grad_enabled(PEERS[counter].gradients):
            content: dict[str, Any] = {"figure": PEERS[counter].ask(model, args)}
    except Exception as error:  # noqa: BLE001 (a counter that fails is an answer, too)
        content = {"error": one_line(error)}
    print(f"\n{json.dumps(content)}", flush=True)  # noqa: T201
    os._exit(0)  # some counters leave threads or hooks that do not let the interpreter end in peace


if __name__ == "__main__":
    main(*sys.argv[1:])

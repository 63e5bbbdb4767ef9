"""Hypotheses in words."""

from collections.abc import Mapping

from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.proof.identify.facts import CONVOLUTIONS, WITH_MEANS, WITHOUT_POOLS
from resnext_flops.proof.identify.hypotheses import AS_IT_IS, AS_STATED, BINARY, WHOLE, Hypothesis, Kind, Match

PARAMS: Mapping[str, str] = {
    "all": "parameters",
    "weights": "weights of convolutions and linear layers",
    "without norms": "parameters without those of norms",
    "without biases": "parameters without biases",
    "of layers": "parameters of the layers that run, and of nothing else",
    "with statistics": "parameters, and running statistics of batch norms",
    "of layers with statistics": "parameters of the layers that run, and running statistics of batch norms",
    "with statistics, without scales": "parameters without scales of batch norms, and their running statistics",
}
ACTIVATIONS: Mapping[str, str] = {
    "activations": "activations",
    "pycls": "activations as pycls counts them, with max pools",
    "fvcore": "activations as fvcore counts them",
    "timm": "activations as timm counts them, with attention that is not fused",
}
SCALED = {AS_IT_IS: "", "doubled": "twice ", "halved": "half of "}


PLAIN_WORDS = {"paper", CONVOLUTIONS}


def meaning(kind: Kind, hypothesis: Hypothesis) -> str:
    """What a hypothesis takes a figure to be, without the network: the rule, its scale and its prefix.

    >>> meaning("operations", Hypothesis("paper", prefix="binary"))
    'multiply-adds in binary units (1024, not 1000)'
    >>> meaning("operations", Hypothesis("fvcore", "doubled")), meaning("operations", Hypothesis("paper", "halved"))
    ("twice fvcore's multiply-adds", 'half of the multiply-adds')
    """
    names = {"params": PARAMS, "activations": ACTIVATIONS}
    rule = _operations(hypothesis.rule) if kind == "operations" else names[kind][hypothesis.rule]
    article = "the " if hypothesis.scale != AS_IT_IS and hypothesis.rule in PLAIN_WORDS else ""
    binary = " in binary units (1024, not 1000)" if hypothesis.prefix == BINARY else ""
    return f"{SCALED[hypothesis.scale]}{article}{rule}{binary}"


def _operations(rule: str) -> str:
    if rule == CONVOLUTIONS:
        return "multiply-adds of convolutions"
    for ending in (WITHOUT_POOLS, WITH_MEANS):
        if rule.endswith(ending):
            return f"{_operations(rule.removesuffix(ending))}{ending}"
    if rule == "paper":
        return "multiply-adds"
    unit = "multiply-adds" if CONVENTIONS[rule].unit == "MAC" else "operations"
    return f"{rule}'s {unit}"


def network(model: str, hypothesis: Hypothesis) -> str:
    """The network that a hypothesis takes a figure to be of.

    >>> network("resnet50", Hypothesis("paper", head="1001 classes", image="256"))
    'resnet50 with 1001 classes, at 256 pixels'
    """
    parts = [
        hypothesis.form if hypothesis.form != AS_IT_IS else "",
        hypothesis.head if hypothesis.head != WHOLE and hypothesis.head.startswith("without") else "",
        f"with {hypothesis.head}" if hypothesis.head.endswith("classes") else "",
        f"at {hypothesis.image} pixels" if hypothesis.image != AS_STATED else "",
        f"for {hypothesis.batch} examples" if hypothesis.batch != "1" else "",
    ]
    said = ", ".join(filter(None, parts))
    return f"{model} {said}" if said else model


def way(match: Match) -> str:
    """How an exact figure becomes the printed one; empty where it does not."""
    ways = ("rounded", match.rounded), ("truncated", match.truncated), ("one off when rounded", match.off)
    return next((name for name, holds in ways if holds), "")

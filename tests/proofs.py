"""Made-up proofs, for tests of what is said of a proof: real ones are made in the tests of `verify`."""

from resnext_flops.complexity.entries import tensors
from resnext_flops.complexity.model import Model
from resnext_flops.complexity.network import Network
from resnext_flops.proof.references import reference
from resnext_flops.proof.rungs import Proof, Rung

VERSIONS = {"torch": "0.0.0", "fvcore": "0.0.0"}


def made_up(network: Model) -> Proof:
    """What a proof that holds says of a network, from its ledger alone: every figure that fvcore must give."""
    ledger = network.cost()
    layers = sum(bool(entry.macs) and not entry.training_only for entry in ledger)
    rungs = (Rung("layers", layers), Rung("tensors", sum(len(tensors(entry)) for entry in ledger)))
    alone = isinstance(network, Network) and reference(network) is None
    return Proof(repr(network), "cpu", VERSIONS, ledger.params, ledger.macs, int(ledger.total("fvcore")), rungs, alone)


def refuted(network: object, device: str, rungs: object) -> Proof:
    """In place of `verify`: a proof that fails, as one of its layers differs."""
    return Proof("net", device, {}, 1, 1, 1, (Rung("layers", 1, ("conv1 differs",)), Rung("tensors", 1)))

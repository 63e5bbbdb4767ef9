"""The proof, and that it fails when the model and the ledger differ."""

import pytest
import torch
from torch import nn

import resnext_flops as rf
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.names import NAMED
from resnext_flops.counters import fvcore_count
from resnext_flops.proof.references import reference
from resnext_flops.proof.rungs import Proof, Rung
from resnext_flops.proof.verify import (
    MODEL_RUNGS,
    compare_forward,
    compare_layers,
    compare_tensors,
    reference_rung,
    training_rungs,
)
from resnext_flops.tables.networks import ladder
from resnext_flops.tables.sentences import proof_sentence

TINY = rf.resnext((1, 1, 1, 1), cardinality=2, width=2, base_width=4, resolution=32, classes=5)


def test_what_a_proof_compares() -> None:
    proof = rf.verify(TINY, device="cpu")
    # One convolution of the stem, four blocks of three and a projection, and the fully-connected layer.
    assert proof.layers == 1 + 4 * (3 + 1) + 1
    # A weight and a batch norm's scale and shift for each convolution, and the last layer's weight and bias.
    assert proof.tensors == 17 * 3 + 2
    assert proof.holds
    assert proof.versions["torch"] == torch.__version__.split("+")[0]
    assert str(proof).startswith("resnext((1, 1, 1, 1), cardinality=2, width=2")


def test_a_wrong_figure_is_named() -> None:
    ledger = TINY.cost()
    counted = {entry.path: entry.macs for entry in ledger if entry.macs}
    total = ledger.total("fvcore")
    assert compare_layers(ledger, counted, total).holds
    wrong = compare_layers(ledger, {**counted, "head.fc": 641}, total)
    # Four stages from 4 x 4 channels on: 128 features to 5 classes.
    assert wrong.differences == ("head.fc has multiply-adds 640 in the ledger and 641 in the model",)
    assert not compare_layers(ledger, {**counted, "extra": 1}, total).holds
    assert not compare_layers(ledger, counted, total + 1).holds
    del counted["conv1.conv"]
    assert not compare_layers(ledger, counted, total).holds


def test_nothing_to_compare_is_no_proof() -> None:
    assert not compare_layers(Ledger("", (1,), ()), {}, 0).holds


def test_a_wrong_tensor_is_named() -> None:
    model = TINY.to_torch()
    assert compare_tensors(TINY.cost(), model).holds
    model.get_submodule("head").fc = nn.Linear(32, 5)
    assert compare_tensors(TINY.cost(), model).differences[0] == (
        "head.fc.weight has shape (5, 128) in the ledger and (5, 32) in the model"
    )


def test_a_wrong_output_is_named() -> None:
    ledger, inputs = TINY.cost(), torch.zeros(1, 3, 32, 32)
    model = TINY.to_torch().eval()
    assert compare_forward(ledger, model(inputs), 1).holds
    assert not compare_forward(ledger, nn.Linear(5, 6)(model(inputs)), 1).holds
    with torch.no_grad():
        model.get_parameter("head.fc.bias").fill_(float("nan"))
    assert compare_forward(ledger, model(inputs), 1).differences == ("the output has numbers that are not finite",)


def test_devices() -> None:
    with pytest.raises(rf.InputError, match="unknown device 'gpu'"):
        rf.verify(TINY, device="gpu")
    if not torch.cuda.is_available():
        with pytest.raises(rf.InputError, match="device 'cuda' is not available on this machine; use 'cpu' or 'auto'"):
            rf.verify(TINY, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_the_proof_on_cuda() -> None:
    assert rf.verify(TINY, device="cuda").holds


def test_an_unknown_rung_is_refused() -> None:
    with pytest.raises(rf.InputError, match="unknown rung 'layer'; did you mean 'layers'"):
        rf.verify(TINY, device="cpu", rungs=("layer",))


def test_a_proof_shows_its_rungs() -> None:
    rung = Rung("tensors", 9, ("a differs", "b differs", "c differs", "d differs"), "the model")
    assert str(rung) == "tensors: 9 compared with the model, DIFFERS: a differs; b differs; c differs (and 1 more)"
    assert str(Rung("reference", 0, missing="none")) == "reference: none"


HEADED = rf.googlenet(resolution=15, classes=5)


def test_auxiliary_heads_are_proven_in_training_mode() -> None:
    proof = rf.verify(HEADED, device="cpu", rungs=("layers", "forward"))
    assert [rung.name for rung in proof.rungs] == ["layers", "layers in training", "forward", "forward in training"]
    # A convolution and two fully-connected layers for each of two heads; three outputs for each of two examples.
    assert proof.rung("layers in training").compared == proof.layers + 2 * 3
    assert proof.rung("forward in training").compared == 2 * 3 * 5
    assert proof.holds


def test_training_mode_is_proven_without_heads_too() -> None:
    rungs = training_rungs(TINY.cost(), TINY.to_torch(), torch.randn(1, 3, 32, 32))
    assert all(rung.holds for rung in rungs.values())


def test_a_wrong_head_is_named_in_training_only() -> None:
    model = HEADED.to_torch()
    model.get_submodule("aux2").fc2 = nn.Linear(1024, 6)
    inputs = torch.randn(2, 3, 15, 15)
    assert compare_forward(HEADED.cost(), model.eval()(inputs), 2).holds
    rung = compare_forward(HEADED.cost(), model.train()(inputs), 2, training=True)
    assert rung.differences == ("the output has the shape (2, 5), (2, 5), (2, 6)",)
    layers = training_rungs(HEADED.cost(), model, inputs[:1])["layers in training"]
    assert layers.differences[0] == "aux2.fc2 has multiply-adds 5120 in the ledger and 6144 in the model"


def test_a_head_that_does_not_run_is_noticed() -> None:
    ledger = HEADED.cost()
    without = HEADED.replace(aux=False).to_torch()
    assert not training_rungs(ledger, without, torch.randn(1, 3, 15, 15))["layers in training"].holds
    assert not compare_forward(ledger, without.train()(torch.randn(2, 3, 15, 15)), 2, training=True).holds


def test_what_fvcore_saw_is_what_the_model_puts_out() -> None:
    model, inputs = TINY.to_torch().eval(), torch.randn(1, 3, 32, 32)
    counted = fvcore_count.count_with_fvcore(model, inputs)
    with torch.no_grad():
        assert torch.equal(counted.output, model(inputs))


def test_a_network_that_no_library_has_is_never_called_proven() -> None:
    lacking = [name for name in NAMED if reference(rf.network(name)) is None]
    # Later changes, other years and the small networks for CIFAR are in no library; what a library names is.
    assert {"resnet50_noshortcut", "resnet110_cifar", "wrn_28_10", "googlenet_2014"} <= set(lacking)
    assert not {"resnet50", "regnet_x_400mf_2020", "legacy_senet154", "convnext_tiny"} & set(lacking)
    for name in lacking:
        rung = reference_rung(rf.network(name), "reference")
        proof = Proof(name, "cpu", {}, 1, 1, 1, (Rung("layers", 1), rung), alone=True)
        assert "proven" not in str(proof)
        assert "no independent reference" in str(proof)
        assert ladder([proof]).proof.startswith("0 of 1 networks are proven.")


def test_tables_that_compare_models_alone_call_proven_only_what_a_library_has() -> None:
    proofs = [rf.verify(call, "cpu", MODEL_RUNGS) for call in ("resnet_cifar(8)", "resnet(18, resolution=33)")]
    assert [proof.proven for proof in proofs] == [None, True]
    assert [str(proof).partition("\n")[0].partition(": ")[2] for proof in proofs] == [
        "equal to its model, but no independent reference",
        "proven",
    ]
    assert proof_sentence(proofs).endswith(" For 1 there is no independent reference.")
    wrong = proofs[0]._replace(rungs=(Rung("layers", 1, ("conv1 differs",)),))
    assert wrong.proven is False

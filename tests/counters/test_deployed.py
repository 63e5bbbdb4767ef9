"""The deployed form of a model: fewer layers that put out the same."""

import pytest
import torch
from torch import nn

import resnext_flops as rf
from resnext_flops.counters.deployed import deployed
from resnext_flops.counters.lookup import built


class Branches(nn.Module):
    """A convolution of 3 x 3 beside one of 1 x 1, until it is deployed."""

    def __init__(self) -> None:
        super().__init__()
        self.large, self.small = nn.Conv2d(4, 6, 3, padding=1, bias=False), nn.Conv2d(4, 6, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.large(x)
        return found + self.small(x) if hasattr(self, "small") else found

    def switch_to_deploy(self) -> None:
        with torch.no_grad():
            self.large.weight += nn.functional.pad(self.small.weight, (1, 1, 1, 1))
        del self.small


class Failing(nn.Module):
    def reparameterize(self) -> None:
        raise RuntimeError("it cannot")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def net() -> nn.Module:
    return nn.Sequential(Branches(), nn.ReLU())


def test_branches_become_one_layer() -> None:
    trained = built(net, (1, 4, 8, 8))
    one = deployed(trained)
    assert (trained.cost().params, one.cost().params) == (6 * 4 * (9 + 1), 6 * 4 * 9)
    assert (trained.cost().macs, one.cost().macs) == (64 * 6 * 4 * 10, 64 * 6 * 4 * 9)
    trace = one.cost().trace
    assert trace is not None
    assert trace.remarks == ("it is in its deployed form",)


def test_the_outputs_stay_the_same() -> None:
    trained, image = built(net, (1, 4, 8, 8)), torch.rand(1, 4, 8, 8)
    torch.testing.assert_close(deployed(trained).to_torch(seed=3)(image), trained.to_torch(seed=3)(image))


def test_a_module_that_is_there_is_left_as_it_was() -> None:
    module = net()
    assert deployed(built(module, (1, 4, 8, 8))).cost().params == 216
    assert sum(part.numel() for part in module.parameters()) == 240


@pytest.mark.parametrize(
    ("name", "params", "operations"),
    # configs/mobileone/metafile.yml of mmpretrain, which counts as fvcore, without the classifier.
    [("mobileone_s0", 2078504, 274136576), ("mobileone_s3", 10078312, 1893842944)],
)
def test_deployed_networks_are_those_that_mmpretrain_prints(name: str, params: int, operations: int) -> None:
    ledger = deployed(built(f"timm:{name}")).cost()
    features = ledger.entries[-1].inputs[0][-1]
    assert ledger.params == params
    assert ledger.total("fvcore") - features * 1000 == operations


def test_it_takes_arguments_as_before() -> None:
    model = deployed(built("timm:repvgg_a0"))
    assert model.replace(num_classes=10).cost().params == model.cost().params - (1280 + 1) * 990
    assert model.sizes()["num_classes"] == 1000


def test_nothing_changes_where_nothing_can_be_put_together() -> None:
    trained = built("timm:resnet18")
    assert deployed(trained).cost().entries == trained.cost().entries


def test_a_method_that_fails_is_one_sentence() -> None:
    with pytest.raises(rf.InputError, match="cannot be built: RuntimeError: it cannot"):
        deployed(built(lambda: nn.Sequential(Failing()), (1, 4))).cost()

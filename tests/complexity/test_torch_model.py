"""What the modules of layers compute, against formulas written out."""

import torch
from torch import Tensor, nn

from resnext_flops.complexity import layers
from resnext_flops.complexity.torch_model import build


def random(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def test_local_response_norm_is_the_papers_formula() -> None:
    # Krizhevsky et al. 2012, Section 3.3: b_i = a_i / (k + alpha * sum of a_j^2 over i - n/2 .. i + n/2)^beta.
    # with k = 2, n = 5, alpha = 1e-4, beta = 0.75. The inputs are large, so that the sum counts.
    x = 100 * random(2, 7, 3, 3)
    expected = torch.empty_like(x)
    for i in range(7):
        neighbours = x[:, max(0, i - 2) : i + 2 + 1]
        expected[:, i] = x[:, i] / (2 + 1e-4 * neighbours.square().sum(dim=1)) ** 0.75
    assert float((expected / x * 2**0.75).min()) < 0.7
    torch.testing.assert_close(build(layers.LocalResponseNorm(), (7, 3, 3))(x), expected)


def test_an_average_pool_counts_its_padding_or_not() -> None:
    ones = torch.ones(1, 1, 2, 2)
    # Each window of a padded 2x2 map sees 4 of its 9 pixels.
    with_padding = build(layers.AvgPool(3, 1, 1), (1, 2, 2))(ones)
    without = build(layers.AvgPool(3, 1, 1, count_include_pad=False), (1, 2, 2))(ones)
    torch.testing.assert_close(with_padding, torch.full((1, 1, 2, 2), 4 / 9))
    torch.testing.assert_close(without, ones)


def test_a_scaled_residual() -> None:
    node = layers.Sum.of(residual=layers.Scale(0.17), shortcut=layers.IDENTITY)
    x = random(1, 2, 3, 3)
    model = build(node, (2, 3, 3))
    torch.testing.assert_close(model(x), 0.17 * x + x)
    assert "0.17" in repr(model)


def test_dropout_does_nothing_in_evaluation() -> None:
    x = random(4, 100)
    model = build(layers.Dropout(0.5), (100,))
    assert torch.equal(model.eval()(x), x)
    assert 0 < int((model.train()(x) == 0).sum()) < x.numel()


def test_heads_put_out_in_training_in_order() -> None:
    head = layers.Sequential.of(pool=layers.GlobalAvgPool(), flatten=layers.Flatten())
    body = layers.Sequential.of(
        aux1=layers.Auxiliary(head), twice=layers.Scale(2.0), aux2=layers.Auxiliary(head), flatten=layers.Flatten()
    )
    x = random(3, 2, 4, 4)
    model = build(body, (2, 4, 4))
    output, first, second = model.train()(x)
    torch.testing.assert_close(first, x.mean(dim=(2, 3)))
    torch.testing.assert_close(second, 2 * first)
    alone = model.eval()(x)
    assert isinstance(alone, Tensor)
    assert torch.equal(alone, output)
    assert isinstance(model, nn.Sequential)

"""Operators of elements: they make, move, pick, compare, scale or add up, and multiply no matrices.

Each case calls several operators of one kind. Nothing may be counted for them, and none may be unknown.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence

from resnext_flops.proof.conformance.case import Case, One, group

Call = Callable[[Any], Any]

ops: Any = torch.ops.quantized

SIZES = torch.tensor([[2, 4], [3, 4]])

# Two images of four channels, six rows and six columns; three rows of four.
IMAGE, ROWS = (2, 4, 6, 6), (3, 4)


def aten(name: str, *args: Any, **kwargs: Any) -> Any:
    """A call of one of torch's own operators, by its name."""
    return getattr(torch.ops.aten, name)(*args, **kwargs)


def vision(name: str, *args: Any) -> Any:
    """A call of a function of torchvision, by its name."""
    from torchvision import ops

    return getattr(ops, name)(*args)


def _calling(calls: tuple[Call, ...]) -> Callable[[], nn.Module]:
    return lambda: One(lambda _, x: [call(x) for call in calls])


def _free(*rows: tuple[str, str, Any, tuple[Call, ...]]) -> list[Case]:
    return group("elements", [(name, idea, _calling(calls), (given,), "0") for name, idea, given, calls in rows])


def _whole(x: Tensor) -> Tensor:
    """The places of rows or columns, which lie in the range of all of them."""
    return torch.arange(3, device=x.device)


def _places(x: Tensor) -> Tensor:
    return torch.zeros(3, 4, dtype=torch.long, device=x.device)


def _ends(x: Tensor) -> Tensor:
    return torch.tensor([0, 1, 3, 7], device=x.device)


def _bytes(x: Tensor) -> Tensor:
    return torch.quantize_per_tensor(x, 0.1, 10, torch.quint8)


def _nested(x: Tensor) -> Tensor:
    """A tensor of rows of different lengths."""
    return torch.nested.nested_tensor([x[:2], x])


def _jagged(x: Tensor) -> Tensor:
    return torch.nested.nested_tensor([x[:2], x], layout=torch.jagged)


def _padded(x: Tensor) -> Tensor:
    return torch.stack([x, x])


def _statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    return x.new_zeros(4), x.new_ones(4)


def _affine(x: Tensor) -> tuple[Tensor, Tensor]:
    return x.new_ones(4), x.new_zeros(4)


def _scales(x: Tensor) -> tuple[Tensor, Tensor]:
    return x.new_ones(1), x.new_zeros(1)


def _on_other_devices(call: Call) -> Call:
    """An operator for which a CPU has no kernel."""
    return lambda x: x if x.is_cpu else call(x)


FREE = _free(
    (
        "made",
        "constants, and tensors like another",
        ROWS,
        (
            lambda x: torch.zeros(3, 4, device=x.device) + torch.ones(4, device=x.device),
            lambda x: [torch.arange(4, device=x.device), torch.linspace(0, 1, 5, device=x.device)],
            lambda x: torch.full((3,), 2.0, device=x.device),
            lambda x: [torch.eye(3, device=x.device), torch.tril_indices(3, 3, device=x.device)],
            lambda x: [torch.hann_window(5, device=x.device), torch.kaiser_window(5, device=x.device)],
            lambda x: [torch.zeros_like(x), torch.ones_like(x), torch.empty_like(x), torch.full_like(x, 3)],
            lambda x: [x.new_zeros(2), x.new_ones(2), x.new_full((2,), 3.0)],
            lambda x: [x.new_empty(2), x.new_empty_strided((2, 2), (2, 1))],
            lambda x: aten("linspace", x.new_zeros(()), x.new_ones(()), 5, device=x.device),
            lambda x: aten("logspace", x.new_zeros(()), x.new_ones(()), 5, device=x.device),
        ),
    ),
    (
        "drawn",
        "random numbers",
        ROWS,
        (
            lambda x: [torch.rand_like(x), torch.randn_like(x), torch.rand(3, device=x.device)],
            lambda x: [torch.bernoulli(torch.rand_like(x)), torch.normal(x, 1.0)],
            lambda x: [torch.empty_like(x).normal_(), torch.empty_like(x).uniform_(), torch.randperm(3)],
            lambda x: [torch.empty_like(x).exponential_(), torch.empty_like(x).geometric_(0.5)],
            lambda x: [
                torch.empty_like(x).cauchy_(),
                torch.empty_like(x).log_normal_(),
                torch.empty_like(x).random_(9),
            ],
            lambda x: [torch.multinomial(x.abs() + 1, 2), torch.poisson(x.abs())],
            lambda x: torch.randint_like(x, 9),
        ),
    ),
    (
        "drawn one by one",
        "random numbers for which torch needs memory",
        ROWS,
        (lambda x: torch.binomial(x.abs().ceil(), x * 0),),
    ),
    (
        "copied",
        "copies, other types, other memory",
        ROWS,
        (
            lambda x: [x.clone(), x.double(), aten("copy", x, x), aten("lift", x), aten("lift_fresh_copy", x)],
            lambda x: [
                aten("expand_copy", x, (2, 3, 4)),
                aten("unfold_copy", x, 1, 2, 1),
                aten("_unsafe_view", x, (4, 3)),
            ],
            lambda x: [x.clone().zero_(), x.clone().fill_(2), x.clone().resize_(2, 3), x.new_empty(0).set_(x.clone())],
            lambda x: [aten("_to_copy", x, dtype=torch.double), aten("resize", x, (2, 3)), aten("resize_as", x, x[:2])],
            lambda x: aten("set", x, x.clone()),
            lambda x: [x.clone().resize_as_(x[:2]), torch.nn.utils.parameters_to_vector([x])],
        ),
    ),
    (
        "moved",
        "elements at other places",
        ROWS,
        (
            lambda x: [torch.flip(x, [0]), torch.roll(x, 1, 0), torch.rot90(x), x.repeat(2, 1), torch.tile(x, (2,))],
            lambda x: [torch.stack([x, x]), aten("_stack", [x, x]), torch.cat([x, x]), torch.block_diag(x, x)],  # type: ignore[no-untyped-call]
            lambda x: [torch.diag_embed(x), torch.tril(x), torch.triu(x), torch.repeat_interleave(x, 2, 0)],
            lambda x: [aten("unsafe_split", x, 2, 1), aten("unsafe_split_with_sizes", x, [1, 3], 1)],
            lambda x: [torch.select_scatter(x, x[0], 0, 1), torch.slice_scatter(x, x[:2], 0, 1)],
            lambda x: [aten("select_backward", x[0], (3, 4), 0, 1), aten("slice_backward", x[:2], (3, 4), 0, 0, 2, 1)],
            lambda x: [torch.complex(x, x), torch.polar(x, x), torch.view_as_real(torch.complex(x, x))],
            lambda x: [torch.meshgrid(x[0], x[1], indexing="ij"), torch.cartesian_prod(x[0], x[1])],
        ),
    ),
    (
        "padded",
        "constants, mirrored and repeated borders",
        IMAGE,
        (
            lambda x: [nn.functional.pad(x, (1, 2)), aten("constant_pad_nd", x, [1, 1], 0.5)],
            lambda x: [aten("reflection_pad1d", x[0], [1, 2]), aten("replication_pad1d", x[0], [1, 2])],
            lambda x: [aten("reflection_pad2d", x, [1, 2, 0, 1]), aten("replication_pad2d", x, [1, 2, 0, 1])],
            lambda x: [
                aten("reflection_pad3d", x, [1, 1, 1, 1, 1, 1]),
                aten("replication_pad3d", x, [1, 1, 1, 1, 1, 1]),
            ],
            lambda x: nn.functional.pad(x, (1, 1, 1, 1), mode="circular"),
        ),
    ),
    (
        "images",
        "windows as columns, channels as pixels",
        IMAGE,
        (
            lambda x: nn.functional.fold(nn.functional.unfold(x, 2), (6, 6), 2),
            lambda x: [torch.pixel_shuffle(x, 2), torch.pixel_unshuffle(x, 2), torch.channel_shuffle(x, 2)],
        ),
    ),
    (
        "picked",
        "elements by places and by masks",
        ROWS,
        (
            lambda x: [torch.gather(x, 1, _places(x)), torch.take(x, _places(x)), x.index_select(1, _whole(x))],
            lambda x: [x[_whole(x)], torch.where(_places(x) > 0, x, x), x.masked_fill(_places(x) > 0, 1.0)],
            lambda x: [torch.scatter(x, 1, _places(x), x), torch.scatter_add(x, 1, _places(x), x)],
            lambda x: [x.index_add(0, _whole(x), x), x.index_copy(0, _whole(x), x), x.index_fill(0, _whole(x), 1.0)],
            lambda x: [x.scatter_reduce(1, _places(x), x, "amax"), x.index_reduce(0, _whole(x), x, "mean")],
            lambda x: [torch.diagonal_scatter(x, x[0, :3]), torch.as_strided_scatter(x, x[:2], (2, 4), (4, 1))],
            lambda x: [x.put(_whole(x), x[0, :3]), aten("_unsafe_index", x, [_whole(x)])],
            lambda x: aten("_unsafe_index_put", x, [_whole(x)], x),
            lambda x: [x.index_put((_whole(x),), x), x.masked_scatter(_places(x) > 0, x)],
            lambda x: [torch.masked_select(x, torch.ones(3, 4, dtype=torch.bool)), torch.nonzero(_places(x) + 1)],
            lambda x: [aten("_unique2", _ends(x)), torch.unique_consecutive(_ends(x)), torch.unique(_places(x), dim=0)],
            lambda x: [nn.functional.embedding(_whole(x), x), nn.functional.embedding_bag(_places(x)[:, :2], x)],
            lambda x: [x.masked_fill(_places(x) > 0, x.new_ones(())), aten("repeat_interleave", _ends(x))],
            lambda x: aten("_embedding_bag", x, _whole(x), _ends(x)[:2])[0],
            lambda x: aten("embedding_dense_backward", x, _whole(x), 5, -1, False),
        ),
    ),
    (
        "asserted",
        "truths that must hold",
        ROWS,
        (
            lambda x: [aten("_is_all_true", _places(x) == 0), aten("_is_any_true", _places(x) == 0)],
            lambda _: aten("_functional_assert_async", torch.ones((), dtype=torch.bool), "no", torch.ones(())),
        ),
    ),
    (
        "packed",
        "sequences of different lengths, packed",
        ROWS,
        (
            lambda x: pack_sequence([x, x[:2]]).data,
            lambda x: aten("_pack_padded_sequence", torch.stack([x, x]), torch.tensor([3, 2]), True)[0],
        ),
    ),
    (
        "sparse",
        "tensors of which only some elements are kept",
        ROWS,
        (
            lambda x: torch.sparse_coo_tensor(_places(x)[:2], x[0], (3, 4)).coalesce().to_dense(),
            lambda x: [x.to_sparse().to_dense(), x.to_sparse_csr().to_dense()],
            lambda x: [aten("_to_dense", aten("_to_sparse", x)), aten("_to_dense", aten("_to_sparse_csr", x))],
            lambda x: aten("_coalesce", aten("_coalesced_", x.to_sparse(), False)).to_dense(),
            lambda x: aten(
                "_sparse_coo_tensor_with_dims_and_tensors",
                *(2, 0, (3, 4), _places(x)[:2], x[0]),
                dtype=x.dtype,
                layout=torch.sparse_coo,
                device=x.device,
            ).to_dense(),
            lambda x: x.sparse_mask(x.to_sparse().coalesce()).to_dense(),
            lambda x: torch.sparse_compressed_tensor(
                torch.tensor([0, 1, 2, 3]), torch.tensor([0, 1, 2]), x[:, 0], (3, 4), layout=torch.sparse_csr
            ).to_dense(),
        ),
    ),
    (
        "nested",
        "tensors of rows of different lengths",
        ROWS,
        (
            lambda x: torch.nested.to_padded_tensor(_nested(x), 0.0),
            lambda x: aten("_nested_tensor_from_tensor_list", [x, x]).to_padded_tensor(0.0),
            lambda x: [aten("_nested_tensor_size", _nested(x)), aten("_nested_tensor_strides", _nested(x))],
            lambda x: aten("_nested_tensor_storage_offsets", _nested(x)),
            lambda x: aten("_nested_tensor_from_mask", _padded(x), torch.ones(2, 3, dtype=torch.bool)).to_padded_tensor(
                0
            ),
            lambda x: aten("_nested_from_padded", _padded(x), SIZES).to_padded_tensor(0.0),
            lambda x: aten("_nested_from_padded_and_nested_example", _padded(x), _nested(x)).to_padded_tensor(0.0),
            lambda _: aten("_nested_compute_contiguous_strides_offsets", SIZES),
            lambda x: aten(
                "_nested_view_from_buffer_copy",
                torch.cat([x[:2], x]).flatten(),
                SIZES,
                torch.tensor([[4, 1], [4, 1]]),
                torch.tensor([0, 8]),
            ).to_padded_tensor(0.0),
            lambda x: aten("_nested_tensor_softmax_with_shape", torch.ones(2, 1, 3, 3), _nested(x)),
        ),
    ),
    (
        "jagged",
        "the same in torch's other way",
        ROWS,
        (
            lambda x: torch.nested.to_padded_tensor(_jagged(x).relu(), 0.0),
            lambda x: aten("_padded_dense_to_jagged_forward", _padded(x), [torch.tensor([0, 2, 5])], 5),
        ),
    ),
)

COMPUTED = _free(
    (
        "normalised",
        "norms by batch, layer, group and root mean square",
        IMAGE,
        (
            lambda x: nn.functional.batch_norm(x, *_statistics(x)),
            lambda x: aten("_native_batch_norm_legit", x, None, None, True, 0.1, 1e-5)[0],
            _on_other_devices(
                lambda x: aten("cudnn_batch_norm", x, x.new_ones(4), x.new_zeros(4), *_statistics(x), False, 0.1, 1e-5)[
                    0
                ]
            ),
            lambda x: [nn.functional.layer_norm(x, (6,)), aten("native_layer_norm", x, [6], None, None, 1e-5)[0]],
            lambda x: [nn.functional.group_norm(x, 2), aten("native_group_norm", x, None, None, 2, 4, 36, 2, 1e-5)[0]],
            lambda x: [nn.functional.rms_norm(x, (6,)), nn.functional.instance_norm(x)],
            lambda x: [nn.functional.normalize(x), nn.functional.local_response_norm(x, 2)],
            lambda x: aten("_weight_norm_interface", x[0, 0], x[0, 0, :, :1])[0],
        ),
    ),
    (
        "pooled",
        "means and maxima of windows",
        IMAGE,
        (
            lambda x: [nn.functional.max_pool2d(x, 2), nn.functional.max_pool1d(x[0], 2)],
            lambda x: nn.functional.max_pool2d(x, 2, return_indices=True)[0],
            lambda x: nn.functional.max_pool3d(x, 2, return_indices=True)[0],
            lambda x: [
                nn.functional.avg_pool1d(x[0], 2),
                nn.functional.avg_pool2d(x, 2),
                nn.functional.avg_pool3d(x, 2),
            ],
            lambda x: [nn.functional.adaptive_avg_pool2d(x, 2), aten("_adaptive_avg_pool2d", x, [3, 3])],
            lambda x: [nn.functional.adaptive_avg_pool1d(x[0], 2), nn.functional.adaptive_avg_pool3d(x, 2)],
            lambda x: [nn.functional.adaptive_max_pool2d(x, 2), nn.functional.adaptive_max_pool3d(x, 2)],
            lambda x: aten("_adaptive_avg_pool3d", x, [2, 3, 3]),
            lambda x: nn.functional.fractional_max_pool2d(x, 2, 3, _random_samples=x.new_zeros(2, 4, 2)),
            lambda x: nn.functional.fractional_max_pool3d(x, 2, 2, _random_samples=x.new_zeros(1, 2, 3)),
            lambda x: aten("max_unpool2d", x, torch.zeros(IMAGE, dtype=torch.long, device=x.device), (9, 9)),
            lambda x: aten(
                "max_unpool3d", x, torch.zeros(IMAGE, dtype=torch.long, device=x.device), (8, 9, 9), [2] * 3, [0] * 3
            ),
        ),
    ),
    (
        "resampled",
        "images of other sizes, and pixels between pixels",
        IMAGE,
        (
            lambda x: [nn.functional.interpolate(x, size=(3, 9)), nn.functional.interpolate(x[0], size=9)],
            lambda x: nn.functional.interpolate(x[None], size=(3, 9, 2)),
            lambda x: nn.functional.interpolate(x, size=(9, 3), mode="nearest-exact"),
            lambda x: [
                nn.functional.interpolate(x, size=(9, 3), mode=kind) for kind in ("bilinear", "bicubic", "area")
            ],
            lambda x: nn.functional.interpolate(x, size=(9, 3), mode="bilinear", antialias=True),
            lambda x: nn.functional.interpolate(x, size=(9, 3), mode="bicubic", antialias=True),
            lambda x: nn.functional.interpolate(x[0], size=9, mode="linear"),
            lambda x: nn.functional.interpolate(x[None], size=(9, 3, 2), mode="trilinear"),
            lambda x: nn.functional.grid_sample(x, x[:, :2].permute(0, 2, 3, 1).tanh(), align_corners=False),
            lambda x: [aten("upsample_bilinear2d", x, [9, 3], False), aten("upsample_bicubic2d", x, [9, 3], False)],
            lambda x: aten("upsample_linear1d", x[0], [9], False),
            lambda x: aten("upsample_trilinear3d", x[None], [9, 3, 2], False),
            lambda x: aten("grid_sampler_2d", x, x[:, :2].permute(0, 2, 3, 1).tanh(), 0, 0, False),
            lambda x: aten("grid_sampler_3d", x[None], x[:1, :3, :, :, None].movedim(1, -1).tanh(), 0, 0, False),
            lambda x: nn.functional.affine_grid(x[:, 0, :2, :3], [2, 4, 6, 6], align_corners=False),
        ),
    ),
    (
        "activated",
        "functions of one element",
        ROWS,
        (
            nn.functional.relu,
            nn.functional.relu6,
            nn.functional.gelu,
            nn.functional.silu,
            nn.functional.mish,
            nn.functional.elu,
            nn.functional.selu,
            nn.functional.celu,
            nn.functional.glu,
            nn.functional.leaky_relu,
            nn.functional.softplus,
            nn.functional.softshrink,
            nn.functional.hardshrink,
            nn.functional.hardswish,
            nn.functional.hardsigmoid,
            nn.functional.hardtanh,
            nn.functional.logsigmoid,
            torch.sigmoid,
            torch.tanh,
            torch.exp,
            torch.abs,
            torch.neg,
            torch.erf,
            torch.rsqrt,
        ),
    ),
    (
        "activated with weights",
        "functions of an element and a number",
        ROWS,
        (
            lambda x: [nn.functional.prelu(x, x.new_ones(1)), aten("_prelu_kernel", x, x.new_ones(1, 1))],
            lambda x: [nn.functional.threshold(x, 0.1, 0.0), torch.clamp(x, -1, 1), torch.lerp(x, x, 0.5)],
            lambda x: [nn.functional.dropout(x, 0.5, True), nn.functional.alpha_dropout(x, 0.5, True)],
            lambda x: [aten("native_dropout", x, 0.5, True)[0], aten("rrelu_with_noise", x, x.clone())],
        ),
    ),
    (
        "softmax",
        "shares of a sum",
        ROWS,
        (
            lambda x: [x.softmax(-1), x.log_softmax(-1), nn.functional.gumbel_softmax(x)],
            lambda x: [aten("_softmax", x, 1, False), aten("_log_softmax", x, 1, False), aten("_safe_softmax", x, 1)],
        ),
    ),
    (
        "two by two",
        "elements of two tensors",
        ROWS,
        (
            lambda x: [x + x, x - x, x * x, x / x, 1 - x, x**2, x // x, torch.fmod(x, x), torch.atan2(x, x)],
            lambda x: [aten("rsub", x, x), torch.floor_divide(x, x), torch.maximum(x, x), torch.addcmul(x, x, x)],
            lambda x: [
                x > 0,
                x.clone().gt_(0),
                x.clone().eq_(0),
                torch.logical_and(x > 0, x < 1),
                torch.linalg.cross(x[:, :3], x[:, :3]),
            ],
            lambda x: torch.addr(x, x[:, 0], x[0]),
        ),
    ),
    (
        "added up",
        "sums, means and extremes of an axis",
        ROWS,
        (
            lambda x: [x.sum(), x.mean(0), x.amax(1), x.max(1), x.min(), x.argmax(1), x.prod(1), x.logsumexp(1)],
            lambda x: [x.std(), x.var(0), torch.std_mean(x), torch.var_mean(x), x.norm(), aten("norm", x, 2)],
            lambda x: [x.cumsum(0), x.cumprod(0), x.cummax(0), x.logcumsumexp(0), torch.count_nonzero(x)],
            lambda x: [torch.linalg.vector_norm(x), torch.all(x > 0), torch.any(x > 0, 1)],
            lambda x: [torch.histc(x, 4), torch.trace(x), torch.bincount(_ends(x)), x.cummin(0), x.renorm(2, 0, 1.0)],
            lambda x: [torch.dist(x, x), aten("_cdist_forward", x, x, 1.0, None), aten("_pdist_forward", x, 1.0)],
            lambda x: aten("_euclidean_dist", x, x),
        ),
    ),
    (
        "sorted",
        "elements by their order",
        ROWS,
        (
            lambda x: [x.sort(), x.topk(2), x.argsort(), torch.msort(x)],
            lambda x: [x.median(1), x.nanmedian(), x.kthvalue(2), x.mode(), torch.isin(x, x[0])],
            lambda x: [torch.searchsorted(x[0], x[1]), torch.bucketize(x, x[0])],
        ),
    ),
    (
        "lost",
        "losses of classes",
        IMAGE,
        (
            lambda x: nn.functional.cross_entropy(x[0, 0], torch.zeros(6, dtype=torch.long, device=x.device)),
            lambda x: aten(
                "nll_loss_forward", x[0, 0], torch.zeros(6, dtype=torch.long, device=x.device), None, 1, -100
            )[0],
            lambda x: aten(
                "nll_loss2d_forward", x, torch.zeros(2, 6, 6, dtype=torch.long, device=x.device), None, 1, -1
            )[0],
            lambda x: [
                nn.functional.mse_loss(x, x),
                nn.functional.huber_loss(x, x),
                nn.functional.smooth_l1_loss(x, x),
            ],
            lambda x: [
                nn.functional.soft_margin_loss(x, x),
                nn.functional.binary_cross_entropy(x.sigmoid(), x.sigmoid()),
            ],
            lambda x: nn.functional.binary_cross_entropy_with_logits(x, x),
            lambda x: nn.functional.multi_margin_loss(x[0, 0], torch.zeros(6, dtype=torch.long, device=x.device)),
            lambda x: aten("_ctc_loss", x[0, :, :2], _ends(x)[None, 1:3].expand(2, 2), [4, 4], [2, 2])[0],
        ),
    ),
    (
        "transformed",
        "Fourier transforms have no rule of products",
        ROWS,
        (
            lambda x: torch.fft.irfft(torch.fft.rfft(x)),
            lambda x: aten("_fft_c2r", aten("_fft_c2c", aten("_fft_r2c", x, [1], 0, True), [0], 0, True), [1], 0, 4),
            lambda x: [torch.fft.fft2(x), torch.fft.ifft(torch.complex(x, x))],
        ),
    ),
    (
        "quantized for training",
        "numbers that are rounded as if they were quantized",
        ROWS,
        (
            lambda x: torch.fake_quantize_per_tensor_affine(x, 0.1, 0, 0, 255),
            lambda x: aten("fake_quantize_per_tensor_affine_cachemask", x, 0.1, 0, 0, 255)[0],
            lambda x: aten("fake_quantize_per_channel_affine_cachemask", x, x.new_ones(3), x.new_zeros(3), 0, 0, 255)[
                0
            ],
            lambda x: aten("_fake_quantize_learnable_per_tensor_affine", x, *_scales(x), 0, 255),
            lambda x: aten("_fake_quantize_learnable_per_channel_affine", x, x.new_ones(3), x.new_zeros(3), 0, 0, 255),
            lambda x: aten(
                "_fake_quantize_per_tensor_affine_cachemask_tensor_qparams",
                x,
                x.new_ones(1),
                torch.zeros(1, dtype=torch.int32),
                torch.ones(1, dtype=torch.long),
                0,
                255,
            )[0],
            lambda x: aten(
                "_fused_moving_avg_obs_fq_helper",
                x.clone(),
                torch.ones(1, dtype=torch.long),
                torch.ones(1, dtype=torch.long),
                *(torch.zeros(1), torch.ones(1), torch.ones(1), torch.zeros(1, dtype=torch.int32)),
                *(0.1, 0, 255, 0),
            )[0],
        ),
    ),
)

QUANTIZED = _free(
    (
        "bytes",
        "numbers as bytes, and back",
        ROWS,
        (
            lambda x: [_bytes(x).dequantize(), _bytes(x).int_repr()],
            lambda x: torch.quantize_per_tensor_dynamic(x, torch.quint8, False).dequantize(),
            lambda x: torch.quantize_per_channel(x, torch.ones(3), torch.zeros(3), 0, torch.quint8).dequantize(),
            lambda x: torch.quantize_per_channel(
                x, torch.ones(3), torch.zeros(3), 0, torch.qint8
            ).q_per_channel_scales(),
            lambda x: torch.quantize_per_channel(
                x, torch.ones(3), torch.zeros(3), 0, torch.qint8
            ).q_per_channel_zero_points(),
            lambda x: aten("_make_per_tensor_quantized_tensor", _bytes(x).int_repr(), 0.1, 10).dequantize(),
            lambda x: aten(
                "_make_per_channel_quantized_tensor",
                _bytes(x).int_repr(),
                torch.ones(3),
                torch.zeros(3, dtype=torch.long),
                0,
            ).dequantize(),
            lambda x: torch.empty_quantized((3, 4), _bytes(x)).shape,
            lambda _: (
                aten(
                    "_empty_per_channel_affine_quantized",
                    (3, 4),
                    scales=torch.ones(3),
                    zero_points=torch.zeros(3, dtype=torch.long),
                    axis=0,
                    dtype=torch.quint8,
                ).shape
            ),
        ),
    ),
    (
        "functions of bytes",
        "activations and sums of quantized numbers",
        ROWS,
        (
            lambda x: ops.add(_bytes(x), _bytes(x), 0.1, 10).dequantize(),
            lambda x: ops.add_relu(_bytes(x), _bytes(x), 0.1, 10).dequantize(),
            lambda x: ops.add_scalar(_bytes(x), 1.0).dequantize(),
            lambda x: ops.add_scalar_relu(_bytes(x), 1.0).dequantize(),
            lambda x: ops.mul(_bytes(x), _bytes(x), 0.1, 10).dequantize(),
            lambda x: ops.mul_relu(_bytes(x), _bytes(x), 0.1, 10).dequantize(),
            lambda x: ops.mul_scalar(_bytes(x), 2.0).dequantize(),
            lambda x: ops.mul_scalar_relu(_bytes(x), 2.0).dequantize(),
            lambda x: ops.cat([_bytes(x), _bytes(x)], 0, 0.1, 10).dequantize(),
            lambda x: ops.cat_relu([_bytes(x), _bytes(x)], 0, 0.1, 10).dequantize(),
            lambda x: ops.celu(_bytes(x), 0.1, 10, 1.0).dequantize(),
            lambda x: ops.clamp(_bytes(x), -1.0, 1.0).dequantize(),
            lambda x: ops.dropout(_bytes(x), 0.1, 10).dequantize(),
            lambda x: ops.elu(_bytes(x), 0.1, 10, 1.0).dequantize(),
            lambda x: ops.hardswish(_bytes(x), 0.1, 10).dequantize(),
            lambda x: ops.leaky_relu(_bytes(x), 0.1, False, 0.1, 10).dequantize(),
            lambda x: ops.prelu(_bytes(x), _bytes(x[0, :1]), 0.1, 10).dequantize(),
            lambda x: ops.relu6(_bytes(x), False).dequantize(),
            lambda x: ops.sigmoid(_bytes(x), 0.1, 10).dequantize(),
            lambda x: ops.softmax(_bytes(x), 1, 0.1, 10).dequantize(),
            lambda x: ops.threshold(_bytes(x), 0.1, 0.0).dequantize(),
            lambda x: ops.layer_norm(_bytes(x), [4], None, None, 1e-5, 0.1, 10).dequantize(),
        ),
    ),
    (
        "images of bytes",
        "norms and pools of quantized images",
        IMAGE,
        (
            lambda x: ops.batch_norm(_bytes(x), *_affine(x), *_statistics(x), 1e-5, 0.1, 10).dequantize(),
            lambda x: ops.batch_norm_relu(_bytes(x), *_affine(x), *_statistics(x), 1e-5, 0.1, 10).dequantize(),
            lambda x: ops.batch_norm1d(_bytes(x[:, :, 0]), *_affine(x), *_statistics(x), 1e-5, 0.1, 10).dequantize(),
            lambda x: ops.batch_norm1d_relu(
                _bytes(x[:, :, 0]), *_affine(x), *_statistics(x), 1e-5, 0.1, 10
            ).dequantize(),
            lambda x: ops.batch_norm2d(_bytes(x), *_affine(x), *_statistics(x), 1e-5, 0.1, 10).dequantize(),
            lambda x: ops.batch_norm2d_relu(_bytes(x), *_affine(x), *_statistics(x), 1e-5, 0.1, 10).dequantize(),
            lambda x: ops.batch_norm3d(_bytes(x[..., None]), *_affine(x), *_statistics(x), 1e-5, 0.1, 10).dequantize(),
            lambda x: ops.batch_norm3d_relu(
                _bytes(x[..., None]), *_affine(x), *_statistics(x), 1e-5, 0.1, 10
            ).dequantize(),
            lambda x: torch.quantized_batch_norm(_bytes(x), *_affine(x), *_statistics(x), 1e-5, 0.1, 10).dequantize(),
            lambda x: ops.group_norm(_bytes(x), 2, x.new_ones(4), x.new_zeros(4), 1e-5, 0.1, 10).dequantize(),
            lambda x: ops.instance_norm(_bytes(x), x.new_ones(4), x.new_zeros(4), 1e-5, 0.1, 10).dequantize(),
            lambda x: ops.max_pool1d(_bytes(x[0]), [2], [2], [0], [1], False).dequantize(),
            lambda x: ops.max_pool2d(_bytes(x), [2, 2], [2, 2], [0, 0], [1, 1], False).dequantize(),
            lambda x: torch.quantized_max_pool1d(_bytes(x[0]), [2], [2], [0], [1]).dequantize(),
            lambda x: torch.quantized_max_pool2d(_bytes(x), [2, 2], [2, 2], [0, 0], [1, 1]).dequantize(),
            lambda x: torch.quantized_max_pool3d(_bytes(x[None]), [2] * 3, [2] * 3, [0] * 3, [1] * 3).dequantize(),
        ),
    ),
    (
        "tables of bytes",
        "look-ups in a quantized table",
        ROWS,
        (
            lambda x: ops.embedding_byte(ops.embedding_bag_prepack(_columns(torch.quint8)), _whole(x)),
            lambda x: ops.embedding_4bit(ops.embedding_bag_prepack(_columns(torch.quint4x2)), _whole(x)),
            lambda x: ops.embedding_bag_byte(
                ops.embedding_bag_prepack(_columns(torch.quint8)), _whole(x), torch.tensor([0, 2]), mode=0
            ),
            lambda x: ops.embedding_bag_4bit(
                ops.embedding_bag_prepack(_columns(torch.quint4x2)), _whole(x), torch.tensor([0, 2]), mode=0
            ),
        ),
    ),
)


def _columns(dtype: torch.dtype) -> Tensor:
    """A table of which each row has a scale of its own."""
    return torch.quantize_per_channel(torch.ones(3, 8), torch.ones(3), torch.zeros(3), 0, dtype)


BOXES = torch.tensor([[0.0, 0.0, 4.0, 4.0], [0.0, 1.0, 4.0, 5.0]])
REGIONS = torch.tensor([[0.0, 0.0, 0.0, 4.0, 4.0]])

VISION = _free(
    (
        "boxes",
        "boxes that are dropped, and pixels of boxes",
        IMAGE,
        (
            lambda _: vision("nms", BOXES, torch.tensor([0.5, 0.6]), 0.5),
            lambda x: [vision("roi_align", x, REGIONS.to(x.device), 2), vision("roi_pool", x, REGIONS.to(x.device), 2)],
            lambda x: vision("ps_roi_align", x, REGIONS.to(x.device), 2),
            lambda x: vision("ps_roi_pool", x, REGIONS.to(x.device), 2),
        ),
    ),
)

CASES: list[Case] = FREE + COMPUTED + QUANTIZED + (VISION if find_spec("torchvision") else [])

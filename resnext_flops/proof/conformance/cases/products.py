"""Products of matrices: rows x columns x the length of a row, in every form that torch has for them.

A product of elements alone is none, whatever is summed later; and a row of length 1 is a row.
"""

from typing import Any

import torch
from torch import Tensor, matmul, nn
from torch.nn import functional as F  # noqa: N812 (its usual name)

from resnext_flops.proof.conformance.case import Case, One, Three, Two, group, weight, whole


def _integers() -> Tensor:
    return torch.randint(-9, 9, (32, 16), dtype=torch.int8)


def _grouped(_: Any, rows: Tensor, experts: Tensor, ends: Tensor) -> Tensor:
    return torch._grouped_mm(rows, experts, offs=ends)  # noqa: SLF001


def _each_expert(_: Any, rows: Tensor, experts: Tensor, ends: Tensor) -> Tensor:
    """The rows of each expert times its matrix."""
    first, second, third = rows.tensor_split(ends[:-1].long())
    return torch.cat([first @ experts[0], second @ experts[1], third @ experts[2]])


def _scaled(_: Any, rows: Tensor, experts: Tensor, ends: Tensor) -> Tensor:
    """An operator of graphics cards, in eight bits; elsewhere the same expert by expert."""
    if rows.is_cpu:
        return _each_expert(_, rows, experts, ends)
    scales = rows.new_ones(24, dtype=torch.float), rows.new_ones((3, 16), dtype=torch.float)
    turned = experts.mT.contiguous().mT.to(torch.float8_e4m3fn)
    made: Tensor = torch.ops.aten._scaled_grouped_mm(  # noqa: SLF001
        rows.to(torch.float8_e4m3fn), turned, *scales, ends, out_dtype=torch.bfloat16
    )
    return made


def _ends() -> Tensor:
    return torch.tensor([8, 12, 24], dtype=torch.int32)


def _pairs(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Two lengths in one tensor, and their transposes in another."""
    nested = torch.nested.nested_tensor([x, y])
    return nested, nested.transpose(-1, -2)


LINEAR = group(
    "linear",
    [
        ("rows", "three rows of four", lambda: nn.Linear(4, 5), ((3, 4),), "3 * 4 * 5"),
        ("no bias", "a bias adds no product", lambda: nn.Linear(4, 5, bias=False), ((3, 4),), "3 * 4 * 5"),
        ("one row", "an input without a batch", lambda: nn.Linear(4, 5), ((4,),), "4 * 5"),
        ("tokens", "each token of each sequence is a row", lambda: nn.Linear(4, 5), ((2, 3, 4),), "2 * 3 * 4 * 5"),
        ("tokens, no bias", "as without a batch", lambda: nn.Linear(4, 5, bias=False), ((2, 3, 4),), "2 * 3 * 4 * 5"),
        ("windows", "an input of four axes", lambda: nn.Linear(4, 5), ((2, 3, 7, 4),), "2 * 3 * 7 * 4 * 5"),
        ("no tokens", "an empty sequence costs nothing", lambda: nn.Linear(4, 5), ((2, 0, 4),), "2 * 0 * 4 * 5"),
        ("no features", "a row of length 0 has no product", lambda: nn.Linear(0, 5), ((3, 0),), "3 * 0 * 5"),
        ("one feature", "a row of length 1 has one", lambda: nn.Linear(1, 5), ((3, 1),), "3 * 1 * 5"),
        ("one output", "a product with one column", lambda: nn.Linear(4, 1), ((3, 4),), "3 * 4 * 1"),
        (
            "vector",
            "a weight of one axis",
            lambda: One(lambda m, x: F.linear(x, m.weight), weight=weight(4)),
            ((2, 3, 4),),
            "2 * 3 * 4 * 1",
        ),
        (
            "turned",
            "the rows do not lie together in memory",
            lambda: One(lambda m, x: m.layer(x.mT), layer=nn.Linear(4, 5)),
            ((2, 4, 3),),
            "2 * 3 * 4 * 5",
        ),
        (
            "function",
            "a call of F.linear, without a layer",
            lambda: One(lambda m, x: F.linear(x, m.weight, m.bias), weight=weight(5, 4), bias=weight(5)),
            ((3, 4),),
            "3 * 4 * 5",
        ),
        (
            "keywords",
            "all arguments by name",
            lambda: One(
                lambda m, x: F.linear(input=x, weight=m.weight, bias=m.bias), weight=weight(5, 4), bias=weight(5)
            ),
            ((2, 3, 4),),
            "2 * 3 * 4 * 5",
        ),
        (
            "half",
            "half precision costs the same",
            lambda: nn.Linear(4, 5).half(),
            (lambda: torch.randn(3, 4).half(),),
            "3 * 4 * 5",
        ),
        (
            "complex",
            "a product of complex numbers is one product",
            lambda: nn.Linear(4, 5, dtype=torch.complex64),
            (lambda: torch.randn(3, 4, dtype=torch.complex64),),
            "3 * 4 * 5",
        ),
        (
            "channels",
            "a layer over the channels of an image, which are its last axis then",
            lambda: One(lambda m, x: m.layer(x.permute(0, 2, 3, 1)), layer=nn.Linear(4, 5)),
            ((2, 4, 3, 6),),
            "2 * 3*6 * 4 * 5",
        ),
        (
            "bilinear",
            "each output: a row of 3 times a matrix of 3 x 4, and a row of 4",
            lambda: nn.Bilinear(3, 4, 5),
            ((2, 3), (2, 4)),
            "2 * 5 * (3 * 4 + 4)",
            lambda m, x, y: (
                torch.stack(
                    [torch.stack([(row @ one) @ other for one in m.weight]) for row, other in zip(x, y, strict=True)]
                )
                + m.bias
            ),
        ),
    ],
)

MATMUL = group(
    "matmul",
    [
        ("mm", "two matrices", lambda: Two(lambda _, x, y: torch.mm(x, y)), ((3, 4), (4, 5)), "3 * 4 * 5"),
        ("sign", "by the sign for it", lambda: Two(lambda _, x, y: x @ y), ((3, 4), (4, 5)), "3 * 4 * 5"),
        ("method", "by a method", lambda: Two(lambda _, x, y: x.matmul(y)), ((3, 4), (4, 5)), "3 * 4 * 5"),
        (
            "imported",
            "a function that was imported by name",
            lambda: Two(lambda _, x, y: matmul(x, y)),
            ((3, 4), (4, 5)),
            "3 * 4 * 5",
        ),
        (
            "keywords",
            "all arguments by name",
            lambda: Two(lambda _, x, y: torch.matmul(input=x, other=y)),
            ((3, 4), (4, 5)),
            "3 * 4 * 5",
        ),
        (
            "weight",
            "a layer that is written as a product with its weight",
            lambda: One(lambda m, x: x @ m.weight, weight=weight(4, 5)),
            ((2, 3, 4),),
            "2 * 3 * 4 * 5",
        ),
        (
            "out",
            "the output's memory is given",
            lambda: Two(lambda _, x, y: torch.mm(x, y, out=x.new_empty(3, 5))),
            ((3, 4), (4, 5)),
            "3 * 4 * 5",
        ),
        (
            "bmm",
            "two pairs of matrices",
            lambda: Two(lambda _, x, y: torch.bmm(x, y)),
            ((2, 3, 4), (2, 4, 5)),
            "2 * 3 * 4 * 5",
        ),
        (
            "batches",
            "a product for each of 2 x 3",
            lambda: Two(lambda _, x, y: x @ y),
            ((2, 3, 5, 4), (2, 3, 4, 6)),
            "2*3 * 5 * 4 * 6",
        ),
        (
            "broadcast",
            "each of two with each of three",
            lambda: Two(lambda _, x, y: x @ y),
            ((2, 1, 5, 4), (3, 4, 6)),
            "2*3 * 5 * 4 * 6",
        ),
        (
            "one matrix for all",
            "a batch times one matrix",
            lambda: Two(lambda _, x, y: x @ y),
            ((2, 3, 4), (4, 5)),
            "2 * 3 * 4 * 5",
        ),
        (
            "one matrix before all",
            "one matrix times a batch",
            lambda: Two(lambda _, x, y: x @ y),
            ((3, 4), (2, 4, 5)),
            "2 * 3 * 4 * 5",
        ),
        (
            "expanded",
            "one matrix that is repeated without memory",
            lambda: Two(lambda _, x, y: torch.bmm(x.expand(2, 3, 4), y)),
            ((1, 3, 4), (2, 4, 5)),
            "2 * 3 * 4 * 5",
        ),
        ("mv", "a matrix and a vector", lambda: Two(lambda _, x, y: torch.mv(x, y)), ((3, 4), (4,)), "3 * 4"),
        ("matrix, vector", "the same by the sign", lambda: Two(lambda _, x, y: x @ y), ((3, 4), (4,)), "3 * 4"),
        ("vector, matrix", "a vector from the left", lambda: Two(lambda _, x, y: x @ y), ((4,), (4, 5)), "4 * 5"),
        (
            "vector, batch",
            "a vector and two matrices",
            lambda: Two(lambda _, x, y: x @ y),
            ((4,), (2, 4, 5)),
            "2 * 4 * 5",
        ),
        (
            "batch, vector",
            "two matrices and a vector",
            lambda: Two(lambda _, x, y: x @ y),
            ((2, 3, 4), (4,)),
            "2 * 3 * 4",
        ),
        ("dot", "two vectors", lambda: Two(lambda _, x, y: torch.dot(x, y)), ((7,), (7,)), "7"),
        ("vdot", "two vectors, the first conjugated", lambda: Two(lambda _, x, y: torch.vdot(x, y)), ((7,), (7,)), "7"),
        ("vector, vector", "two vectors by the sign", lambda: Two(lambda _, x, y: x @ y), ((7,), (7,)), "7"),
        ("inner", "the rows of both", lambda: Two(lambda _, x, y: torch.inner(x, y)), ((3, 4), (5, 4)), "3 * 5 * 4"),
        (
            "inner with a number",
            "a number scales",
            lambda: Two(lambda _, x, y: torch.inner(x, y) + torch.inner(y, x)),
            ((3,), ()),
            "0",
        ),
        (
            "nested",
            "the rows of each length meet their own rows",
            lambda: Two(lambda _, x, y: torch.bmm(*_pairs(x, y)).to_padded_tensor(0.0)),
            ((3, 4), (5, 4)),
            "3 * 3 * 4 + 5 * 5 * 4",
            lambda _, x, y: torch.stack([F.pad(part @ part.T, (0, 5 - len(part)) * 2) for part in (x, y)]),
        ),
        (
            "inner of a batch",
            "the rows of a batch and of a matrix",
            lambda: Two(lambda _, x, y: torch.inner(x, y)),
            ((2, 3, 4), (5, 4)),
            "2 * 3 * 5 * 4",
        ),
        (
            "addmm",
            "a matrix is added to twice the product; scaling takes none",
            lambda: Three(lambda _, z, x, y: torch.addmm(z, x, y, alpha=2)),
            ((5,), (3, 4), (4, 5)),
            "3 * 4 * 5",
        ),
        (
            "addmm in place",
            "the product is added into a matrix",
            lambda: Three(lambda _, z, x, y: (z * 1).addmm_(x, y)),
            ((3, 5), (3, 4), (4, 5)),
            "3 * 4 * 5",
        ),
        (
            "addmv",
            "a vector is added",
            lambda: Three(lambda _, z, x, y: torch.addmv(z, x, y)),
            ((3,), (3, 4), (4,)),
            "3 * 4",
        ),
        (
            "baddbmm",
            "a batch is added to a batch of products",
            lambda: Three(lambda _, z, x, y: torch.baddbmm(z, x, y, beta=0.5)),
            ((2, 3, 5), (2, 3, 4), (2, 4, 5)),
            "2 * 3 * 4 * 5",
        ),
        (
            "addbmm",
            "the products of a batch are added up",
            lambda: Three(lambda _, z, x, y: torch.addbmm(z, x, y)),
            ((3, 5), (2, 3, 4), (2, 4, 5)),
            "2 * 3 * 4 * 5",
        ),
        ("empty sum", "rows of length 0", lambda: Two(lambda _, x, y: x @ y), ((3, 0), (0, 5)), "3 * 0 * 5"),
        ("sum of one", "rows of length 1 are rows", lambda: Two(lambda _, x, y: x @ y), ((3, 1), (1, 5)), "3 * 1 * 5"),
        ("no rows", "an empty matrix", lambda: Two(lambda _, x, y: x @ y), ((0, 4), (4, 5)), "0 * 4 * 5"),
        (
            "chain",
            "three matrices: the cheaper order is first the last two, 4 x 5 x 2, then 3 x 4 x 2",
            lambda: Three(lambda _, x, y, z: torch.chain_matmul(x, y, z)),  # type: ignore[no-untyped-call]
            ((3, 4), (4, 5), (5, 2)),
            "4 * 5 * 2 + 3 * 4 * 2",
        ),
        (
            "multi_dot",
            "the same with vectors at the ends: 4 x 5, then the two vectors of 4",
            lambda: Three(lambda _, x, y, z: torch.linalg.multi_dot([x, y, z])),
            ((4,), (4, 5), (5,)),
            "4 * 5 + 4",
        ),
        (
            "power",
            "the third power takes two products",
            lambda: One(lambda _, x: torch.matrix_power(x, 3)),
            ((4, 4),),
            "2 * 4 * 4 * 4",
        ),
        (
            "tensordot",
            "one axis of each is summed",
            lambda: Two(lambda _, x, y: torch.tensordot(x, y, 1)),
            ((2, 3, 4), (4, 5)),
            "2*3 * 4 * 5",
        ),
        (
            "tensordot of axes",
            "the axes of 3 and 4 are summed together",
            lambda: Two(lambda _, x, y: torch.tensordot(x, y, dims=([1, 2], [1, 0]))),
            ((2, 3, 4), (4, 3, 5)),
            "2 * (3*4) * 5",
        ),
        (
            "tensordot of none",
            "a column times a row: torch multiplies matrices whose summed axis has length 1",
            lambda: Two(lambda _, x, y: torch.tensordot(x, y, 0)),
            ((3,), (5,)),
            "3 * 1 * 5",
        ),
        ("covariance", "each row with each row", lambda: One(lambda _, x: torch.cov(x)), ((3, 4),), "3 * 3 * 4"),
        (
            "complex",
            "a product of complex numbers is one product",
            lambda: Two(lambda _, x, y: torch.complex(x, x) @ torch.complex(y, -y)),
            ((3, 4), (4, 5)),
            "3 * 4 * 5",
        ),
        (
            "half",
            "half precision costs the same",
            lambda: Two(lambda _, x, y: x.half() @ y.half()),
            ((3, 4), (4, 5)),
            "3 * 4 * 5",
        ),
        (
            "integers",
            "bytes are multiplied into whole numbers",
            lambda: Two(lambda _, x, y: torch._int_mm(x, y.T)),  # noqa: SLF001
            (_integers, _integers),
            "32 * 16 * 32",
        ),
        (
            "experts",
            "each of 24 rows meets the matrix of one of three experts",
            lambda: Three(_grouped),
            (lambda: torch.randn(24, 8).bfloat16(), lambda: torch.randn(3, 8, 16).bfloat16(), _ends),
            "24 * 8 * 16",
            _each_expert,
        ),
        (
            "experts' gradients",
            "the 24 columns are divided among three experts, so each is summed once",
            lambda: Three(lambda _, x, y, ends: torch._grouped_mm(x.mT, y, offs=ends)),  # noqa: SLF001
            (lambda: torch.randn(24, 8).bfloat16(), lambda: torch.randn(24, 16).bfloat16(), _ends),
            "8 * 24 * 16",
            lambda _, x, y, ends: torch.stack(
                [
                    a.mT @ b
                    for a, b in zip(x.tensor_split(ends[:-1].long()), y.tensor_split(ends[:-1].long()), strict=True)
                ]
            ),
        ),
        (
            "scaled experts",
            "the same as for experts, by the operator of eight bits",
            lambda: Three(_scaled),
            (lambda: torch.randn(24, 16).bfloat16(), lambda: torch.randn(3, 16, 16).bfloat16(), _ends),
            "24 * 16 * 16",
        ),
        (
            "chosen expert",
            "each row has one of three matrices, which are gathered first",
            lambda: Two(lambda m, x, place: torch.bmm(x[:, None], m.weight[place]), weight=weight(3, 4, 5)),
            ((6, 4), whole(6, below=3)),
            "6 * 4 * 5",
        ),
    ],
)

EINSUM = group(
    "einsum",
    [
        (name, idea, lambda equation=name: _einsum(equation), shapes, arithmetic)
        for name, idea, shapes, arithmetic in (
            ("ij,jk->ik", "the product of matrices", ((3, 4), (4, 5)), "3 * 4 * 5"),
            ("ij,jk", "the result is what stands once", ((3, 4), (4, 5)), "3 * 4 * 5"),
            ("bhqd,bhkd->bhqk", "scores of attention", ((2, 3, 4, 5), (2, 3, 6, 5)), "2 * 3 * 4 * 6 * 5"),
            ("bthd,hdo->bto", "the heads are summed too", ((2, 3, 4, 5), (4, 5, 6)), "2 * 3 * (4*5) * 6"),
            ("i,i->", "two vectors", ((7,), (7,)), "7"),
            ("i,j->ij", "an outer product adds nothing up", ((3,), (5,)), "0"),
            ("bi,bi->bi", "a product of elements adds nothing up", ((3, 4), (3, 4)), "0"),
            ("bi,bi->b", "the rows of both, one by one", ((3, 4), (3, 4)), "3 * 4"),
            ("bij,bjk->bik", "a batch of products", ((2, 3, 4), (2, 4, 5)), "2 * 3 * 4 * 5"),
            ("...ij,jk->...ik", "all other axes", ((2, 3, 4, 5), (5, 6)), "2*3 * 4 * 5 * 6"),
            ("...i,...i->i", "the other axis is summed, this one stays", ((7, 4), (7, 4)), "7 * 4"),
            ("...i,...i->...", "the other axis is kept", ((7, 4), (4,)), "7 * 4"),
            ("ii,ij->j", "the diagonal of the first", ((3, 3), (3, 4)), "3 * 4"),
            ("ij,ij->i", "an axis of length 1 meets one of 5: it is added up before", ((3, 1), (3, 5)), "0"),
            ("ij,kl->ik", "axes of one factor alone are added up before", ((3, 4), (5, 6)), "0"),
            ("ij,jkl->ik", "l is added up before", ((3, 4), (4, 5, 6)), "3 * 4 * 5"),
            ("nchw,oc->nohw", "a pointwise convolution", ((2, 4, 3, 6), (5, 4)), "2 * 5 * 3*6 * 4"),
            ("bi->b", "a sum of one factor", ((3, 4),), "0"),
            ("ij->ji", "a transposition", ((3, 4),), "0"),
            ("ij,jk,kl->il", "from the left: 3 x 4 x 5, then 3 x 5 x 6", ((3, 4), (4, 5), (5, 6)), "3*4*5 + 3*5*6"),
            ("bi,bj,bk->bijk", "two outer products", ((2, 3), (2, 4), (2, 5)), "0"),
            ("bi,ioj,bj->bo", "a bilinear layer: 3 x 4 x 5, then 5", ((2, 3), (3, 4, 5), (2, 5)), "2*3*4*5 + 2*4*5"),
        )
    ],
)


def _einsum(equation: str) -> nn.Module:
    """An einsum of as many factors as its equation has."""
    kinds = {1: One, 2: Two, 3: Three}
    return kinds[equation.count(",") + 1](lambda _, *factors: torch.einsum(equation, *factors))


ELEMENTS = group(
    "no product",
    [
        (
            "outer",
            "an outer product adds nothing up",
            lambda: Two(lambda _, x, y: torch.outer(x, y)),
            ((3,), (5,)),
            "0",
        ),
        (
            "addr",
            "an outer product is added",
            lambda: Three(lambda _, z, x, y: torch.addr(z, x, y)),
            ((3, 5), (3,), (5,)),
            "0",
        ),
        ("kron", "each element scales a matrix", lambda: Two(lambda _, x, y: torch.kron(x, y)), ((3, 2), (2, 5)), "0"),
        (
            "scaling",
            "elements times elements",
            lambda: One(lambda m, x: x * m.weight, weight=weight(4)),
            ((3, 4),),
            "0",
        ),
        (
            "summed later",
            "elements are multiplied, and another operator adds them up",
            lambda: Two(lambda _, x, y: (x[:, :, None] * y).sum(1)),
            ((3, 4), (4, 5)),
            "0",
        ),
        (
            "cross",
            "products of elements in three dimensions",
            lambda: Two(lambda _, x, y: torch.linalg.cross(x, y)),
            ((4, 3), (4, 3)),
            "0",
        ),
        (
            "similarity",
            "cosines of rows are made of elements",
            lambda: Two(lambda _, x, y: F.cosine_similarity(x, y)),
            ((4, 3), (4, 3)),
            "0",
        ),
    ],
)

CASES: list[Case] = LINEAR + MATMUL + EINSUM + ELEMENTS

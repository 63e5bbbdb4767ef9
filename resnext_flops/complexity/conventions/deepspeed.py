"""DeepSpeed's profiler, from which calflops was made: the same rules, and `mm` and `bmm` besides."""

from resnext_flops.complexity.conventions.calflops import patched
from resnext_flops.complexity.conventions.convention import Run, Terms, counter
from resnext_flops.complexity.conventions.vocabulary import MORE_PRODUCTS, PRODUCT_FUNCTIONS


@counter(
    "deepspeed",
    unit="FLOP",
    version="0.18",
    counts="2 a multiply-add of F.linear, F.conv, torch.matmul, mm and bmm, 1 a convolution's bias; batch norm 2, "
    "layer norm 5; activations, pools and softmax 1 an input element; the operators + * @ and attention are not seen",
    source="deepspeed/profiling/flops_profiler/profiler.py",
    link="https://deepspeed.readthedocs.io/en/latest/flops-profiler.html",
    bias="1 an output (conv)",
    norm="2 batch, 5 layer",
    activation="1",
    pool="1",
)
def deepspeed(run: Run) -> Terms:
    """DeepSpeed's FLOPs."""
    return patched(run, PRODUCT_FUNCTIONS | MORE_PRODUCTS)

"""The papers' figure: the multiply-adds of the ledger."""

from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, Run, Terms, active, counter


@counter(
    "paper",
    unit="MAC",
    version="arXiv:1611.05431v2",
    counts="multiply-adds of convolutions, fully-connected layers and every other matrix product; all else is free",
    source="Xie et al., Table 1 ('FLOPs') and Table 2",
    link="https://arxiv.org/abs/1611.05431v2",
    attention="multiply-adds",
)
def paper(run: Run) -> Terms:
    """The multiply-adds of the ledger."""
    terms = Terms()
    for entry, _ in active(run):
        if entry.macs != 0:
            terms.add(entry.kind, MULTIPLY_ADDS, entry.macs * entry.times)
    return terms

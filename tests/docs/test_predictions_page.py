"""The table of all models in a real browser: it is searched by typing, sorted by clicks, and read."""

import re
from pathlib import Path

import pytest

from resnext_flops.reports.predictions import read
from tests.browser import CHROMIUM, browsing

DOCS = Path(__file__).parent.parent.parent / "docs"
ROWS = {each.model: each.figures for each in read(DOCS / "predictions.tsv")}

# Done in the page after its own script; every `look()` is a table as it is read: its head, its rows, and the count.
HAND = """
(() => {
const found = [];
const byId = (name) => document.getElementById(`predictions-${name}`);
const look = () => found.push({
  head: [...byId("table").tHead.rows[0].cells].map((cell) => [cell.innerText.split("\\n")[0], cell.ariaSort]),
  rows: [...byId("table").tBodies[0].rows].slice(0, 40).map((row) => [...row.cells].map((cell) => cell.textContent)),
  count: byId("count").textContent,
});
const type = (text) => { byId("search").value = text; byId("search").dispatchEvent(new Event("input")); };
const sort = (name) => byId("table").tHead.querySelector(`[data-name="${name}"]`).click();
look();
type("torchvision: RESNEXT"); look();
sort("params"); look();
sort("params"); look();
type("torchvision:vit_b_16"); byId("form").querySelector("[value=torch-no-grad]").click(); look();
type("torchvision:resnet18"); look();
type("no such model"); look();
return found;
})()
"""


def test_without_javascript_the_page_says_so_and_links_to_the_data(site: Path) -> None:
    text = (site / "predictions.html").read_text(encoding="utf-8")
    (said,) = re.findall("<noscript>(.*?)</noscript>", text)
    assert "need JavaScript" in said
    assert 'href="predictions.tsv"' in said
    assert (site / "predictions.tsv").read_bytes() == (DOCS / "predictions.tsv").read_bytes()
    assert len(text.encode()) < 1_000_000


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_the_table_is_sorted_searched_and_read(site: Path, tmp_path: Path) -> None:
    with browsing(tmp_path) as page:
        page.open((site / "predictions.html").as_uri())
        first, searched, up, down, variant, without, none = page.evaluate(HAND)
        assert page.console == []

    names = ["params", "paper", "fvcore", "timm", "torch", "thop", "ptflops-pytorch", "calflops-macs"]
    assert [name for name, _ in first["head"]] == ["model", *names, "remark"]
    assert first["count"] == f"{len(ROWS):,} of {len(ROWS):,} models"
    for model, *figures, _ in first["rows"]:
        assert figures == [f"{ROWS[model][name]:,}" for name in names]

    met = [name for name in ROWS if "resnext" in name and name.startswith("torchvision:")]
    assert len(met) >= 3
    in_order = [row[0] for row in searched["rows"]]
    assert sorted(in_order) == met
    # Numbers within names are in the order of numbers.
    assert in_order.index("torchvision:resnext50_32x4d") < in_order.index("torchvision:resnext101_32x8d")
    assert searched["count"] == f"{len(met)} of {len(ROWS):,} models"
    shown = [int(row[1].replace(",", "")) for row in up["rows"]]
    assert shown == sorted(ROWS[name]["params"] for name in met)
    assert [int(row[1].replace(",", "")) for row in down["rows"]] == shown[::-1]
    assert dict(up["head"])["params"] == "ascending"
    assert dict(down["head"])["params"] == "descending"

    # A variant has its own figure, or that of what it is a variant of.
    place = [name for name, _ in variant["head"]].index("torch-no-grad")
    assert [row[place] for row in variant["rows"]] == [f"{ROWS['torchvision:vit_b_16']['torch-no-grad']:,}"]
    assert "torch-no-grad" not in ROWS["torchvision:resnet18"]
    assert [row[place] for row in without["rows"]] == [f"{ROWS['torchvision:resnet18']['torch']:,}"]
    assert (none["rows"], none["count"]) == ([], f"0 of {len(ROWS):,} models")

"""A new version of a document is read, and a faulty one refused with its file and line; nothing is written half."""

import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

import resnext_flops as rf
from resnext_flops.proof.published import readers
from resnext_flops.proof.published.collection import Column, Columns, Row, Source, Table, decoded, encoded, source
from resnext_flops.proof.published.readers import read_again

FIGURES = Columns("name", "", Column("#params"), Column("FLOPs", "G"), accuracy="top-1")


def of(form: str, *tables: Table) -> Source:
    return Source("A document", "example.org", "1", form, "", tables)  # type: ignore[arg-type]


def table(file: str, section: str = "", columns: Columns = FIGURES, *rows: Row) -> Table:
    return Table(file, section, columns, rows)


def written(folder: Path, file: str, text: str) -> Path:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


README = """\
# Networks

## Large <sup>new</sup>

```sh
# no section: a remark in code
```

| name | resolution | #params | `FLOPs` | top-1 |
|:---|:---:|---:|---:|---|
| [Net-L](http://a.b/c_d) | 384x384 | 1,234.5M | 17.61 (wrong) | **80.1** |
| Net-L<br>_wide | 320x256 | 60 M | - | |
| Net-0 | 224 | - | | 1 |

#### Small

name | #params | FLOPs
--- | --- | ---
Net-S | 5M | 0.5
"""


def test_a_table_of_markdown_is_read_as_it_is_printed(tmp_path: Path) -> None:
    written(tmp_path, "README.md", README)
    columns = replace(FIGURES, resolution="resolution")
    new = read_again(of("markdown", table("README.md", "Large new", columns)), tmp_path, "2")
    assert new.version == "2"
    assert new.tables[0].rows == (
        Row(11, "Net-L", "", "384", "1,234.5M", "17.61 (wrong)", "", "80.1"),
        Row(12, "Net-L_wide", "", "320x256", "60 M", "", "", ""),
    )


def test_a_table_without_bars_at_its_ends_is_one(tmp_path: Path) -> None:
    written(tmp_path, "README.md", README)
    small = table("README.md", "Small", replace(FIGURES, accuracy=""))
    assert read_again(of("markdown", small), tmp_path, "2").tables[0].rows == (Row(19, "Net-S", "", "", "5M", "0.5"),)


CSV = 'name,size,#params,FLOPs,top-1\nresnet50.a1,224,"1,025.56",4.11,80.2\nnobody,106,2.04,0.03,1\n'


def test_a_file_of_csv_is_read_and_its_models_are_looked_for_in_the_library(tmp_path: Path) -> None:
    written(tmp_path, "results/a.csv", CSV)
    columns = replace(FIGURES, resolution="size", zoo="timm")
    new = read_again(of("csv", table("results/a.csv", "", columns)), tmp_path, "2")
    assert new.tables[0].rows == (
        Row(2, "resnet50.a1", "timm:resnet50", "224", "1,025.56", "4.11", "", "80.2"),
        Row(3, "nobody", "", "106", "2.04", "0.03", "", "1"),
    )


def test_a_file_of_json_is_read(tmp_path: Path) -> None:
    written(tmp_path, "a.json", '{\n  "net": {\n    "flops": 4089184256,\n    "acts": 1.50\n  },\n  "date": "1"\n}\n')
    columns = Columns("name", operations=Column("flops"), activations=Column("acts"))
    new = read_again(of("json", table("a.json", "", columns)), tmp_path, "2")
    assert new.tables[0].rows == (Row(2, "net", operations="4089184256", activations="1.50"),)


METAFILE = """\
Collections:
  - Name: Nets
Models:
  - Name: net-b_in1k
    Metadata:
      FLOPs: 1530000000     # 1.53G
      Parameters: 3210000
    Results:
      - Metrics:
          Top 1 Accuracy: 78.10
  - Name: net-c
    Metadata:
      FLOPs: null
      Parameters: 25_000
    Results: null
  - Name: net-d
    Metadata: {Epochs: 100}
"""


def test_a_metafile_is_read_with_every_digit(tmp_path: Path) -> None:
    written(tmp_path, "configs/net/metafile.yml", METAFILE.replace("25_000", "25000"))
    written(tmp_path, "configs/none/metafile.yml", "Models: []\n")
    new = read_again(of("metafile"), tmp_path, "2")
    assert [each.file for each in new.tables] == ["configs/net/metafile.yml"]
    assert new.tables[0].rows == (
        Row(4, "net-b_in1k", "", "", "3210000", "1530000000", "", "78.10"),
        Row(11, "net-c", "", "", "25000"),
    )


def test_the_metadata_of_the_installed_torchvision_is_read(tmp_path: Path) -> None:
    from torchvision.models import ResNet50_Weights

    (new,) = read_again(of("torchvision"), tmp_path, "2").tables
    (row,) = (row for row in new.rows if row.model == "ResNet50_Weights.IMAGENET1K_V2")
    meta = ResNet50_Weights.IMAGENET1K_V2.meta
    assert (row.params, row.operations) == (str(meta["num_params"]), str(meta["_ops"]))
    assert (row.built_as, row.resolution) == ("torchvision:resnet50", "224")
    video = {row.model: row.resolution for row in new.rows if "112" in row.resolution}
    assert "R3D_18_Weights.KINETICS400_V1" in video


def test_what_was_added_by_hand_stays_where_the_model_stays(tmp_path: Path) -> None:
    written(tmp_path, "a.csv", "name,#params,FLOPs,top-1\nb,2M,2,1\na,3M,3,1\na,4M,4,1\nnew,5M,5,1\n")
    old = table("a.csv", "", FIGURES, Row(2, "a", "net(1)", "224"), Row(3, "a", "net(2)"), Row(4, "gone", "net(3)"))
    rows = read_again(of("csv", old), tmp_path, "2").tables[0].rows
    assert [(row.model, row.built_as, row.resolution, row.params) for row in rows] == [
        ("b", "", "", "2M"),
        ("a", "net(1)", "224", "3M"),
        ("a", "net(2)", "", "4M"),
        ("new", "", "", "5M"),
    ]


def test_a_resolution_that_is_printed_replaces_an_older_one(tmp_path: Path) -> None:
    written(tmp_path, "a.csv", "name,size,#params,FLOPs,top-1\na,256,2M,2,1\n")
    columns = replace(FIGURES, resolution="size")
    old = table("a.csv", "", columns, Row(2, "a", "net(1)", "256"))
    (row,) = read_again(of("csv", old), tmp_path, "2").tables[0].rows
    assert (row.built_as, row.resolution) == ("net(1)", "256")


HEAD, RULE = "|name|#params|FLOPs|top-1|\n", "|-|-|-|-|\n"
COMMAS = "name,#params,FLOPs,top-1\n"
META = "configs/a/metafile.yml"
FAULTY = {
    "a figure of words": ("markdown", "a.md", f"{HEAD}{RULE}|a|b|1|1|\n", "a.md, line 3: 'b' is no figure"),
    "no such column": ("markdown", "a.md", "|name|#params|\n|-|-|\n|a|1|\n", "a.md: no table under '' has the columns"),
    "no such section": ("markdown", "a.md", f"# A\n{HEAD}{RULE}|a|1|1|1|\n", "a.md: no table under ''"),
    "too few cells": ("csv", "a.csv", f"{COMMAS}a,1,1\n", "a.csv, line 2: it has not as many cells"),
    "too many cells": ("csv", "a.csv", f"{COMMAS}a,1,1,1,1\n", "a.csv, line 2: it has not as many cells"),
    "an open quotation": ("csv", "a.csv", f'{COMMAS}a,1,1,"1\n', "a.csv, line 2: unexpected end of data"),
    "no JSON": ("json", "a.json", '{\n"a": {\n', "a.json, line 3: Expecting property name"),
    "JSON of another form": ("json", "a.json", "[{}]", "a.json, line 1: an object with"),
    "no YAML": ("metafile", META, "Models:\n  - [a\n", f"{META}, line 3: expected ',' or"),
    "no models": ("metafile", META, "Model: 1\n", f"{META}, line 1: it has no list of Models"),
    "models that are none": ("metafile", META, "a: 1\nModels: 1\n", f"{META}, line 2: it has no list of Models"),
    "an empty metafile": ("metafile", META, "", f"{META}, line 1: it has no list of Models"),
    "a model without a name": ("metafile", META, "Models:\n- Nom: a\n", f"{META}, line 2: a model has no Name"),
    "a figure of YAML": ("metafile", META, METAFILE, f"{META}, line 11: '25_000' is no figure"),
    "no file": ("csv", "b.csv", "", "cannot read"),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_faulty_document_is_refused_with_its_line(fault: str, tmp_path: Path) -> None:
    form, file, text, message = FAULTY[fault]
    written(tmp_path, file, text)
    names = {"markdown": "a.md", "csv": "a.csv", "json": "a.json"}
    with pytest.raises(rf.InputError) as refused:
        read_again(of(form, table(names.get(form, ""))), tmp_path, "2")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_folder_without_metafiles_is_refused(tmp_path: Path) -> None:
    with pytest.raises(rf.InputError, match=r"has no file configs/\*/metafile.yml"):
        read_again(of("metafile"), tmp_path, "2")


def test_a_source_that_is_written_by_hand_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(rf.InputError, match="written by hand; no reader reads it"):
        read_again(source("dpn"), tmp_path, "2")


# The document that the source `thop` is read from, made up.
THOP = "## Results of Recent Models\nModel | Params(M) | MACs(G)\n---|---|---\nalexnet | 61.10 | 0.77\n"


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    monkeypatch.setattr(readers, "SOURCES", folder)
    return folder


def test_the_program_writes_the_file_of_a_source(
    tmp_path: Path, shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, "README.md", THOP)
    assert readers.main(["thop", str(tmp_path), "v2"]) == 0
    assert capsys.readouterr().out == "thop, v2: 1 rows; 0 of them name no MODEL\n"
    new = decoded((shipped / "thop.json").read_bytes(), "thop.json")
    assert (new.title, new.version) == (source("thop").title, "v2")
    assert new.tables[0].rows == (Row(4, "alexnet", "torchvision:alexnet", "", "61.10", "0.77"),)


def test_the_version_is_the_commit_of_the_repository(tmp_path: Path, shipped: Path) -> None:
    written(tmp_path / "thop", "README.md", THOP)
    git = ["git", "-C", str(tmp_path / "thop"), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for command in (["init", "-q"], ["add", "README.md"], ["commit", "-q", "-m", "a"]):
        subprocess.run([*git, *command], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert readers.main(["thop", str(tmp_path / "thop")]) == 0
    assert decoded((shipped / "thop.json").read_bytes(), "thop.json").version == commit


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["thopp"], "unknown source 'thopp'; did you mean 'thop'"),
        (["thop", "{}"], "is no git repository; give the version of the document as a third argument"),
        (["thop", "{}", "v2"], "README.md, line 4: 'many' is no figure"),
        (["dpn", "{}", "v2"], "this source is written by hand"),
        ([], "unknown source ''; known are "),
    ],
)
def test_the_program_refuses_in_one_sentence_and_writes_nothing(
    arguments: list[str], message: str, tmp_path: Path, shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, "README.md", THOP.replace("0.77", "many"))
    assert readers.main([argument.format(tmp_path) for argument in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1
    assert list(shipped.iterdir()) == []


def test_a_source_survives_its_file() -> None:
    small = of("csv", table("a.csv", "Ünïcode", FIGURES, Row(2, 'a "b"', "net(x='y')", "224", "1M", "2", "", "3%")))
    assert decoded(encoded(small), "a.json") == small

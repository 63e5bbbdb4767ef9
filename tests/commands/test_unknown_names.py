"""A name that does not exist, of every kind that a command takes: one sentence with the nearest, and status 2."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from resnext_flops.cli import main

# The command, and the end of its sentence: the nearest names, or those that are known.
UNKNOWN = {
    "command": ("coutn resnet50", "unknown command 'coutn'; did you mean 'count'?"),
    "option": ("count resnet50 --levls 2", "unknown option '--levls'; did you mean '--levels'?"),
    "choice": ("count resnet50 --by layers", "'layers' is not one of 'module', 'layer', 'kind'."),
    "model": ("count resnext50_32x4", "2 names begin with it: resnext50_32x4d, resnext50_32x4d_noshortcut"),
    "described network": ("models resnext50_33x", "did you mean 'resnext50_32x4d'"),
    "family": ("count resnxt(50)", "unknown family 'resnxt'; did you mean 'resnext'"),
    "depth of a family": ("count resnet(51)", "unknown depth 51; known are 18, 34, 50, 101, 152"),
    "argument of a family": (
        "count resnext(50,cardinalty=8)",
        "argument of resnext 'cardinalty'; did you mean",
    ),
    "version": ("count alexnet('papers')", "unknown version of AlexNet 'papers'; did you mean 'paper'?"),
    "model of torchvision": (
        "count torchvision:resnet51",
        "model of torchvision 'resnet51'; did you mean 'resnet",
    ),
    "argument of a real model": ("count torchvision:vgg11(num_clases=3)", "did you mean 'num_classes'?"),
    "library": ("count torchvison:resnet50", "unknown library or module 'torchvison'; did you mean 'torchvision'?"),
    "name in a module": ("count torch.nn:Conv2", "unknown name in torch.nn 'Conv2'; did you mean 'Conv2d'"),
    "configuration": ("count hf:nowhere.json", "cannot read 'nowhere.json': No such file or directory"),
    "table": ("table residul", "unknown table 'residul'; did you mean 'residual'?"),
    "picture": ("plot widths --output a.svg", "unknown kind of picture 'widths'; did you mean 'width'?"),
    "form of a picture": ("plot width --output a.gif", "give a file in .png, .svg, .pdf"),
    "model of a picture": ("plot stages resnet50 resnext --output a.svg", "names begin with it: resnext50_2x40d, "),
    "convention": ("count resnet50 --convention fvcor", "3 names begin with it: fvcore, "),
    "convention of an audit": ("audit resnet50 --convention tohrch", "did you mean 'torch'"),
    "convention of a measurement": ("measure resnet50 --convention fvcoer", "did you mean 'fvcore'"),
    "figure of a formula": ("formula resnet50 --figure macz", "unknown figure 'macz'; did you mean 'macs'"),
    "figure to solve": ("solve resnet50 --free r --figure parms --like resnet18", "did you mean 'params'"),
    "figure of a budget": ("solve resnet50 --free r --budget parms<=3M", "did you mean 'params'"),
    "free size": ("formula resnet50 --free resolutoin", "did you mean 'resolution'"),
    "unknown of solve": ("solve resnet50 --free z --budget 4G", "unknown free size of resnet 'z'; known are"),
    "given size": ("solve resnet50 --free r --given clases=3 --budget 4G", "did you mean 'classes'"),
    "scope": ("formula resnet50 --scope conv9", "unknown scope 'conv9'; did you mean 'conv"),
    "reference": ("solve resnet50 --free r --like resnet5", "names begin with it: resnet50, "),
    "axis": ("sweep resnet50 --over clases=3 --by macs", "did you mean 'classes'"),
    "figure of a sweep": ("sweep resnet50 --classes 1:9 --budget parms<=3M", "did you mean 'params'"),
    "order of a sweep": ("sweep resnet50 --classes 1:9 --by parms", "did you mean 'params'"),
    "design space": ("sweep --space regnetx", "unknown design space 'regnetx'; did you mean 'regnet_x'?"),
    "figure of a design space": ("sweep --space regnet_x --budget parms<=3M", "did you mean 'params'"),
    "engine": ("sweep resnet50 --classes 1:9 --engine dsk", "unknown engine 'dsk'; did you mean 'dask'?"),
    "suffix": ("sweep resnet50 --classes 1:9 --output a.cvs", "unknown suffix '.cvs'; did you mean '.csv'?"),
    "device": ("verify resnet20_cifar --device gpu", "'gpu' is not one of 'auto', 'cpu', 'cuda'."),
    "profile": ("predict resnet50 --on rtx390", "unknown profile 'rtx390'; did you mean 'rtx3090'"),
    "profile without its suffix": ("predict resnet50 --on mine", "rtx4090 (the name of a file ends in .toml)"),
    "dtype": ("measure resnet20_cifar --dtype float64", "unknown dtype 'float64'; did you mean 'float"),
    "optimizer": ("measure resnet20_cifar --training --optimizer adm", "did you mean 'adam'?"),
    "order of models": ("models --sort mac", "cannot use 'mac': unknown name 'mac'; did you mean 'macs'?"),
    "key of budgets": (
        "check --config key.toml",
        "line 2: unknown key of a model 'modl'; did you mean 'model'?",
    ),
    "model of budgets": ("check --config model.toml", "'model.toml', line 2: unknown model 'resnet5'; "),
    "figure of budgets": (
        "check --config figure.toml",
        "line 3: cannot use 'parms <= 3M': unknown name 'parms'; did you",
    ),
    "model to identify": ("identify resnet5 4G", "names begin with it: resnet50, "),
    "model to compare": ("diff resnet50 resnet5", "names begin with it: resnet50, "),
    "model of a report": ("report --of resnet5 --output report", "names begin with it: resnet50, "),
    "model to explore": ("explore resnet5 --output a.html", "names begin with it: resnet50, "),
    "slider": ("explore resnet50 --free clases --output a.html", "did you mean 'classes'"),
    "family without parentheses": ("formula mobilenet_v1", "the family of this name is called, as in 'mobilenet_v1()'"),
    "page without its suffix": ("explore resnet50 --output page.txt", "give a name that ends in .html"),
    "file in the place of a module": ("count mymodel.py:MyNet", "write the module without .py: mymodel:MyNet"),
    "network to verify": ("verify resnet5", "names begin with it: resnet50, "),
}
FILES = {
    "key.toml": '[[models]]\nmodl = "resnet50"\nlimits = ["macs <= 4G"]\n',
    "model.toml": '[[models]]\nmodel = "resnet5"\nlimits = ["macs <= 4G"]\n',
    "figure.toml": '[[models]]\nmodel = "resnet50"\nlimits = ["parms <= 3M"]\n',
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_an_unknown_name_is_one_sentence(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.items():
        Path(name).write_text(content, encoding="utf-8")
    command, sentence = UNKNOWN[kind]
    result = CliRunner().invoke(main, command.split(), prog_name="resnext-flops")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("resnext-flops: ")
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)

"""Models side by side: figures against other counts, and budgets, order and Pareto front against a plain search."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import resnext_flops as rf
from resnext_flops.counters.costs import Costs
from resnext_flops.design.compare import Comparison, request
from resnext_flops.tables.compared import compared, content, title
from tests.enveloped import validator


def costs(name: str, macs: int, params: int, accuracy: str = "", **more: Any) -> Costs:
    return Costs(name, "3x8x8", "counted", {"macs": macs, "params": params}, accuracy, **more)


ROWS = [
    costs("small", 10, 5, "60.5"),
    costs("large", 40, 9, "75.25"),
    costs("wasteful", 40, 8, "60.5"),
    costs("unknown", 20, 4),
    Costs("broken", reason="it does not run"),
]


def of(found: Comparison) -> list[str]:
    return [row.model for row in found.rows]


def test_figures_are_those_of_other_counts() -> None:
    models = pytest.importorskip("torchvision").models
    found = rf.compare("resnet18", "torchvision:squeezenet1_1", "torchvision:resnet18", figures=["fvcore-training"])
    described, _, real = found.rows
    weights = models.ResNet18_Weights.IMAGENET1K_V1
    assert real.figures["params"] == weights.meta["num_params"]
    assert round(real.figures["macs"] / 1e9, 3) == weights.meta["_ops"]
    assert (real.accuracy, real.checkpoint) == (str(weights.meta["_metrics"]["ImageNet-1K"]["acc@1"]), str(weights))
    assert described.accuracy == ""
    assert (described.origin, real.origin) == ("derived", "counted")
    model = rf.model("torchvision:resnet18")
    assert real.figures["training_bytes"] == model.training_bytes
    assert real.figures["inference_bytes"] == model.inference_bytes
    # They are one network.
    same = ("params", "macs", "activations", "fvcore_training", "training_bytes")
    assert {name: described.figures[name] for name in same} == {name: real.figures[name] for name in same}
    theirs = found.rows[1].figures["macs"]
    assert found.deviation(found.rows[1], "macs") == Fraction(theirs - described.figures["macs"], 1_814_073_344)


def test_the_best_printed_accuracy_is_that_of_weights_for_the_image_that_is_counted() -> None:
    from resnext_flops.counters.zoos import zoo

    accuracy = zoo("torchvision").accuracy
    # As torchvision's documentation prints them. Its default weights of vit_h_14 are for 518 pixels.
    assert accuracy("vit_h_14", 224) == ("85.708", "ViT_H_14_Weights.IMAGENET1K_SWAG_LINEAR_V1")
    assert accuracy("vit_h_14", 518) == ("88.552", "ViT_H_14_Weights.IMAGENET1K_SWAG_E2E_V1")
    assert accuracy("resnet50", 224) == ("80.858", "ResNet50_Weights.IMAGENET1K_V2")
    # Weights whose accuracy is nan, and models of another data set, have none.
    assert accuracy("vgg16", 224) == ("71.592", "VGG16_Weights.IMAGENET1K_V1")
    assert accuracy("fcn_resnet50", 520) is None
    assert accuracy("mnasnet0_5", 128) is None
    assert zoo("timm").accuracy("resnet50", 224) is None


def test_another_image_has_no_printed_accuracy() -> None:
    found = rf.compare("torchvision:squeezenet1_1", inputs=(1, 3, 96, 96))
    assert (found.rows[0].accuracy, found.rows[0].input) == ("", "1,3,96,96")
    assert found.rows[0].figures["macs"] == rf.count("torchvision:squeezenet1_1", (1, 3, 96, 96)).macs


@pytest.mark.parametrize(
    ("budget", "kept", "left_out"),
    [
        ((), ["small", "large", "wasteful", "unknown"], []),
        ("macs <= 20", ["small", "unknown"], []),
        ("macs < 20", ["small"], []),
        ("accuracy >= 75.25", ["large"], ["unknown"]),
        # Whichever budget comes first: what another budget excludes is not left out for want of a figure.
        (["accuracy >= 60", "macs >= 30"], ["large", "wasteful"], []),
        (["macs >= 30", "accuracy >= 60"], ["large", "wasteful"], []),
        ("macs / (params - 4) >= 10", ["small", "wasteful"], ["unknown"]),  # 10/1, 40/5, 40/4, and 20/0
        ("macs == 40 and params != 8", ["large"], []),
    ],
)
def test_budgets(budget: Any, kept: list[str], left_out: list[str]) -> None:
    found = request(budget).compared(ROWS)
    assert of(found) == kept
    assert [each.model for each in found.left_out] == ["broken", *left_out]


def test_why_a_model_is_left_out() -> None:
    found = request("accuracy > 1").compared([ROWS[0], ROWS[3], ROWS[4]])
    assert dict(found.left_out) == {"broken": "it does not run", "unknown": "it has no accuracy"}
    lacking = costs("lacking", 1, 1, lacking={"training_bytes": "it needs a batch of two"})
    net = Costs("net", "", "derived", {"macs": 10, "params": 1, "training_bytes": 8})
    found = request("training_bytes < 9").compared([lacking, net])
    assert dict(found.left_out) == {"lacking": "it needs a batch of two"}


def test_the_order_is_that_of_an_expression_and_what_lacks_it_comes_last() -> None:
    assert of(request(sort="-macs").compared(ROWS)) == ["large", "wasteful", "unknown", "small"]
    assert of(request(sort="-accuracy").compared(ROWS)) == ["large", "small", "wasteful", "unknown"]
    assert of(request(sort="macs / params").compared(ROWS)) == ["small", "large", "wasteful", "unknown"]


def test_a_front_keeps_ties_and_is_ordered_by_its_keys() -> None:
    twin = costs("twin", 10, 99, "60.5")
    found = request(pareto=["macs", "-accuracy"]).compared([*ROWS[:2], twin, *ROWS[2:]])
    assert of(found) == ["small", "twin", "large"]
    assert dict(found.left_out)["unknown"] == "it has no accuracy"
    assert title(found) == "3 of 6 models on the Pareto front of macs, -accuracy"


figures = st.integers(1, 5)


@given(st.lists(st.tuples(figures, figures, st.sampled_from(["", "60.1", "60.25", "7"])), max_size=12), figures)
def test_a_front_within_a_budget_is_what_a_plain_search_finds(sizes: list[tuple[int, int, str]], most: int) -> None:
    rows = [costs(str(place), *each) for place, each in enumerate(sizes)]
    able = [row for row in rows if row.accuracy and row.figures["macs"] <= most]

    def beats(one: Costs, other: Costs) -> bool:
        mine, theirs = ((-float(row.accuracy), row.figures["params"]) for row in (one, other))
        return mine != theirs and mine[0] <= theirs[0] and mine[1] <= theirs[1]

    best = {row.model for row in able if not any(beats(other, row) for other in able)}
    asked = request(f"macs <= {most}", ["params", "-accuracy"])
    if not any(row.figures["macs"] <= most for row in rows) and rows:
        with pytest.raises(rf.InputError, match=f"no model meets macs <= {most}; the nearest is"):
            asked.compared(rows)
    elif able or not rows:
        assert set(of(asked.compared(rows))) == best


def test_the_nearest_is_named_where_nothing_meets_the_budgets() -> None:
    with pytest.raises(rf.InputError) as error:
        request(["macs <= 8", "params <= 4"]).compared(ROWS)
    # small misses 8 by 2/8 and 4 by 1/4; the others miss 8 by more than their half.
    assert str(error.value) == (
        "no model meets macs <= 8 and params <= 4; the nearest is small with 10 macs and 5 params"
    )
    with pytest.raises(rf.InputError, match="no model meets accuracy > 0; unknown: it has no accuracy"):
        request("accuracy > 0").compared(ROWS[3:])


def test_the_reference_is_the_first_that_is_named() -> None:
    found = request("macs > 30").compared(ROWS, named=1)
    assert found.reference is ROWS[0]
    assert found.deviation(ROWS[1], "macs") == Fraction(40 - 10, 10)
    assert "Deviations are from small: 5 params, 10 macs." in compared(found).notes
    assert request().compared(ROWS).reference is None
    assert request().compared(ROWS[::-1], named=1).reference is None  # it was not counted
    zero = request().compared([costs("none", 0, 1), ROWS[0]], named=1)
    assert zero.deviation(ROWS[0], "macs") is None
    assert zero.deviation(ROWS[0], "weights") is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"budget": "acuracy >= 80"}, "unknown name 'acuracy'; did you mean 'accuracy'"),
        ({"budget": "accuracy >= 80%"}, "accuracy is in percent already"),
        ({"budget": "macs = 4G"}, "= asks for the nearest"),
        ({"budget": "1 < 2"}, "it holds no figure"),
        ({"pareto": ["macs", "7"]}, "it holds no figure"),
        ({"sort": "macs <= 4G"}, "it must be a number"),
        ({"figures": "fvcor"}, "unknown figure 'fvcor'; 3 names begin with it: fvcore, fvcore-no-grad"),
        ({"zoo": "hf"}, "unknown library 'hf'; known are torchvision, timm"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_counted(
    arguments: dict[str, Any], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resnext_flops.counters.costs.Candidates.costs", lambda *_: pytest.fail("it counts"))
    with pytest.raises(rf.InputError) as error:
        rf.compare("resnet18", **arguments)
    assert sentence in str(error.value)


def test_an_unknown_model_is_an_error_and_one_that_does_not_run_is_not() -> None:
    from torch import nn

    with pytest.raises(rf.InputError, match="did you mean 'resnet50'"):
        rf.compare("resnet18", "resnt50")
    with pytest.raises(rf.InputError, match="nothing to compare"):
        rf.compare()
    found = rf.compare(nn.Linear(4, 4), "resnet18", "resnet18")
    assert of(found) == ["resnet18"]
    assert [each.model for each in found.left_out] == ["Linear"]


def test_two_models_of_one_name_are_two_models() -> None:
    from torch import nn

    found = rf.compare(nn.Conv2d(3, 4, 3), nn.Conv2d(3, 8, 3), inputs=(1, 3, 8, 8))
    assert [row.figures["macs"] for row in found.rows] == [3 * 9 * 4 * 36, 3 * 9 * 8 * 36]


class Ending:
    """A module whose code ends the program."""

    def __new__(cls) -> Any:
        import sys

        from torch import nn

        class Ends(nn.Module):
            def forward(self, _: Any) -> Any:
                sys.exit(3)

        return Ends()


def test_a_model_that_ends_the_program_does_not_end_the_others() -> None:
    found = rf.compare(Ending(), "resnet18", inputs=(1, 3, 64, 64))
    assert of(found) == ["resnet18"]
    assert found.left_out[0].reason == "the model does not run on an input of 1x3x64x64: SystemExit: 3"


def test_a_description_that_has_less_than_a_convention_needs_is_built() -> None:
    (row,) = rf.compare("alexnet_2012", figures="calflops").rows
    assert row.origin == "counted"
    assert row.figures["calflops"] == rf.count("alexnet_2012").total("calflops")


def test_the_result_shows_itself_and_is_a_frame_and_json() -> None:
    found = rf.compare("resnet18", "resnet34", sort="-macs", figures="weights")
    frame = found.to_frame()
    assert frame.index.tolist() == ["resnet34", "resnet18"]
    assert frame["weights"].tolist() == [rf.resnet(34).cost().weights, rf.resnet(18).cost().weights]
    assert [row["weights"] for row in compared(found).rows] == frame["weights"].tolist()
    assert [line.split()[0] for line in repr(found).splitlines()[3:5]] == ["resnet34", "resnet18"]
    assert "<table" in found._repr_html_()  # type: ignore[attr-defined]
    plain = content(found)
    validator("compare-1").validate(plain)
    shares = [model["deviation_percent"]["params"] for model in plain["models"]]
    assert shares == [100 * (21797672 - 11689512) / 11689512, 0]  # torchvision's num_params of both


def test_what_is_said_of_several_models_is_said_once() -> None:
    remarks = [costs(str(place), 1, 1, remarks=("it ran on cpu",)) for place in range(10)]
    notes = compared(request().compared(remarks)).notes
    assert "It ran on cpu: 0, 1, 2, 3, 4, 5, 6, 7 and 2 more." in notes
    lower = compared(request().compared([costs("low", 1, 1, lower_bound=True)]))
    assert any(note.startswith("LOWER BOUND") and note.endswith("low.") for note in lower.notes)
    missing = costs("net", 1, 1, lacking={"training_bytes": "it is too small"})
    assert "No training_bytes: it is too small: net." in compared(request().compared([missing])).notes


def test_a_library_has_its_own_spelling_and_a_model_one_row() -> None:
    found = rf.compare("torchvision:Resnet-18", "torchvision:resnet18", "ResNet18", "resnet18")
    assert [row.model for row in found.rows] == ["torchvision:resnet18", "resnet18"]


def test_weights_that_say_nothing_of_their_images_have_no_accuracy() -> None:
    from resnext_flops.counters.zoos.of_torchvision import accuracy

    assert accuracy("raft_small", 512) is None


def test_an_order_that_divides_by_zero_is_refused_and_a_missing_figure_comes_last() -> None:
    with pytest.raises(rf.InputError, match="macs / 0: it divides by zero"):
        rf.compare("resnet18", "resnet34", sort="macs/0")
    found = rf.compare("resnet18", "torchvision:resnet18", sort="-accuracy")
    assert [row.model for row in found.rows] == ["torchvision:resnet18", "resnet18"]

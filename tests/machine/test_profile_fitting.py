"""The fit on machines whose coefficients are known, and what it may not see."""

import pytest

numpy = pytest.importorskip("numpy")
pytest.importorskip("scipy")

from resnext_flops.machine import fitting  # noqa: E402
from resnext_flops.machine.fitting import Marks, Sample  # noqa: E402

# What a made-up machine takes, in seconds; one feature costs nothing there.
KNOWN = {
    ("macs", "dense"): 3e-14,
    ("macs", "grouped"): 9e-14,
    ("written", "sum"): 4e-12,
    ("read", "pool"): 0.0,
    ("weights", "dense"): 2e-10,
    ("network", "operators"): 3e-5,
    ("network", "run"): 1e-3,
}
# How much of each there is in one example of a network, from and to.
AMOUNTS = {
    ("macs", "dense"): (1e8, 1e10),
    ("macs", "grouped"): (1e7, 1e9),
    ("written", "sum"): (1e6, 1e8),
    ("read", "pool"): (1e5, 1e7),
    ("weights", "dense"): (1e6, 1e8),
    ("network", "operators"): (50, 500),
    ("network", "run"): (1, 1),
}


def measured(number: int, noise: float, slow: float = 0.0) -> list[Sample]:
    """Networks on the machine: times are right but for a relative noise, and for a share that takes thrice as long."""
    drawing = numpy.random.default_rng(7)
    found = []
    for place in range(number):
        features = {key: int(numpy.exp(drawing.uniform(*numpy.log(ends)))) for key, ends in AMOUNTS.items()}
        batch = int(drawing.choice([1, 64, 256]))
        runs = {"macs": batch, "read": batch, "written": batch, "weights": 1, "network": 1}
        seconds = sum(KNOWN[key] * figure * runs[key[0]] for key, figure in features.items())
        seconds *= float(numpy.exp(drawing.normal(0, noise))) * (3 if drawing.random() < slow else 1)
        family = f"family{place % 40}"
        macs, moved = features["macs", "dense"] + features["macs", "grouped"], features["written", "sum"]
        found.append(Sample(f"net{place}", family, f"kin{place % 8}", batch, seconds, features, macs, 1000, moved))
    return found


def test_known_coefficients_are_found_without_noise() -> None:
    found = fitting.fit(measured(300, noise=0.0)).seconds
    assert {key: pytest.approx(seconds, rel=1e-4, abs=1e-16) for key, seconds in KNOWN.items()} == found


def test_known_coefficients_are_found_among_noise_and_networks_that_another_algorithm_runs() -> None:
    found = fitting.fit(measured(1200, noise=0.05, slow=0.1)).seconds
    for key in (("macs", "dense"), ("macs", "grouped"), ("written", "sum"), ("weights", "dense")):
        assert found[key] == pytest.approx(KNOWN[key], rel=0.05)


def test_a_fit_never_sees_the_group_that_it_predicts() -> None:
    groups = ["a", "b", "a", "c", "b"]
    seen_by: list[list[bool]] = []

    def spy(seen: Marks) -> fitting.Floats:
        seen_by.append(seen.tolist())
        predicted: fitting.Floats = numpy.full(5, float(len(seen_by)))
        return predicted

    predicted = fitting.left_out(spy, groups)
    assert seen_by == [
        [False, True, False, True, True],
        [True, False, True, True, False],
        [True, True, True, False, True],
    ]
    assert predicted.tolist() == [1, 2, 1, 3, 2]


def test_families_stay_together_and_folds_do_not_depend_on_the_order() -> None:
    families = [f"family{place % 50}" for place in range(500)]
    found = dict(zip(families, fitting.folds(families), strict=True))
    assert fitting.folds(families) == [found[name] for name in families]
    assert fitting.folds(families[::-1]) == fitting.folds(families)[::-1]
    sizes = [list(found.values()).count(fold) for fold in set(found.values())]
    assert set(sizes) == {2, 3}  # 50 families in 20 folds


def test_a_family_that_is_twice_as_slow_is_an_error_where_it_is_left_out() -> None:
    samples = [
        each._replace(seconds=2 * each.seconds) if each.family == "family3" else each
        for each in measured(400, noise=0.0)
    ]
    found = fitting.fit(samples)
    errors = abs(found.families / fitting.times(samples) - 1)
    slow = numpy.array([each.family == "family3" for each in samples])
    assert errors[slow] == pytest.approx(0.5, abs=0.02)  # half of what it takes is predicted
    assert errors[~slow].max() < 0.02


def test_errors_are_counted() -> None:
    samples = measured(4, noise=0.0)
    predicted = fitting.times(samples) * numpy.array([1.0, 1.05, 1.2, 0.5])
    found = fitting.judge("some", "families", samples, predicted, [0, 0, 1, 1])
    assert found.median == pytest.approx((0.05 + 0.2) / 2)
    assert found.near == 0.5
    assert found.best_fold == pytest.approx(0.025)
    assert found.worst_fold == pytest.approx(0.35)
    assert (found.models, found.groups) == (4, 2)
    assert found.median_interval[0] <= found.median <= found.median_interval[1]


def test_an_interval_over_families_is_wider_than_one_over_models() -> None:
    """Forty models of one family are one piece of evidence and not forty."""
    samples = [each._replace(family="one" if place < 40 else f"family{place}") for place, each in
               enumerate(measured(80, noise=0.0))]  # fmt: skip
    errors = numpy.array([0.3] * 40 + [0.05] * 40)
    predicted = fitting.times(samples) * (1 + errors)
    together = fitting.judge("some", "families", samples, predicted, range(80))
    apart = fitting.judge("some", "families", measured(80, 0.0), predicted, range(80))
    spread = [each.near_interval[1] - each.near_interval[0] for each in (together, apart)]
    assert spread[0] > 1.5 * spread[1]


def test_a_roofline_is_found() -> None:
    samples = []
    for each in measured(300, noise=0.0):
        moved = each.features["written", "sum"] + each.features["read", "pool"]
        samples.append(each._replace(seconds=max(2e-14 * each.macs, 1e-11 * moved) * each.batch))
    predicted = fitting.roofline(samples)(numpy.ones(300, dtype=bool))
    assert numpy.median(abs(predicted / fitting.times(samples) - 1)) < 0.03  # the balance is one of 201


def test_the_features_beat_the_baselines_on_a_machine_that_is_made_of_them() -> None:
    samples = measured(300, noise=0.02)
    found = {(each.predictor, each.left): each.median for each in fitting.judged(samples, fitting.fit(samples))}
    assert found[fitting.FEATURES, "families"] < 0.03
    assert all(median > 0.03 for (name, _), median in found.items() if name != fitting.FEATURES)

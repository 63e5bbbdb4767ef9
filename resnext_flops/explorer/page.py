"""The page: what it holds, and how it is put together into one file."""

from collections.abc import Mapping, Sequence
from json import dumps
from types import MappingProxyType
from typing import Any

from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.complexity.figures import (
    FIGURES,
    asked_of,
    estimate_of,
    figure_name,
    timed,
    unit,
    without_folder,
)
from resnext_flops.complexity.lattices import Span
from resnext_flops.complexity.model import Model
from resnext_flops.complexity.names import network
from resnext_flops.complexity.reading import Reading
from resnext_flops.errors import InputError
from resnext_flops.explorer import paper
from resnext_flops.explorer.export import Polynomials, exported, sliders
from resnext_flops.proof.published import published
from resnext_flops.show.markup import fill

# What a multiply-add of ours is, under the choice of a convention.
MULTIPLY_ADDS = "Multiply-adds of convolutions and fully-connected layers for one example; nothing else counts."
MOST_MODELS = 2
NOTHING: Mapping[str, Span] = MappingProxyType({})
QUESTION, TITLE = "Which width keeps the cost?", "What does it cost, at any size?"


def paper_page(times: Sequence[str] = ()) -> str:
    """The page of the ResNeXt paper.

    times: the full names of times that are figures too.

    Raises InputError as `timed` does.

    >>> text = paper_page()
    >>> "ResNeXt-101 (64x4d)" in text, len(text.encode()) < 1.8e6
    (True, True)
    """
    polynomials = Polynomials()
    readings: list[Reading] = []
    models = []
    for title, (call, free) in paper.MODELS.items():
        described = network(call).replace(**paper.FREE_NAMES.get(title, {}))
        readings += [described.reading(free)] if times else []
        models.append(exported(described, dict.fromkeys(free, Span()), title, polynomials, times))
    places = list(paper.MODELS)
    presets = [{**preset._asdict(), "model": places.index(preset.model)} for preset in paper.PRESETS]
    by_title = {preset["title"]: preset for preset in presets}
    table = published("resnext")["table_2"]
    return _page(
        polynomials,
        models,
        _times(times, readings),
        presets=presets,
        paper=list(zip(table["cardinality"], table["width"], strict=True)),
        start={
            "reference": by_title["ResNet-50 (1x64d)"],
            "design": by_title["ResNeXt-50 (32x4d)"],
            "kept": "block-weights",
        },
    )


def model_page(models: Sequence[Model], free: Mapping[str, Span] = NOTHING, times: Sequence[str] = ()) -> str:
    """The page of one model, or of two side by side; the second is compared with the first.

    free: the sizes that are sliders, of all models that have them; without any, the usual ones of each.
    times: the full names of times that are figures too.

    Raises InputError for more than two models, for a size that no model has, for too many sizes or none, where a model
    or its time has no formula in them, and as `timed` does.

    >>> from resnext_flops.complexity.families.vgg import vgg
    >>> "vgg(16)" in model_page([vgg(16)], {"r": Span()})
    True
    """
    if len(models) > MOST_MODELS:
        raise InputError(f"models given: {len(models)}; a page shows one model, or two side by side")
    polynomials = Polynomials()
    chosen = [(model, sliders(model, _of(model, free, models))) for model in models]
    data = [exported(model, free, model.name, polynomials, times) for model, free in chosen]
    readings = [model.reading(free) for model, free in chosen] if times else []
    first, last = ({"title": data[place]["title"], "model": place, "sizes": {}} for place in (0, len(data) - 1))
    start = {"reference": first, "design": last, "kept": "macs"}
    return _page(polynomials, data, _times(times, readings), presets=[], paper=[], start=start)


def _of(model: Model, free: Mapping[str, Span], models: Sequence[Model]) -> dict[str, Span]:
    """The sizes that a model has, and those that no model has, which it refuses."""

    def has(each: Model, name: str) -> bool:
        return each.known_as(name) in each.sizes()

    return {
        name: span for name, span in free.items() if has(model, name) or not any(has(each, name) for each in models)
    }


def _times(figures: Sequence[str], readings: Sequence[Reading]) -> list[dict[str, Any]]:
    """What the page knows of the times of its models, and says of them."""
    return [_time(figure, readings) for figure in figures]


def _time(figure: str, readings: Sequence[Reading]) -> dict[str, Any]:
    by = timed(figure)
    remarks = list(dict.fromkeys(remark for reading in readings for remark in reading.remarks(figure)))
    named = without_folder(figure)  # a page is given to others, who have other folders
    return {
        "figure": named,
        "words": unit(figure),
        "exactWords": figure_name(figure),
        "estimate": estimate_of(figure, remarks),
        "imagesWords": f"estimated images a second in batches of {by.batch:,} on {by.name}",
        "on": asked_of(named)[0],
        "batch": by.batch,
        **by.profile.interval_for(remarks)._asdict(),
    }


def _page(
    polynomials: Polynomials, models: Sequence[Mapping[str, Any]], times: Sequence[Mapping[str, Any]], **more: Any
) -> str:
    from bokeh.resources import Resources
    from markupsafe import Markup

    from resnext_flops.explorer.pictures import GLYPHS, pictures

    data = {
        "polynomials": polynomials.data,
        "models": models,
        "conventions": [{"name": name, "unit": rule.unit, "counts": rule.counts} for name, rule in CONVENTIONS.items()],
        "words": {name: figure_name(name) for name in FIGURES},
        "counts": MULTIPLY_ADDS,
        "pictures": pictures(),
        "glyphs": {name: {glyph.name: glyph.colour for glyph in drawn} for name, drawn in GLYPHS.items()},
        **more,
        **({"times": times} if times else {}),
    }
    # In a script of HTML nothing is escaped, and "<" could end it.
    written = dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    script, *_ = Resources(mode="inline", components=["bokeh"]).js_raw
    return fill(
        "html",
        "page",
        "resnext_flops.explorer",
        title=QUESTION if more["paper"] else TITLE,
        names=[model["title"] for model in models],
        paper=bool(more["paper"]),
        times=times,
        glyphs=GLYPHS,
        data=Markup(written),  # noqa: S704 (no "<" is in it)
        bokeh=Markup(script),  # noqa: S704 (Bokeh's own script)
    )

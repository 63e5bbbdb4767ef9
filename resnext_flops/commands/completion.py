"""What a shell completes when Tab is pressed: models, tables, pictures, conventions and figures. Nothing loads torch.

click asks the functions here; docs/completion.md says how a shell is told to ask click.
"""

from collections.abc import Iterable

import click
from click.shell_completion import BashComplete, CompletionItem, add_completion_class


def prepare() -> None:
    """Have click complete as below. Called where a shell asks."""
    add_completion_class(ColonsInBash)


class ColonsInBash(BashComplete):
    """Bash takes `timm:resnet50` for three words. They are one here, and bash is told what is behind the colon."""

    joined = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is completed, and that word."""
        args, incomplete = super().get_completion_args()
        words = [*args, incomplete] if incomplete != ":" else [*args, ":", ""]
        found: list[str] = []
        for word in words:
            if found and (word == ":" or found[-1].endswith(":")):
                found[-1] += word
            else:
                found.append(word)
        self.joined = found[-1].removesuffix(words[-1])
        return found[:-1], found[-1]

    def format_completion(self, item: "CompletionItem[str]") -> str:
        """The kind of an answer, and the part of it that takes the place of bash's last word."""
        return f"{item.type},{item.value.removeprefix(self.joined)}"


def models(_: click.Context, __: click.Parameter, incomplete: str) -> "list[str] | list[CompletionItem[str]]":
    """The described networks, and the models of a library whose name is begun; files where nothing begins so."""
    from resnext_flops.complexity.names import NAMED
    from resnext_flops.counters.zoos import ZOOS, zoo

    if not incomplete:
        return [*NAMED, *(f"{library}:" for library in ZOOS)]
    begun = [library for library in ZOOS if library.startswith(incomplete.partition(":")[0])]
    real = [f"{library}:{name}" for library in begun for name in zoo(library).names() or [""]]
    found = beginning([*NAMED, *real], incomplete)
    return found if found and found != [incomplete] else [CompletionItem(incomplete, type="file")]


def described(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """The described networks."""
    from resnext_flops.complexity.names import NAMED

    return beginning(NAMED, incomplete)


def tables(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """The ids of tables."""
    from resnext_flops.tables import registry

    return beginning(["template", *registry.tables(), "all"], incomplete)


def pictures(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """The kinds of pictures."""
    from resnext_flops.plots import KINDS

    return beginning(KINDS, incomplete)


def conventions(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """The counting conventions."""
    from resnext_flops.complexity.conventions import CONVENTIONS

    return beginning(CONVENTIONS, incomplete)


def figures(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """The figures of a model, among them the total of every convention; the last of several with commas."""
    from resnext_flops.complexity.conventions import CONVENTIONS
    from resnext_flops.complexity.figures import BYTES, FIGURES

    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in beginning([*FIGURES, *BYTES, *CONVENTIONS], last)]


def profiles(_: click.Context, __: click.Parameter, incomplete: str) -> "list[str] | list[CompletionItem[str]]":
    """The profiles of the package, the last of several with commas; files where nothing begins so."""
    from resnext_flops.complexity.profile import shipped

    before, comma, last = incomplete.rpartition(",")
    found = [f"{before}{comma}{name}" for name in beginning(shipped(), last)]
    return found or [CompletionItem(incomplete, type="file")]


def beginning(names: Iterable[str], incomplete: str) -> list[str]:
    """The names that begin with what is there.

    >>> beginning(["resnet18", "vgg16"], "res")
    ['resnet18']
    """
    return [name for name in names if name.startswith(incomplete)]

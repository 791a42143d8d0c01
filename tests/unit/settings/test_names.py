"""How people read values: every choice has its name in the core, and pages, charts and tables take it."""

from collections.abc import Iterator

import pytest

from dashlab.settings.fields import Spec, Value
from dashlab.settings.lists import ListSpec
from dashlab.settings.names import OPTIMIZER_NAMES, some_of
from dashlab.settings.run import spec_of
from ui.frame.pages import PAGES, page_of
from ui.frame.views import specs_of, start_of, views_of


def choices() -> Iterator[tuple[str, Spec]]:
    """Every setting of any page that is a choice, also those of the entries of lists."""
    for page in PAGES[1:]:
        for name, spec in specs_of(views_of(page)).items():
            inside = spec.of.specs() if isinstance(spec, ListSpec) else {}
            for leaf, one in {name: spec, **inside}.items():
                if one.kind == "choice":
                    yield f"{page.prefix}_{leaf}", one


def test_every_choice_of_every_page_has_a_name_and_no_name_is_of_something_else() -> None:
    found = dict(choices())
    assert len(found) > 30
    assert {name: tuple(spec.names) for name, spec in found.items()} == {
        name: spec.choices for name, spec in found.items()
    }


def test_no_two_choices_of_a_setting_are_called_the_same() -> None:
    for name, spec in choices():
        assert len(set(map(spec.shown, spec.choices))) == len(spec.choices), name


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("dataset", "fashion", "Fashion-MNIST"),
        ("train_size", 0, "all"),
        ("train_size", 12_000, "12,000"),
        ("lr", 0.0001, "0.0001"),
        ("hidden", (128, 64), "128-64"),
        ("hidden", (), "none"),
        ("batchnorm", True, "on"),
        ("start_from", f"{'0123456789abcdef' * 4}", "01234567…"),
        ("path", "my pictures", "my pictures"),
    ],
)
def test_a_value_is_shown_as_people_read_it(name: str, value: Value, words: str) -> None:
    assert spec_of(name).shown(value) == words


def test_a_choice_without_a_name_is_shown_with_a_capital() -> None:
    assert Spec(kind="choice", label="C", help="c", choices=("red",)).shown("red") == "Red"


def test_a_list_is_shown_by_the_titles_of_its_entries_or_by_their_number() -> None:
    def shown(slug: str, name: str) -> str:
        views = views_of(page_of(slug))
        return specs_of(views)[name].shown((start_of(views, "") or {})[name])

    assert shown("initialization", "stack_settings").startswith("N(0, 1), linear · N(0, 1/n)")
    assert shown("optimizers", "net_racers") == "5 in the list"
    assert shown("augmentation", "pipeline").startswith("Resize → RandomCrop → RandomHorizontalFlip")


def test_some_of_the_names_keep_their_order() -> None:
    assert list(some_of(OPTIMIZER_NAMES, "adam", "sgd").items()) == [("adam", "Adam"), ("sgd", "SGD")]

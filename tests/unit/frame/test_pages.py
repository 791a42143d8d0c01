"""The table of pages and views: all that draws from it finds what it names."""

from pathlib import Path

import pytest

from dashlab.experiments.presets import every
from ui.frame.pages import PAGES, PageInfo, page_of
from ui.frame.views import views_of

ROOT = Path(__file__).resolve().parents[3]
WITH_VIEWS = PAGES[1:]


def by_slug(page: PageInfo) -> str:
    return page.slug


def test_every_page_has_a_file_a_word_and_a_prefix_of_its_own() -> None:
    assert all((ROOT / page.path).is_file() for page in PAGES)
    assert len({page.prefix for page in PAGES}) == len(PAGES)
    assert [page_of(page.slug) for page in PAGES] == list(PAGES)


@pytest.mark.parametrize("page", WITH_VIEWS, ids=by_slug)
def test_every_view_that_a_page_names_is_there_under_a_name_of_its_own(page: PageInfo) -> None:
    views = views_of(page)
    assert len({view.name for view in views}) == len(page.views) >= 1
    assert all(bool(view.name) == (len(views) > 1) for view in views), "a view alone has no name"
    assert all(view.title and view.icon and view.lead for view in views)


@pytest.mark.parametrize("page", WITH_VIEWS, ids=by_slug)
def test_the_presets_of_its_views_are_those_that_the_core_lists_of_its_topic(page: PageInfo) -> None:
    offered = [(view.name, preset) for view in views_of(page) for preset in view.presets.values()]
    listed = [(view, preset) for topic, view, preset in every() if topic == page.slug]
    assert len(offered) == len(listed)
    assert all(one in listed for one in offered)
    assert all(
        isinstance(preset.config, view.config) for view in views_of(page) for preset in view.presets.values()
    )


@pytest.mark.parametrize("page", WITH_VIEWS, ids=by_slug)
def test_what_stands_on_a_page_at_first_is_a_preset_of_it(page: PageInfo) -> None:
    assert page.home in {"", *(name for view in views_of(page) for name in view.presets)}

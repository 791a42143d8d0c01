"""What tests/conftest.py promises: a test that does not run, or need not pass, fails."""

from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"


@pytest.mark.parametrize(
    "test",
    [
        "@pytest.mark.skip(reason='later')\ndef test_it(): pass",
        "@pytest.mark.skipif(True, reason='later')\ndef test_it(): pass",
        "def test_it(): pytest.skip('later')",
        "pytest.importorskip('nothing_of_this_name')\ndef test_it(): pass",
        "@pytest.mark.xfail(reason='later')\ndef test_it(): assert False",
        "@pytest.mark.xfail(reason='later')\ndef test_it(): pass",
    ],
    ids=["skip", "skipif", "skip inside", "importorskip", "xfail", "xpass"],
)
def test_a_test_that_proves_nothing_fails(pytester: pytest.Pytester, test: str) -> None:
    pytester.makeconftest(CONFTEST.read_text())
    pytester.makepyfile(f"import pytest\n{test}")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*Here no test is *"])


def test_tests_of_full_data_are_named_where_there_are_none(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DASHLAB_DATA")
    pytester.makeconftest(CONFTEST.read_text())
    pytester.makeini("[pytest]\nmarkers = needs_full_data")
    pytester.makepyfile(
        "import pytest\n@pytest.mark.needs_full_data\ndef test_full(): assert False\ndef test_other(): pass"
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, deselected=1)
    result.stdout.fnmatch_lines(["*left out*", "*::test_full"])


def test_tests_of_full_data_get_the_folder_that_is_named(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DASHLAB_DATA", str(tmp_path))
    pytester.makeconftest(CONFTEST.read_text())
    pytester.makeini("[pytest]\nmarkers = needs_full_data")
    pytester.makepyfile(
        "import os, pytest\n@pytest.mark.needs_full_data\ndef test_full(full_data):\n"
        f"    assert os.environ['DASHLAB_DATA'] == str(full_data) == {str(tmp_path.resolve())!r}\n"
        f"def test_other():\n    assert os.environ['DASHLAB_DATA'] != {str(tmp_path)!r}"
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=2)

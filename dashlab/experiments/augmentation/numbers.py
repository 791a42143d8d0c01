"""Settings that hold a few numbers as one text: a range, a size, the mean of each channel."""

import math
from dataclasses import dataclass

from dashlab.errors import ConfigError
from dashlab.settings.fields import Spec, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class NumbersSpec(Spec):
    """Numbers in [low, high], joined by commas: `0.08,1`.

    Attributes:
        counts: how many numbers there may be; 0 allows the word `empty`.
        whole: whether they are whole numbers.
        ascending: whether they are a range, the smaller end first.
        paired: whether each two are a range, the smaller end first.
        empty: what stands for no number at all, such as an argument of None.
        many: whether torchvision wants a sequence even for one number.
    """

    counts: tuple[int, ...]
    whole: bool = False
    ascending: bool = False
    paired: bool = False
    empty: str = "none"
    many: bool = False

    def numbers(self, text: Value) -> tuple[float, ...]:
        """The numbers in `text`, ints where they are whole.

        Raises:
            ConfigError: it holds something else.
        """
        words = str(text).strip().strip("()[]").strip()
        if words.lower() in ("", "none", self.empty):
            return ()
        try:
            return tuple(_plain(float(word)) for word in words.rstrip(",").split(","))
        except ValueError:
            raise ConfigError(
                f"{self.label}: {words[:40]!r} is not numbers joined by commas, such as 0.5,1."
            ) from None

    def text_of(self, numbers: tuple[float, ...]) -> str:
        """The one way in which these numbers are written."""
        return ",".join(f"{_plain(number)!r}" for number in numbers) or self.empty

    def problem(self, value: object) -> str | None:
        """What is wrong with `value`, as the end of a sentence, or None."""
        if not isinstance(value, str):
            return "must be text"
        try:
            numbers = self.numbers(value)
        except ConfigError:
            return "must be numbers joined by commas"
        if len(numbers) not in self.counts:
            return f"must have {self._counts_in_words()}"
        return self._problem_of_values(numbers)

    def _problem_of_values(self, numbers: tuple[float, ...]) -> str | None:
        if not all(self.low <= number <= self.high for number in numbers):  # also catches NaN
            return f"must lie {self._bounds()}"
        if self.whole and not all(float(number).is_integer() for number in numbers):
            return "must be whole numbers"
        if self.ascending and list(numbers) != sorted(numbers):
            return "must have the smaller end first"
        if self.paired and list(numbers) != _in_pairs(numbers):
            return "must have the smaller end first in each pair"
        return None

    def parse(self, text: str) -> Value:
        """The numbers in `text`, written the one way; raises `ConfigError`."""
        return self.text_of(self.numbers(text))

    def format(self, value: Value) -> str:
        """The text that `parse` takes."""
        return str(value)

    def clamp(self, value: Value, default: Value) -> Value:
        """Each number brought into the range and in order; `default` if there are too many or too few."""
        numbers = tuple(self._brought_in(number) for number in self.numbers(value) if not math.isnan(number))
        if self.ascending:
            numbers = tuple(sorted(numbers))
        elif self.paired:
            numbers = tuple(_in_pairs(numbers))
        text = self.text_of(numbers)
        return text if self.problem(text) is None else default

    def _brought_in(self, number: float) -> float:
        inside = self._nearest(number)
        return round(inside) if self.whole else inside

    def _bounds(self) -> str:
        return f"between {self.low:.10g} and {self.high:.10g}"

    def _counts_in_words(self) -> str:
        names = [self.empty if count == 0 else str(count) for count in self.counts]
        return f"{' or '.join(names)} numbers" if self.counts != (1,) else "one number"


def _in_pairs(numbers: tuple[float, ...]) -> list[float]:
    """Each two in order."""
    return [number for at in range(0, len(numbers), 2) for number in sorted(numbers[at : at + 2])]


def _plain(number: float) -> float:
    """An int where that says the same."""
    return int(number) if math.isfinite(number) and float(number).is_integer() else number

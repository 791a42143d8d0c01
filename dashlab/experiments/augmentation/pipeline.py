"""A pipeline of transforms: its steps, and the text that stands for it in a link.

`transform~RandomRotation~degrees~-30,30~~transform~ColorJitter~chance~0.5~use~off`: as in
`dashlab.settings.lists`, with only what differs from a transform's defaults. `chance` is the probability of a
`RandomApply` around the step, `use` says whether it is switched on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dashlab.errors import ConfigError
from dashlab.experiments.augmentation.transforms import Offered, catalogue, offered
from dashlab.settings.fields import Spec, Value
from dashlab.settings.lists import read_entries, write_entries

MOST_STEPS = 12
NOTHING = "none"
"""What a link has for a pipeline without a step."""

CHANCE = Spec(
    kind="number",
    label="In what share of the pictures",
    help="Below 1 the step stands in RandomApply, which leaves it out of the other pictures.",
    low=0.0,
    high=1.0,
    step=0.05,
)
_TYPES = frozenset({"ToImage", "PILToTensor", "ToDtype", "Normalize", "MixUp", "CutMix"})
USE = Spec(kind="flag", label="Use", help="Off: the step is left out.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One transform with its settings.

    Attributes:
        transform: its name in `torchvision.transforms.v2`.
        values: all of its arguments, as settings hold them.
        chance: in what share of the pictures it is applied.
        use: whether it is part of the pipeline at all.
    """

    transform: str
    values: Mapping[str, Value] = field(default_factory=dict)
    chance: float = 1.0
    use: bool = True

    @property
    def offer(self) -> Offered:
        """What can be set of the transform."""
        return offered(self.transform)

    def summary(self) -> str:
        """The settings that differ from the defaults, and the first one, in a few words."""
        spec_of, defaults = self.offer.specs, self.offer.defaults
        named = [
            f"{name} {spec_of[name].format(value)}"
            for place, (name, value) in enumerate(self.values.items())
            if place == 0 or value != defaults[name]
        ]
        return " · ".join(named)


def make_step(transform: str, *, chance: float = 1.0, use: bool = True, **values: Value) -> Step:
    """A step whose other settings have their defaults; raises `ConfigError` for one that there is not."""
    offer = offered(transform)
    for name in values:
        if name not in offer.specs:
            raise ConfigError(
                f"{transform} has no setting {name!r}: {', '.join(offer.specs) or 'it has none'}."
            )
    return Step(transform=transform, values={**offer.defaults, **values}, chance=chance, use=use)


def write_steps(steps: Iterable[Step]) -> str:
    """The text that stands for the steps."""
    return write_entries(map(_entry, steps))


def read_steps(text: str) -> tuple[Step, ...]:
    """The steps that `write_steps` wrote.

    Raises:
        ConfigError: the text, a transform or a setting cannot be read; ranges are not checked here.
    """
    return tuple(_step(entry) for entry in read_entries(text))


def place_for(steps: Sequence[Step], transform: str) -> int:
    """Where a new step usually stands: before the picture becomes a tensor; noise and erasing after that."""
    offer = offered(transform)
    if offer.of_batch or offer.group == "Type":
        return len(steps)
    before = {"Normalize"} if transform in ("GaussianNoise", "RandomErasing") else _TYPES
    return next((place for place, step in enumerate(steps) if step.transform in before), len(steps))


def problem_of(step: Step) -> str | None:
    """What is wrong with the settings of a step, as a sentence's end, or None."""
    checks = {**step.offer.specs, "chance": CHANCE}
    values: dict[str, Value] = {**step.values, "chance": step.chance}
    for name, value in values.items():
        if problem := checks[name].problem(value):
            return f"{name} {problem}"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineSpec(Spec):
    """A setting that holds a pipeline as text."""

    def problem(self, value: object) -> str | None:
        """What is wrong with `value`, as the end of a sentence, or None."""
        if not isinstance(value, str):
            return "must be text"
        try:
            steps = read_steps(value)
        except ConfigError as error:
            return f"cannot be read: {str(error).rstrip('.')}"
        if len(steps) > MOST_STEPS:
            return f"may have at most {MOST_STEPS} steps"
        for number, step in enumerate(steps, 1):
            if problem := problem_of(step):
                return f"has a step {number} ({step.transform}) whose {problem}"
        return None

    def parse(self, text: str) -> Value:
        """The text itself, once its form is known to be sound; raises `ConfigError`."""
        if text.strip() == NOTHING:
            return ""
        read_entries(text)
        return text.strip()

    def format(self, value: Value) -> str:
        """The text that `parse` takes."""
        return str(value) or NOTHING

    def shown(self, value: Value) -> str:
        """The names of the transforms, in their order."""
        return " → ".join(entry["transform"] for entry in read_entries(str(value))) or "no step"

    def clamp(self, value: Value, default: Value) -> Value:
        """The steps that there are, each setting brought to the nearest allowed one."""
        found = [entry for entry in read_entries(str(value)) if entry.get("transform") in catalogue()]
        text = write_steps(_clamped(entry) for entry in found[:MOST_STEPS])
        return text if found and self.problem(text) is None else default


def _entry(step: Step) -> dict[str, str]:
    defaults, specs = step.offer.defaults, step.offer.specs
    entry = {"transform": step.transform}
    entry |= {name: specs[name].format(v) for name, v in step.values.items() if v != defaults[name]}
    if step.chance != 1:
        entry["chance"] = CHANCE.format(step.chance)
    if not step.use:
        entry["use"] = USE.format(False)
    return entry


def _step(entry: Mapping[str, str]) -> Step:
    name = entry.get("transform")
    if name is None:
        raise ConfigError("A step of the pipeline does not say which transform it is.")
    return _with(Step(transform=name, values=offered(name).defaults), dict(_parsed(entry)))


def _parsed(entry: Mapping[str, str]) -> Iterator[tuple[str, Value]]:
    name = entry["transform"]
    specs = {**offered(name).specs, "chance": CHANCE, "use": USE}
    for key, text in entry.items():
        if key == "transform":
            continue
        if key not in specs:
            raise ConfigError(f"{name} has no setting {key!r}.")
        yield key, specs[key].parse(text)


def _with(step: Step, values: Mapping[str, Value]) -> Step:
    own = {name: value for name, value in values.items() if name not in ("chance", "use")}
    return replace(
        step,
        values={**step.values, **own},
        chance=float(str(values.get("chance", step.chance))),
        use=bool(values.get("use", step.use)),
    )


def _clamped(entry: Mapping[str, str]) -> Step:
    """The step with each setting at the nearest allowed value; what cannot be read has its default."""
    step = make_step(entry["transform"])
    specs = {**step.offer.specs, "chance": CHANCE, "use": USE}
    defaults: dict[str, Value] = {**step.values, "chance": 1.0, "use": True}
    settled: dict[str, Value] = {}
    for name, text in entry.items():
        if name in defaults:
            try:
                settled[name] = specs[name].clamp(specs[name].parse(text), defaults[name])
            except ConfigError:
                continue  # unreadable: its default stays
    return _with(step, settled)

"""Which folders of an archive are parts of a data set, for training or testing, and not classes of it."""

import re
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass

from dashlab.errors import ArchiveError

PART_NAMES = {
    "train": ("train", "training", "trainset", "trainingset", "traindata", "trainingdata", "trn"),
    "test": ("test", "testing", "testset", "testingset", "testdata", "tst"),
    "val": (
        *("val", "valid", "validation", "valset", "validset", "validationset", "holdout"),
        *("dev", "devset", "development", "eval", "evaluation", "evalset"),
    ),
    "unlabelled": ("pred", "predict", "prediction", "predictions", "unlabelled", "unlabeled"),
}
"""Names of folders that split a data set. Upper and lower case are alike, and `FILLERS` may stand beside."""

FILLERS = frozenset(
    {
        *("set", "sets", "data", "dataset", "split", "part", "folder", "seg"),
        *("image", "images", "img", "imgs", "picture", "pictures", "photo", "photos", "samples"),
    }
)
"""Words that say nothing of what a folder is for: `train_images`, `seg_train`, `Train Set`."""

_FOLD = re.compile(r"(fold|split|part|batch)[\s_.-]*\d+")
_KINDS = {word: kind for kind, words in PART_NAMES.items() for word in words}


@dataclass(frozen=True, slots=True)
class Parts:
    """The top folders of an archive that are parts of it."""

    roles: Mapping[str, str]  # folder → "train" or "test"; those that are passed over are not in it
    notes: tuple[str, ...] = ()


def kind_of(folder: str) -> str:
    """What the name says a folder is for: a key of `PART_NAMES`, else ""."""
    told = [word for word in _words(folder) if word not in FILLERS]
    return _KINDS.get(told[0], "") if len(told) == 1 else ""


def is_wrapper_of(folder: str, part: str) -> bool:
    """Whether a folder that holds all of a part only repeats its name, as in `train/train`."""
    repeats = folder.lower() == part.lower() or kind_of(folder) == kind_of(part)
    return repeats or set(_words(folder)) <= FILLERS


def _words(folder: str) -> list[str]:
    return [word for word in re.split(r"[\s_.-]+", folder.lower()) if word]


def find_parts(inside: Mapping[str, Set[str]], flat: Collection[str]) -> Parts | None:
    """The parts among the folders at the top; None where these are classes.

    Args:
        inside: names of the folders in each folder at the top.
        flat: those of them that hold pictures outside any folder of theirs.

    Raises:
        ArchiveError: some of the folders are parts and others are not, or nobody can say which they are.
    """
    kinds = {top: kind_of(top) for top in inside}
    named = sorted(top for top, kind in kinds.items() if kind)
    if len(named) > 1 and "train" in kinds.values():
        if others := sorted(set(kinds) - set(named)):
            raise ArchiveError(
                f"Beside {' and '.join(named)} there is a folder {others[0]}: "
                "move it away, or put all classes at the top."
            )
        return _roles(kinds)
    if len(inside) < 2 or any(top in flat for top in inside):
        return None
    common, every = set.intersection(*map(set, inside.values())), set.union(*map(set, inside.values()))
    tops = sorted(inside)
    if common and len(every) > 1 and all(_FOLD.fullmatch(top.lower()) for top in tops):
        return Parts(dict.fromkeys(tops, "train"), (f"{listed(tops)} are parts: they are taken together.",))
    if len(common) > 1 and common == every:
        raise ArchiveError(_undecided(tops, sorted(common)))
    return None


def _roles(kinds: Mapping[str, str]) -> Parts:
    """Who trains and who tests. Without a test folder, that for validation serves for testing."""
    has_test = "test" in kinds.values()
    roles = {
        top: "test" if kind == "test" or (kind == "val" and not has_test) else "train"
        for top, kind in kinds.items()
        if kind != "unlabelled"
    }
    notes = [
        f"The pictures in {top} are used for {roles[top]}ing." for top in sorted(kinds) if kinds[top] == "val"
    ]
    notes += [
        f"The pictures in {top} have no class: they are skipped."
        for top in sorted(kinds)
        if kinds[top] == "unlabelled"
    ]
    return Parts(roles, tuple(notes))


def _undecided(tops: Sequence[str], common: Sequence[str]) -> str:
    """All folders at the top hold the same folders: what to do about it."""
    if {"train"} < {kind_of(name) for name in common} - {""}:
        return (
            f"Each class has the folders {listed(common)} of its own: turn them round, "
            f"{common[0]}/{tops[0]} instead of {tops[0]}/{common[0]}."
        )
    return (
        f"The folders {listed(tops)} all hold the same folders, {listed(common)}. "
        f"If {listed(common)} are the classes, name the others train and test. "
        f"If {listed(tops)} are the classes, put their pictures straight into them."
    )


def listed(names: Sequence[str], most: int = 4) -> str:
    """The first few of the names, as a person would list them."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most:,} more"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def no_class_folders(part: str, roles: Mapping[str, str]) -> str:
    """The sentence about a part whose pictures lie in no class folder."""
    if roles.get(part) != "test":
        return f"The pictures in {part} lie in no class folder: give each class a folder inside {part}."
    instead = [top for top in sorted(roles) if kind_of(top) == "val" and top != part]
    follows = f"{instead[0]} is" if instead else "some of the training pictures are"
    return (
        f"The pictures in {part} lie in no class folder, so nobody can say whether they are classified "
        f"correctly. Remove {part} ({follows} then used for testing), or sort its pictures into class "
        "folders."
    )

"""Every error that is meant for a user, in one tree.

```
DashlabError            a sentence that says what to do
├── ConfigError         a setting is out of range, or two settings do not fit together
├── DataError           a data set cannot be read
│   ├── PictureError    one picture cannot be read
│   ├── ArchiveError    a zip or folder of class folders cannot be used
│   └── DownloadError   fetching a full data set failed
├── WeightsError        weights do not fit the network, or are not safe to read
├── DamagedRun          a cached run failed its checksum and was set aside
├── StoreError          the folder of cached runs cannot be written
└── JobError            the process that trains could not be started or reached
```

The text of each is shown to people as it stands: it names the thing, says what is wrong with it and
what to do. Anything outside this tree is a bug in dashlab.
"""

from pathlib import Path


class DashlabError(Exception):
    """Root of all errors that are meant for a user."""


class ConfigError(DashlabError):
    """A setting is out of range, or two settings do not fit together."""


class DataError(DashlabError):
    """A data set cannot be read."""


class PictureError(DataError):
    """One picture cannot be read, or is outside the limits."""


class ArchiveError(DataError):
    """A zip or folder of class folders cannot be used as a data set."""


class DownloadError(DataError):
    """Fetching a full data set failed; the bundled sample stays in use."""


class WeightsError(DashlabError):
    """Weights do not fit the network, or their file is not safe to read."""


class DamagedRun(DashlabError):
    """A cached run failed its checksum and was set aside."""


class StoreError(DashlabError, OSError):
    """The folder of cached runs and studies cannot be written: it is full, or may not be made."""

    @classmethod
    def of(cls, folder: Path, error: OSError) -> "StoreError":
        """What the system refused, as a sentence."""
        return cls(
            f"The folder {folder} cannot be written: {error.strerror or error}. "
            "Free some space, or name another folder in DASHLAB_STORE."
        )


class JobError(DashlabError):
    """The process that trains could not be started or reached."""

"""Tracks that were run before: only what is new is run, and a shorter race is cut from a longer one."""

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Sequence

from dashlab.experiments.optimizers.race import Course
from dashlab.experiments.optimizers.run import Track, race
from dashlab.settings.optim import SurfaceOptimConfig

Key = tuple[Course, SurfaceOptimConfig]


class TrackCache:
    """The last tracks, of all people who race on this server; safe to be shared between threads."""

    def __init__(self, most: int = 128) -> None:
        self._most, self._lock = most, threading.Lock()
        self._tracks: OrderedDict[Key, Track] = OrderedDict()

    def race(self, course: Course, racers: Sequence[SurfaceOptimConfig]) -> tuple[Track, ...]:
        """What `race_run.race` gives, to the last bit."""
        place = dataclasses.replace(course, steps=0)
        with self._lock:
            cached = {racer: self._tracks.get((place, racer)) for racer in racers}
        fit = {
            racer: track for racer, track in cached.items() if track and len(track.gradients) >= course.steps
        }
        missing = [racer for racer in cached if racer not in fit]
        fresh = dict(zip(missing, race(course, missing), strict=True)) if missing else {}
        with self._lock:
            for racer in racers:
                self._tracks[place, racer] = fresh.get(racer) or fit[racer]
                self._tracks.move_to_end((place, racer))
            while len(self._tracks) > self._most:
                self._tracks.popitem(last=False)
        return tuple((fresh.get(racer) or fit[racer]).until(course.steps) for racer in racers)

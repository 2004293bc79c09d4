"""Trials of a study in Optuna: who runs which, so that a killed worker's trial is run again, and none twice.

An SQLite file in the cache folder serves one machine, a PostgreSQL server any number of them. Optuna's trials go one way only:
waiting, running, complete or failed. On that three rules stand:

1. A trial of ours (its number and the key of its run) has an Optuna trial that waits, runs or is complete; where it lacks one,
   whoever looks adds one. So no trial is lost, whichever step a worker was killed at. (Optuna's own callbacks for retrying
   would lose it if they died between marking a trial as failed and adding the next.)
2. Of several the oldest counts: a worker that took a newer one and then sees an older one that has not failed gives it up.
   Nothing that failed comes back, so at most one of them is ever complete.
3. A worker's sign of life is written before it takes a trial: none can run without one.
"""

import contextlib
import hashlib
import json
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from core.study_database import open_database, shown_url, why
from core.study_results import TrialRecord
from core.trials import Study, StudyError, TrialSpec

BEAT, GRACE = 15, 90  # seconds between signs of life, and without one until a worker counts as dead
ATTEMPTS = 3  # of one trial, whether its worker died or it failed
PATIENCE = 60.0  # seconds that a storage may not answer while trials run
Result = TypeVar("Result")


@dataclass(frozen=True)
class Claim:
    """A trial of ours that this worker runs. trial_id: Optuna's, in the storage; number: ours."""

    trial_id: int
    number: int
    key: str


class StudyStorage:
    """One study in a storage. ``StudyError`` when the storage does not answer.

    beat, grace: see ``BEAT`` and ``GRACE``; whole seconds. patience: see ``PATIENCE``.
    """

    def __init__(self, url: str, study: Study, *, beat: int = BEAT, grace: int = GRACE, patience: float = PATIENCE) -> None:
        self.url, self.study, self.beat, self.patience = url, study, beat, patience
        self._backend = open_database(url, beat, grace)
        self._study = self._asked(self._create, patience=0)
        self._study_id = self._asked(lambda: self._backend.get_study_id_from_name(self.name))

    @property
    def name(self) -> str:
        """Of the study in Optuna; it holds a digest of all levels, as Optuna fixes these for good."""
        levels = json.dumps({factor: self.study.levels(factor) for factor in self.study.factors})
        return f"{self.study.name}-{hashlib.sha256(levels.encode()).hexdigest()[:8]}"

    def _create(self) -> Any:
        import optuna

        return optuna.create_study(study_name=self.name, storage=self._backend, direction="maximize", load_if_exists=True)

    def _asked(self, question: Callable[[], Result], patience: float | None = None) -> Result:
        """What the storage answers, asked again while it does not, for ``patience`` seconds."""
        from optuna.exceptions import StorageInternalError
        from sqlalchemy.exc import SQLAlchemyError

        deadline = time.monotonic() + (self.patience if patience is None else patience)
        while True:
            try:
                return question()
            except (StorageInternalError, SQLAlchemyError) as error:
                if time.monotonic() >= deadline:
                    raise StudyError(
                        f"the storage {shown_url(self.url)} does not answer ({why(error, self.url)}); "
                        "see to it and call the same command again"
                    ) from error
            time.sleep(min(2.0, self.beat))

    # --- trials in the storage -------------------------------------------------------------------------------------------

    def _trials(self, *states: str) -> list[Any]:
        """Optuna's trials of the newest round, oldest first; in ``states`` alone when some are named."""
        found = self._asked(lambda: self._study.get_trials(deepcopy=False))
        newest = max((trial.user_attrs.get("round", 0) for trial in found), default=0)
        found = [trial for trial in found if trial.user_attrs.get("round", 0) == newest]
        return [trial for trial in found if not states or trial.state.name in states]

    def begin_round(self) -> None:
        """From now on nothing counts that was run before; it stays in the storage."""
        newest = max((trial.user_attrs.get("round", 0) for trial in self._trials()), default=-1)
        self._add(None, "", newest + 1)

    def offer(self, wanted: Mapping[int, str]) -> None:
        """Have every trial of ``wanted`` (number -> key of its run) wait, run or be complete; rule 1.

        Trials whose worker gives no sign of life any more are failed first. What failed ``ATTEMPTS`` times is left alone.
        """
        self._fail_the_dead()
        trials = self._trials()
        newest = max((trial.user_attrs.get("round", 0) for trial in trials), default=0)
        alive = {_identity(trial) for trial in trials if trial.state.name != "FAIL"}
        given_up = self._failures(trials)
        for number, key in wanted.items():
            if (number, key) not in alive and len(given_up.get((number, key), [])) < ATTEMPTS:
                self._add(self.study.trials[number], key, newest)

    def _add(self, trial: TrialSpec | None, key: str, round_: int) -> None:
        """One more trial that waits; None: one that has failed, to mark the beginning of a round."""
        from optuna.trial import TrialState, create_trial

        attributes: dict[str, Any] = {"round": round_}
        if trial is None:
            new = create_trial(state=TrialState.FAIL, user_attrs=attributes)
        else:
            attributes |= {"trial": trial.number, "key": key, "seed": trial.seed}
            distributions = {name: _distribution(self.study, name) for name in trial.factors}
            new = create_trial(
                state=TrialState.WAITING, params=trial.factors, distributions=distributions, user_attrs=attributes
            )
        self._asked(lambda: self._study.add_trial(new))

    def _fail_the_dead(self) -> None:
        import optuna

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self._asked(lambda: optuna.storages.fail_stale_trials(self._study))

    @staticmethod
    def _failures(trials: list[Any]) -> dict[tuple[Any, Any], list[Any]]:
        """(number, key) -> the trials that failed; those that were handed back or given up for an older one do not count."""
        found: dict[tuple[Any, Any], list[Any]] = {}
        for trial in trials:
            if trial.state.name == "FAIL" and "ended" not in trial.user_attrs and "trial" in trial.user_attrs:
                found.setdefault(_identity(trial), []).append(trial)
        return found

    def given_up(self, wanted: Mapping[int, str]) -> dict[int, str]:
        """Number -> what the last of ``ATTEMPTS`` failures said, of trials that are not complete."""
        trials = self._trials()
        alive = {_identity(trial) for trial in trials if trial.state.name != "FAIL"}
        return {
            number: str(failed[-1].user_attrs.get("error", "its worker was killed"))
            for (number, key), failed in self._failures(trials).items()
            if wanted.get(number) == key and len(failed) >= ATTEMPTS and (number, key) not in alive
        }

    def numbers(self, wanted: Mapping[int, str], *states: str) -> set[int]:
        """Which of ``wanted`` are in one of ``states``: WAITING, RUNNING, COMPLETE."""
        return {trial.user_attrs["trial"] for trial in self._trials(*states) if _is_in(trial, wanted)}

    def records(self) -> list[TrialRecord]:
        """What is kept of every complete trial, of the newest round."""
        parts = ("row", "curve", "confusion", "wrong")
        complete = self._trials("COMPLETE")
        return [TrialRecord.from_json({part: trial.user_attrs[part] for part in parts}) for trial in complete]

    # --- a worker's part -------------------------------------------------------------------------------------------------

    def claim(self, wanted: Mapping[int, str]) -> Claim | None:
        """Take one of the trials that wait, lowest number first; None when none of ``wanted`` does."""
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        waiting = [trial for trial in self._trials("WAITING") if _is_in(trial, wanted)]
        for trial in sorted(waiting, key=lambda one: (one.user_attrs["trial"], one.number)):
            trial_id = self._id(trial)
            self._asked(partial(self._backend.record_heartbeat, trial_id))
            try:
                taken = self._asked(partial(self._backend.set_trial_state_values, trial_id, TrialState.RUNNING))
            except UpdateFinishedTrialError:
                continue
            claim = Claim(trial_id, *_identity(trial))
            if taken and self._is_oldest(trial):
                return claim
            if taken:
                self.end(claim, "an older one runs")
        return None

    def _id(self, trial: Any) -> int:
        return self._asked(lambda: self._backend.get_trial_id_from_study_id_trial_number(self._study_id, trial.number))

    def _is_oldest(self, trial: Any) -> bool:
        """Rule 2, looked at after the trial was taken."""
        same = [one for one in self._trials() if _identity(one) == _identity(trial) and one.number < trial.number]
        return all(one.state.name == "FAIL" for one in same)

    @contextlib.contextmanager
    def alive(self, claim: Claim) -> Iterator[None]:
        """Give signs of life in here, from a thread."""
        from optuna.exceptions import StorageInternalError
        from sqlalchemy.exc import SQLAlchemyError

        over = threading.Event()

        def beat() -> None:
            while not over.wait(self.beat):
                with contextlib.suppress(StorageInternalError, SQLAlchemyError):  # the next one may be heard
                    self._backend.record_heartbeat(claim.trial_id)

        thread = threading.Thread(target=beat, daemon=True, name="signs of life")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def finish(self, claim: Claim, record: TrialRecord) -> bool:
        """Store a result. False when the trial was taken for dead meanwhile and is another worker's: then nothing is stored."""
        from optuna.trial import TrialState

        def store() -> None:
            for part, value in record.to_json().items():
                self._backend.set_trial_user_attr(claim.trial_id, part, value)
            for line in record.curve:
                if line["val_accuracy"] is not None:
                    self._backend.set_trial_intermediate_value(claim.trial_id, line["epoch"], line["val_accuracy"])
            self._backend.set_trial_state_values(claim.trial_id, TrialState.COMPLETE, [record.row["val_accuracy"] or 0.0])

        # An answer may be lost on its way: then the second attempt finds what the first one stored.
        return self._settled(store) or self._state(claim) == "COMPLETE"

    def _state(self, claim: Claim) -> str:
        return str(self._asked(partial(self._backend.get_trial, claim.trial_id)).state.name)

    def fail(self, claim: Claim, sentence: str) -> None:
        """Say that a trial failed; it counts as an attempt."""
        self._end(claim, "error", sentence)

    def end(self, claim: Claim, reason: str = "handed back") -> None:
        """Give a trial up without that being an attempt; unless an older one runs, ``offer`` puts it back."""
        self._end(claim, "ended", reason)

    def hand_back(self, claim: Claim) -> None:
        """Stop running a trial and let it wait again."""
        self.end(claim)
        self.offer({claim.number: claim.key})

    def _end(self, claim: Claim, name: str, text: str) -> None:
        from optuna.trial import TrialState

        def store() -> None:
            self._backend.set_trial_user_attr(claim.trial_id, name, text)
            self._backend.set_trial_state_values(claim.trial_id, TrialState.FAIL)

        self._settled(store)

    def _settled(self, store: Callable[[], None]) -> bool:
        from optuna.exceptions import UpdateFinishedTrialError

        try:
            self._asked(store)
        except UpdateFinishedTrialError:
            return False
        return True

    def close(self) -> None:
        self._backend.remove_session()
        self._backend.engine.dispose()


def _identity(trial: Any) -> tuple[Any, Any]:
    return trial.user_attrs.get("trial"), trial.user_attrs.get("key")


def _is_in(trial: Any, wanted: Mapping[int, str]) -> bool:
    number, key = _identity(trial)
    return number in wanted and wanted[number] == key


def _distribution(study: Study, factor: str) -> Any:
    """A factor's levels as Optuna knows them: words as choices, numbers as a range."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    levels = study.levels(factor)
    numbers = [level for level in levels if isinstance(level, int | float)]
    if len(numbers) < len(levels):
        return CategoricalDistribution(levels)
    low, high = min(numbers), max(numbers)
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high)
    return FloatDistribution(low, high, log=low > 0)

"""Studies by name, and what of them is open on this machine."""

from dataclasses import dataclass
from pathlib import Path

from core.classifiers.study_list import STUDIES, estimated_seconds
from core.specs import RunSpec
from core.study_results import current_rows, load_rows
from core.trials import Study, StudyError
from core.written import percent

__all__ = ["STUDIES", "Outlook", "load_study", "open_trials", "outlook", "runs_here"]


def load_study(name: str, folder: Path | None = None) -> Study:
    """A study with what our own runs of earlier ones chose, as far as ``folder`` holds them; ``StudyError`` for no study."""
    if name not in STUDIES:
        raise StudyError(f"no study is called {name!r}; known are: {', '.join(STUDIES)}")
    study = STUDIES[name]
    return study.with_choice({earlier: current_rows(load_study(earlier, folder), folder) for earlier in study.after})


def runs_here(study: Study, full: bool) -> dict[int, RunSpec]:
    """Number -> run of each trial as a machine does it; without a GPU only the study's share, and not every seed."""
    runs = {trial.number: trial.run_here(full) for trial in study.trials}
    return {number: run for number, run in runs.items() if run is not None}


def open_trials(study: Study, *, full: bool, fresh: bool = False, folder: Path | None = None) -> dict[int, str]:
    """Number -> key of the run of each trial that the table of results lacks; of every trial when ``fresh``."""
    rows = {row["trial"]: row for row in load_rows(study.name, folder)}
    runs = runs_here(study, full)
    return {n: run.key for n, run in runs.items() if fresh or not study.trials[n].is_done(rows.get(n), full)}


@dataclass(frozen=True)
class Outlook:
    """What a sweep has before it. trials: those that it would run if none were done; cpu_minutes: of the open ones."""

    trials: int
    open: int
    cpu_minutes: float
    share: str

    def __str__(self) -> str:
        text = f"{self.trials - self.open} of {self.trials} trials are done"
        if self.open:
            minutes = max(1, round(self.cpu_minutes))
            text += f"; the others take two CPU cores about {minutes} minute{'s' if minutes > 1 else ''}"
        return f"{text}. {self.share}".strip()


def outlook(study: Study, *, full: bool, fresh: bool = False, folder: Path | None = None) -> Outlook:
    """What is open on this machine and how long it takes, with a sentence on what a share leaves out."""
    runs, waiting = runs_here(study, full), open_trials(study, full=full, fresh=fresh, folder=folder)
    seconds = sum(estimated_seconds(study.trials[number], runs[number]) for number in waiting)
    share = ""
    cut = [trial for trial in study.trials if not trial.share.whole]
    if cut and not full:
        least = study.share
        seeds = f" and {least.seeds} seed" if least.seeds else ""
        kinds = "CNNs run" if len(cut) < len(study.trials) else "Without a GPU they run"
        share = f"{kinds} a share only: {percent(least.epochs)} of the epochs on {percent(least.pictures)} of the pictures"
        share += f"{seeds}. --full runs all."
    return Outlook(len(runs), len(waiting), seconds / 60, share)

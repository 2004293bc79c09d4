"""The database that studies are stored in: its URL, what may be shown of it, and how it is opened."""

import time
import warnings
from typing import Any

from core import paths
from core.trials import StudyError


def storage_url(text: str | None = None) -> str:
    """The URL as SQLAlchemy takes it; by default the SQLite file of this machine."""
    if text is None:
        return f"sqlite:///{paths.cache_folder() / 'studies.db'}"
    scheme, mark, rest = text.partition("://")
    if mark and scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        return f"postgresql+psycopg://{rest}"
    if mark and scheme == "sqlite":
        return text
    kind = f"got one that begins with {scheme!r}" if mark else "got no URL"
    raise StudyError(f"a storage is sqlite:///FILE or postgresql://USER@HOST/DATABASE; {kind}")


def shown_url(url: str) -> str:
    """A URL without user, password and options, for people."""
    scheme, _, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}://{rest.rpartition('@')[2].partition('?')[0]}"


def why(error: Exception, url: str) -> str:
    """The first line of what the database's driver says, without what stands before the URL's @."""
    inner: BaseException = error
    while (deeper := getattr(inner, "orig", None) or inner.__cause__) is not None and deeper is not inner:
        inner = deeper
    secret = url.partition("://")[2].rpartition("@")[0].partition(":")[2]
    line = (str(inner).strip().splitlines() or [type(inner).__name__])[0]
    return line.replace(secret, "***") if secret else line


def open_database(url: str, beat: int, grace: int) -> Any:
    """Optuna's storage with its tables. Two workers may both find them missing; the second one then simply asks again."""
    import optuna
    from sqlalchemy import event
    from sqlalchemy.exc import OperationalError, SQLAlchemyError

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sqlite = url.startswith("sqlite")
    options: dict[str, Any] = {"pool_pre_ping": True, "connect_args": {"connect_timeout": 10}}
    if sqlite:
        options = {"connect_args": {"timeout": 60, "isolation_level": None}}  # transactions begin below, not in the driver
    for pause in (0.2, 0.5, 1.0, 2.0, None):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                backend = optuna.storages.RDBStorage(url, options, heartbeat_interval=beat, grace_period=grace)
        except ImportError as error:
            raise StudyError(f"no driver for {shown_url(url)}: pip install 'psycopg[binary]' ({error})") from error
        except RuntimeError as error:  # tables of another version of Optuna
            raise StudyError(f"the storage {shown_url(url)} is of another version of Optuna; name a new one") from error
        except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
            if pause is None or (isinstance(error, OperationalError) and not sqlite):
                raise StudyError(
                    f"the storage {shown_url(url)} does not answer ({why(error, url)}); start it, correct --storage, "
                    "or leave it out to use a file on this machine"
                ) from error
            time.sleep(pause)
            continue
        if sqlite:
            # SQLite has no locks on rows: without this two workers could read that a trial waits before either takes it.
            event.listen(backend.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        return backend
    raise StudyError(f"the storage {shown_url(url)} does not answer")

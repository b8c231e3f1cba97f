"""Dagster's own storage, inside the home: runs of the command line and of the user interface share it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.events import ASSET_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log.base import AssetRecord
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, NullPool, create_engine, event

from assets.home import Home
from pipelines.settings import ROOT


def prepare(home: Home) -> Path:
    """Make HOME/dagster a DAGSTER_HOME. Before two processes start on it, so that neither finds it half made."""
    home.prepare()
    config = home.dagster / "dagster.yaml"
    if not config.exists():
        shutil.copy(ROOT / "dagster.yaml", config)
        dg.DagsterInstance.from_config(str(home.dagster)).dispose()
    return home.dagster


def instance(home: Home) -> dg.DagsterInstance:
    """The persistent instance of a home that has been prepared."""
    custom = {"module": __name__, "class": Storage.__name__, "config": {"base_dir": str(home.dagster)}}
    # What steps print goes to the terminal; Dagster would start four more processes to keep it.
    unkept = {"module": NoOpComputeLogManager.__module__, "class": NoOpComputeLogManager.__name__}
    overrides = {"storage": {"custom": custom}, "compute_logs": unkept}
    reference = InstanceRef.from_dir(str(home.dagster), overrides=overrides)
    return dg.DagsterInstance.from_ref(reference)


class EventLog(SqliteEventLogStorage):
    """Dagster's own event log, on the same files, for the one process that makes a run.

    Dagster opens its SQLite file anew for every event and waits for the disk at each, and it asks for the last
    materialization of everything that a step depends on: with sixty steps and four hundred checks a run that is most of
    its time. Here connections stay open, and an asset's record is kept until an event changes it. In WAL mode
    `synchronous = NORMAL` keeps a file whole in every crash; a power cut may cost the last events of a run's history,
    never a release.
    """

    def __init__(self, *arguments, **options) -> None:
        self._connections: dict[str, Connection] = {}
        self._records: dict[dg.AssetKey, AssetRecord] = {}
        self._tables: set[str] = set()
        super().__init__(*arguments, **options)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            if shard not in self._connections:
                self._connections[shard] = self._open(shard)
            with self._connections[shard].begin():
                yield self._connections[shard]

    def _open(self, shard: str) -> Connection:
        waiting = {"timeout": 60, "check_same_thread": False}
        engine = create_engine(self.conn_string_for_shard(shard), poolclass=NullPool, connect_args=waiting)
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = NORMAL"))
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        return engine.connect()

    @property
    def supports_asset_checks(self) -> bool:
        """Dagster looks at the schema to know, once an event; our files are of a Dagster that has them."""
        return True

    def has_table(self, table_name: str) -> bool:
        """Dagster opens the file anew to know; a table that was there stays."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def get_asset_records(self, asset_keys: Sequence[dg.AssetKey] | None = None) -> Sequence[AssetRecord]:
        if asset_keys is None:
            return super().get_asset_records()
        unknown = [key for key in asset_keys if key not in self._records]
        if unknown:
            self._records |= {each.asset_entry.asset_key: each for each in super().get_asset_records(unknown)}
        return [self._records[key] for key in asset_keys if key in self._records]

    def store_event(self, event: EventLogEntry) -> None:
        super().store_event(event)
        if event.dagster_event_type in ASSET_EVENTS:
            self._records.pop(event.get_dagster_event().asset_key, None)

    def dispose(self) -> None:
        while self._connections:
            self._connections.popitem()[1].close()
        super().dispose()


class Storage(DagsterSqliteStorage):
    """Dagster's own SQLite storage with that event log."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = EventLog(str(Path(base_dir) / "history" / "runs"))

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: dict[str, str]) -> Storage:
        return cls.from_local(inst_data=inst_data, **config_value)

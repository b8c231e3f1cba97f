"""Dagster's own storage, inside the home: runs of the command line and of the user interface share it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS, DagsterEventType
from dagster._core.events.log import EventLogEntry
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.base import AssetRecord
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite import create_db_conn_string
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData, serialize_value
from sqlalchemy import Connection, NullPool, create_engine, event

from assets.home import Home
from pipelines.settings import ROOT


def prepare(home: Home) -> Path:
    """Make HOME/dagster a DAGSTER_HOME. Before two processes start on it, so that neither finds it half made."""
    home.prepare()
    config = home.dagster / "dagster.yaml"
    if not config.exists():
        new = config.with_suffix(".new")
        shutil.copy(ROOT / config.name, new)
        dg.DagsterInstance.from_config(str(home.dagster), new.name).dispose()
        new.rename(config)  # last: where it is, all is made
    return home.dagster


def instance(home: Home) -> dg.DagsterInstance:
    """The persistent instance of a home that has been prepared."""
    custom = {"module": __name__, "class": Storage.__name__, "config": {"base_dir": str(home.dagster)}}
    # What steps print goes to the terminal; Dagster would start four more processes to keep it.
    unkept = {"module": NoOpComputeLogManager.__module__, "class": NoOpComputeLogManager.__name__}
    overrides = {"storage": {"custom": custom}, "compute_logs": unkept}
    reference = InstanceRef.from_dir(str(home.dagster), overrides=overrides)
    return dg.DagsterInstance.from_ref(reference)


#: What comes by the hundred, a few for every check.
_NUMEROUS = {DagsterEventType.STEP_OUTPUT, *ASSET_CHECK_EVENTS}


class EventLog(SqliteEventLogStorage):
    """Dagster's own event log, on the same files, for the one process that makes a run.

    Dagster opens its SQLite file anew for every event and waits for the disk at each, and it asks for the last
    materialization of everything that a step depends on: with sixty steps and four hundred checks a run that is most of
    its time. Here connections stay open, an asset's record is kept until an event changes it, and numerous events wait
    for the next of another kind, which comes at the latest when their step ends. In WAL mode `synchronous = NORMAL`
    keeps a file whole in every crash; a crash may cost the last events of a run's history, never a release.
    """

    def __init__(self, *arguments, **options) -> None:
        self._connections: dict[str, Connection] = {}
        self._records: dict[dg.AssetKey, AssetRecord] = {}
        self._tables: set[str] = set()
        self._waiting: list[EventLogEntry] = []
        super().__init__(*arguments, **options)
        self._db_lock = threading.RLock()  # what is stored together opens a connection within another

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            self._store_waiting()  # whoever looks finds everything
            if shard not in self._connections:
                self._connections[shard] = self._open(shard)
            connection = self._connections[shard]
            if connection.in_transaction():
                yield connection
                return
            with connection.begin():
                yield connection

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
        if event.dagster_event_type in _NUMEROUS:
            self._waiting.append(event)
            return
        super().store_event(event)
        if event.dagster_event_type in ASSET_EVENTS:
            self._records.pop(event.get_dagster_event().asset_key, None)

    def _store_waiting(self) -> None:
        """As Dagster's `store_event` does one by one: into the run's file, and what is of checks into the index, too."""
        events, self._waiting = self._waiting, []
        told = [(event, self._event_to_row(event)) for event in events]
        for run_id, of_run in groupby(told, lambda each: each[0].run_id):
            with self.run_connection(run_id) as connection:
                connection.execute(SqlEventLogStorageTable.insert(), [row for _, row in of_run])
        if of_checks := [each for each in told if each[0].dagster_event_type in ASSET_CHECK_EVENTS]:
            numbered = SqlEventLogStorageTable.insert().returning(
                SqlEventLogStorageTable.c.id, sort_by_parameter_order=True
            )
            with self.index_connection() as connection:
                numbers = connection.execute(numbered, [row for _, row in of_checks]).scalars().all()
                for (event, _), number in zip(of_checks, numbers, strict=True):
                    self.store_asset_check_event(event, number)

    def _store_asset_check_evaluation_planned(self, event: EventLogEntry, event_id: int | None) -> None:
        """As Dagster does, by a statement that is compiled once, not for every check."""
        planned: AssetCheckEvaluationPlanned = event.get_dagster_event().event_specific_data
        if planned.partitions_subset:
            super()._store_asset_check_evaluation_planned(event, event_id)
            return
        row = {
            "asset_key": planned.asset_key.to_string(),
            "check_name": planned.check_name,
            "partition": None,
            "run_id": event.run_id,
            "execution_status": AssetCheckExecutionRecordStatus.PLANNED.value,
            "evaluation_event": serialize_value(event),
            "evaluation_event_timestamp": self._event_insert_timestamp(event),
            "evaluation_event_storage_id": event_id,
        }
        with self.index_connection() as connection:
            connection.execute(AssetCheckExecutionsTable.insert(), row)

    def dispose(self) -> None:
        self._store_waiting()
        while self._connections:
            self._connections.popitem()[1].close()
        super().dispose()


class Storage(DagsterSqliteStorage):
    """Dagster's own SQLite storage with that event log, on files that are there: to learn that they are, Dagster would
    load every revision that their schema ever had, half a second a run."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super(DagsterSqliteStorage, self).__init__()
        history, schedules = Path(base_dir, "history"), Path(base_dir, "schedules")
        self.base_dir, self._inst_data = base_dir, inst_data
        self._run_storage = SqliteRunStorage(create_db_conn_string(str(history), "runs"))
        self._event_log_storage = EventLog(str(history / "runs"))
        self._schedule_storage = SqliteScheduleStorage(create_db_conn_string(str(schedules), "schedules"))
        # Dagster reads the plan of an earlier run whole to know that it is there.
        self._run_storage.has_execution_plan_snapshot = self._run_storage._has_snapshot_id

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: dict[str, str]) -> Storage:
        return cls.from_local(inst_data=inst_data, **config_value)

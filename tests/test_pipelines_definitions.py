"""What Dagster is told: assets, dependencies, metadata, checks, schedule, sensor. Nothing is executed here."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from assets import graph
from pipelines import abandoned, definitions
from pipelines.settings import Settings
from schemas.indicators import INDICATORS
from schemas.marts import MARTS
from schemas.submissions import TABLES

ROOT = Path(__file__).parents[1]
OUTPUTS = {"output/documents", "output/tables", "output/site", "output/receipts"}


@pytest.fixture(scope="module")
def repository():
    return definitions.defs().get_repository_def()


@pytest.fixture(scope="module")
def specs(repository) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for each in graph.all_assets() for spec in each.specs}


def test_every_table_is_an_asset_named_like_it(specs) -> None:
    expected = {"raw/submission", "core/unnamed", "release/current", *OUTPUTS}
    expected |= {f"core/{name}" for name in TABLES}
    expected |= {f"indicator/{code}" for code in INDICATORS}
    expected |= {f"mart/{name}" for name in MARTS}
    assert set(specs) == expected


def test_every_asset_says_who_what_and_in_which_layer(specs) -> None:
    for key, spec in specs.items():
        assert spec.group_name == key.split("/")[0] == spec.tags["layer"]
        assert spec.owners and spec.description and spec.kinds


def test_a_range_of_years_is_one_run_of_whatever_is_selected() -> None:
    """Dagster's command line refuses a range when one asset of the selection does not say so."""
    assert {each.backfill_policy for each in graph.all_assets()} == {dg.BackfillPolicy.single_run()}


@pytest.mark.parametrize("code", INDICATORS)
def test_an_indicator_depends_on_its_declared_tables(specs, code: str) -> None:
    dependencies = {dep.asset_key.to_user_string() for dep in specs[f"indicator/{code}"].deps}
    assert dependencies == {f"core/{table}" for table in INDICATORS[code].tables}


def test_the_release_waits_for_every_mart_and_every_mart_for_core(specs) -> None:
    awaited = {dep.asset_key.to_user_string() for dep in specs["release/current"].deps}
    assert awaited == {f"mart/{name}" for name in MARTS} | OUTPUTS
    assert all(specs[f"mart/{name}"].deps for name in MARTS)


@pytest.mark.parametrize("code", INDICATORS)
def test_indicators_are_partitioned_by_year_and_backfilled_in_one_run(code: str) -> None:
    asset = next(each for each in graph.all_assets() if each.key == dg.AssetKey(["indicator", code]))
    assert asset.backfill_policy == dg.BackfillPolicy.single_run()
    now = datetime(2027, 6, 1, tzinfo=UTC)
    with dg.partition_loading_context(effective_dt=now):
        assert asset.partitions_def.get_partition_keys() == ["2025", "2026", "2027"]


def test_columns_come_from_the_declaration(specs) -> None:
    supply = specs["core/land_supply"].metadata["dagster/column_schema"]
    column = next(each for each in supply.columns if each.name == "supplied_area_mu")
    assert (column.type, column.description) == ("DECIMAL(18,6)", "供应面积（亩）")
    target = specs["mart/target"].metadata["dagster/column_schema"]
    assert [each.name for each in target.columns] == list(MARTS["target"].names)


def test_every_core_table_and_mart_has_checks_and_some_block(repository) -> None:
    keys = repository.asset_graph.asset_check_keys
    assert {key.asset_key.path[-1] for key in keys if key.asset_key.path[0] == "core"} == set(TABLES)
    assert "indicator_value" in {key.asset_key.path[-1] for key in keys if key.asset_key.path[0] == "mart"}
    blocking = [key for key in keys if repository.asset_graph.get(key).blocking]
    assert blocking


def test_one_writer_at_a_time() -> None:
    assert {each.op.pool for each in graph.all_assets()} == {"warehouse"}


def test_a_run_holds_the_lock_from_its_first_step_to_its_last(tmp_path: Path) -> None:
    """Whatever else would build meanwhile would build over it: the lock is not given back between two steps."""
    seen = []

    @dg.asset
    def first(home: graph.HomeResource) -> None:
        seen.append(home.place.holder())

    @dg.asset(deps=[first])  # works with no resource: what is held here is held between steps
    def second() -> None:
        seen.append(graph.Home(tmp_path / "home").holder())

    home = graph.HomeResource(home=str(tmp_path / "home"), landing="l", regions="", rules={}, keep_releases=9)
    dg.materialize([first, second], resources={"home": home}, instance=dg.DagsterInstance.ephemeral())
    assert [each["command"] for each in seen] == ["dagster", "dagster"]
    assert home.place.holder() is None


# --- When ----------------------------------------------------------------------------------------------------------


def home_at(place: Path, landing: str = "l") -> graph.HomeResource:
    return graph.HomeResource(home=str(place), landing=landing, regions="", rules={}, keep_releases=9)


def test_the_nightly_runs_at_two_in_zhejiang_for_that_day(repository, tmp_path: Path) -> None:
    schedule = repository.get_schedule_def("nightly_at_two")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 2 * * *", "Asia/Shanghai")
    tick = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)  # 02:00 of the 23rd in Zhejiang
    resources = {"home": home_at(tmp_path)}
    with (
        dg.DagsterInstance.local_temp(str(tmp_path)) as instance,
        dg.build_schedule_context(instance, scheduled_execution_time=tick, resources=resources) as context,
    ):
        (request,) = schedule.evaluate_tick(context).run_requests
    assert request.tags[graph.AS_OF] == "2026-11-23"
    assert (request.tags[graph.FIRST], request.run_key) == ("2025", "nightly-2026-11-23")


def test_run_tags_name_only_years_that_have_a_partition() -> None:
    newest = graph.YEARS.get_last_partition_key()
    assert definitions.run_tags(date(2026, 11, 23), 1999, 2099) == {
        graph.AS_OF: "2026-11-23",
        graph.FIRST: "2025",
        graph.LAST: newest,
    }


def tick(landing: Path, tmp_path: Path, cursor: str | None) -> tuple[list[dg.RunRequest], str | None]:
    resources = {"home": home_at(tmp_path / "home", str(landing))}
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(instance, cursor=cursor, resources=resources) as context,
    ):
        answer = definitions.landing_sensor.evaluate_tick(context)
    return list(answer.run_requests or []), answer.cursor


def test_the_sensor_asks_for_a_run_once_when_something_new_lies_still(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    assert tick(landing, tmp_path, None)[0] == []  # not there
    (landing / "2026-11-01").mkdir(parents=True)
    requests, cursor = tick(landing, tmp_path, None)
    assert requests == []  # empty
    (landing / "2026-11-01" / "a.csv").write_text("1")
    requests, cursor = tick(landing, tmp_path, cursor)
    assert requests == []  # new, but perhaps still being copied
    (landing / "2026-11-01" / "a.csv").write_text("12")
    requests, cursor = tick(landing, tmp_path, cursor)
    assert requests == []  # changed since
    requests, cursor = tick(landing, tmp_path, cursor)
    assert len(requests) == 1
    assert set(json.loads(cursor)) == {"seen", "handled"}
    assert tick(landing, tmp_path, cursor)[0] == []  # handled


def test_a_failure_leaves_a_line_for_the_operator(tmp_path: Path) -> None:
    @dg.op
    def fail():
        raise ValueError("no such table")

    @dg.job
    def broken():
        fail()

    with dg.DagsterInstance.ephemeral() as instance:
        result = broken.execute_in_process(instance=instance, raise_on_error=False)
        failure = next(event for event in result.all_events if event.event_type_value == "PIPELINE_FAILURE")
        home = home_at(tmp_path)
        with dg.build_run_status_sensor_context(
            "on_failure", dagster_event=failure, dagster_instance=instance, dagster_run=result.dagster_run,
            resources={"home": home},
        ) as context:  # fmt: skip
            definitions.on_failure(context.for_run_failure())
    (line,) = (tmp_path / "logs" / "failures.jsonl").read_text(encoding="utf-8").splitlines()
    assert (json.loads(line)["job"], json.loads(line)["run_id"]) == ("broken", result.run_id)


def test_a_run_of_the_command_line_that_died_holds_nothing_up(tmp_path: Path) -> None:
    home = home_at(tmp_path).place
    with dg.DagsterInstance.ephemeral() as instance:
        for tags in (abandoned.TAGS, {}):  # the second is Dagster's own
            for status in (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.SUCCESS):
                instance.create_run_for_job(_nothing, tags=tags, status=status)

        def ended() -> list[str]:
            return [run.status.value for run in reversed(instance.get_runs())]

        with home.lock_file.open() as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            abandoned.close(instance, home)
            assert ended() == ["STARTED", "NOT_STARTED", "SUCCESS"] * 2  # it may be the one at work
        abandoned.close(instance, home)
        assert ended() == ["FAILURE", "FAILURE", "SUCCESS", "STARTED", "NOT_STARTED", "SUCCESS"]


# --- Settings reach the assets -------------------------------------------------------------------------------------


def test_definitions_are_made_for_one_installation(tmp_path: Path) -> None:
    made = definitions.definitions(Settings(tmp_path / "h", tmp_path / "l", rules={"activation.idle": "false"}))
    home = made.resources["home"]
    assert (home.home, home.landing, home.rules) == (
        str(tmp_path / "h"),
        str(tmp_path / "l"),
        {"activation.idle": "false"},
    )


def circumstances(tags: dict[str, str], rules: dict[str, str] | None = None) -> graph.Circumstances:
    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(_nothing, tags=tags)
        home = graph.HomeResource(home="h", landing="l", regions="", rules=rules or {}, keep_releases=9)
        return graph.Circumstances.of(run, instance, home)


@dg.job
def _nothing() -> None: ...


def test_a_run_without_tags_is_for_the_day_it_was_made() -> None:
    now = circumstances({})
    assert now.context.as_of == now.today == now.made_at.date()
    assert str(now.made_at.tzinfo) == "Asia/Shanghai"
    assert (now.what_if, now.keep_fresh, now.context.rules.label) == (False, False, "2025.1")


def test_tags_say_what_a_run_is_for() -> None:
    tags = {graph.AS_OF: "2026-06-30", graph.OVERRIDES: '{"activation.idle": "false"}', graph.KEEP_FRESH: "true"}
    now = circumstances(tags)
    assert (str(now.context.as_of), now.what_if, now.keep_fresh) == ("2026-06-30", True, True)
    assert now.context.rules.label == "2025.1+activation.idle=false"


def test_standing_choices_are_no_what_if() -> None:
    now = circumstances({}, rules={"activation.idle": "false"})
    assert (now.what_if, now.context.rules.label) == (False, "2025.1+activation.idle=false")


# --- Dagster's own tools -------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [["dagster", "asset", "list", "-m", "pipelines.definitions"], ["dg", "list", "defs", "--json"]]
)
def test_dagsters_own_commands_find_everything(command: list[str], tmp_path: Path) -> None:
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    environment = {**os.environ, "DAGSTER_HOME": str(tmp_path), "NO_COLOR": "1"}
    tool = Path(sys.executable).with_name(command[0])
    done = subprocess.run([tool, *command[1:]], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    for key in ("raw/submission", "indicator/industrial_far", "release/current"):
        assert key in done.stdout

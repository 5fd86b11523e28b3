"""What the tests need of Airflow's insides, wherever the installed version keeps it."""

import functools
import inspect
from pathlib import Path
from typing import Any

try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag

try:
    from airflow.sdk.serde import deserialize
except ImportError:
    from airflow.serialization.serde import deserialize

try:
    from airflow.serialization.serialized_objects import DagSerialization
except ImportError:
    from airflow.serialization.serialized_objects import SerializedDAG as DagSerialization

__all__ = ["DagSerialization", "bagged", "deserialize", "make_database", "parse", "store"]

# What Airflow calls the folder of `[core] dags_folder`.
BUNDLE = "dags-folder"


def make_database() -> None:
    """Make Airflow's database, and enter the folder of DAGs where folders are entered."""
    from airflow.utils.db import initdb  # noqa: PLC0415 - what it needs is found once settings are there

    initdb()
    _make_the_execution_api_once()
    try:
        from airflow.dag_processing.bundles.manager import DagBundlesManager  # noqa: PLC0415
    except ImportError:
        return
    DagBundlesManager().sync_bundles_to_db()


def _make_the_execution_api_once() -> None:
    """Let ``dag.test()`` make its execution API once and not for each task, as newer Airflows do."""
    try:
        from airflow.sdk.execution_time import supervisor  # noqa: PLC0415 - Airflow 2 has none
    except ImportError:
        return
    if not hasattr(supervisor.in_process_api_server, "cache_info"):
        supervisor.in_process_api_server = functools.lru_cache(supervisor.in_process_api_server)


def parse(folder: Path) -> DagBag:
    """Return the DAGs of a folder, as the DAG processor reads them."""
    named = "bundle_name" in inspect.signature(DagBag).parameters
    return DagBag(folder, **({"bundle_name": BUNDLE} if named else {"include_examples": False}))


def bagged(dag: Any, *, nowhere: Path) -> DagBag:
    """Return a DAG that no file holds as if it had been read from one; ``nowhere`` is no folder."""
    if dag.relative_fileloc is None:
        dag.relative_fileloc = Path(dag.fileloc).name
    bag = parse(nowhere)
    rooted = "root_dag" in inspect.signature(bag.bag_dag).parameters
    bag.bag_dag(dag, **({"root_dag": dag} if rooted else {}))
    return bag


def store(dag: Any, *, nowhere: Path) -> None:
    """Enter a DAG that no file holds into the database; ``nowhere`` is no folder."""
    bag = bagged(dag, nowhere=nowhere)
    module = inspect.getmodule(DagBag)
    if hasattr(module, "sync_bag_to_db"):
        module.sync_bag_to_db(bag, BUNDLE, None)
    elif "bundle_name" in inspect.signature(bag.sync_to_db).parameters:
        bag.sync_to_db(BUNDLE, None)
    else:
        bag.sync_to_db()

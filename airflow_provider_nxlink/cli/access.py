"""How the commands that speak to NXLink get at it: a connection from the environment, or Airflow's."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from airflow_provider_nxlink.api.account import Account, AccountError
from airflow_provider_nxlink.connection import account_of, read_connection

# ruff: noqa: PLC0415 - requests takes 0.1 s to import, Airflow seconds, and Airflow may not be there

if TYPE_CHECKING:
    from airflow_provider_nxlink.api.client import NxlinkClient

DEFAULT_CONNECTION = "nxlink_default"


def client_for(options: argparse.Namespace) -> NxlinkClient:
    """
    Return a client for the connection that the options name.

    :raises AccountError: there is no such connection, or it can't be used.
    """
    from airflow_provider_nxlink.api.client import NxlinkClient

    return NxlinkClient(_account(options), pool_size=getattr(options, "max_concurrency", 1))


def _account(options: argparse.Namespace) -> Account:
    name = options.conn_id or DEFAULT_CONNECTION
    variable = f"AIRFLOW_CONN_{name.upper()}"
    text = os.environ.get(variable)
    if not text:
        return _from_airflow(name, variable, options)
    source = f"the connection in {variable}"
    fields, extra = read_connection(text, source)
    return account_of(fields, extra, phone=options.phone, tenant_id=options.tenant_id, source=source)


def _from_airflow(name: str, variable: str, options: argparse.Namespace) -> Account:
    if options.conn_id is None:
        problem = (
            f"{variable} is not set: put the connection there as JSON or URI, or name one with --conn-id"
        )
        raise AccountError([problem], "the connection")
    # Airflow 3 asks its own database in a process that says so, as `airflow connections test`.
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    # Airflow logs to the standard output that it finds when it is imported; ours is for what a command tells.
    with redirect_stdout(sys.stderr):
        try:
            from airflow.providers.common.compat.sdk import AirflowNotFoundException

            from airflow_provider_nxlink.hooks.nxlink import NxlinkHook
        except ImportError:
            raise AccountError(
                [f"{variable} is not set, and there is no Airflow to ask"], "the connection"
            ) from None
        _keep_logs_off_stdout()
        try:
            return NxlinkHook(name, phone=options.phone, tenant_id=options.tenant_id).account
        except AirflowNotFoundException as error:
            raise AccountError([str(error)], "the connection") from None


def _keep_logs_off_stdout() -> None:
    """Take away the handler of an Airflow before 3.2 that was imported before."""
    root = logging.getLogger()
    for handler in [one for one in root.handlers if getattr(one, "stream", None) is sys.__stdout__]:
        root.removeHandler(handler)

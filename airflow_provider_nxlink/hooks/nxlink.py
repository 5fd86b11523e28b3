"""From an Airflow connection to an NXLink client."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowNotFoundException, BaseHook

from airflow_provider_nxlink import api, connection_form, provisioning, specs
from airflow_provider_nxlink.api.retries import DEFAULT_ATTEMPTS
from airflow_provider_nxlink.connection import account_of
from airflow_provider_nxlink.provisioning.options import (
    DEFAULT_CONCURRENCY,
    DEFAULT_CREATES_PER_HOUR,
    DEFAULT_MAX_DELETES,
    Compare,
    OnCategoryChange,
    Options,
    Rules,
)

if TYPE_CHECKING:
    from requests import Session

    from airflow_provider_nxlink.api.account import Account
    from airflow_provider_nxlink.api.client import AsyncNxlinkClient, NxlinkClient
    from airflow_provider_nxlink.api.models import Flow, Media, Template, TemplateId, TemplateRef
    from airflow_provider_nxlink.provisioning.apply import Applied
    from airflow_provider_nxlink.provisioning.progress import OnProgress
    from airflow_provider_nxlink.provisioning.report import Report
    from airflow_provider_nxlink.provisioning.write import IfExists
    from airflow_provider_nxlink.specs.model import TemplateSpec
    from airflow_provider_nxlink.specs.rules import Validation


class NxlinkHook(BaseHook):
    """
    Speaks to NXLink with the key, sender and tenant of an Airflow connection.

    .. code-block:: python

        @task
        def names_in_use():
            return [t.name for t in NxlinkHook().list_templates() if t.status == TemplateStatus.IN_USE]

    Templates come back as :class:`~airflow_provider_nxlink.api.models.Template`; its ``to_dict()`` is plain
    JSON for XCom. Each method that sends raises the errors of ``airflow_provider_nxlink.api.errors``:
    ``NxlinkApiError`` when NXLink refuses, ``NxlinkTransportError`` when no answer came,
    ``NxlinkRateLimitError`` on HTTP 429.

    :param nxlink_conn_id: the connection, of type ``nxlink``.
    :param phone: the WhatsApp sender, instead of the connection's.
    :param tenant_id: NXLink's tenant, instead of the connection's.
    """

    conn_name_attr = "nxlink_conn_id"
    default_conn_name = "nxlink_default"
    conn_type = connection_form.CONNECTION_TYPE
    hook_name = connection_form.HOOK_NAME

    def __init__(
        self,
        nxlink_conn_id: str = default_conn_name,
        *,
        phone: str | None = None,
        tenant_id: int | str | None = None,
    ) -> None:
        super().__init__()
        self.nxlink_conn_id = nxlink_conn_id
        self.phone = phone
        self.tenant_id = tenant_id

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle or a copy holds: not the account and the client, which are looked up anew."""
        return {key: value for key, value in vars(self).items() if key not in ("account", "client")}

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return the connection form's labels and placeholders, for Airflow before 3.3."""
        return connection_form.ui_field_behaviour()

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the connection form's own fields, for Airflow before 3.3."""
        return connection_form.form_widgets()

    @cached_property
    def account(self) -> Account:
        """
        The connection's settings, checked.

        :raises AccountError: with every field that is missing or wrong.
        """
        connection = self.get_connection(self.nxlink_conn_id)
        return self.account_from(_fields(connection), connection.extra_dejson)

    def reload(self) -> None:
        """
        Look the connection up again, and drop the client if anything about the connection has changed.

        :raises AccountError: with every field that is missing or wrong; the client stays as it is.
        :raises AirflowNotFoundException: there is no such connection any more.
        """
        connection = self.get_connection(self.nxlink_conn_id)
        account = self.account_from(_fields(connection), connection.extra_dejson)
        if account == self.__dict__.get("account"):
            return
        client = self.__dict__.pop("client", None)
        self.__dict__["account"] = account
        if client is not None:
            client.close()

    @cached_property
    def client(self) -> NxlinkClient:
        """The client all methods of this hook share, with its pool of connections."""
        return self._client()

    def get_conn(self) -> Session:
        """Return a requests session that signs whatever it sends to the connection's host."""
        return self.client.session

    async def async_client(self, *, attempts: int = DEFAULT_ATTEMPTS) -> AsyncNxlinkClient:
        """
        Return a client for the event loop; the connection is looked up without blocking it.

        :param attempts: how often a call is sent at most.
        """
        account = self.account_from(*await self.async_fields())
        return api.client.AsyncNxlinkClient(account, attempts=attempts)

    async def async_fields(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """
        Look the connection up without blocking the event loop; return what :meth:`account_from` takes.

        :raises AirflowNotFoundException: there is no such connection.
        """
        from airflow.providers.common.compat.connection import (  # noqa: PLC0415 - for triggers alone
            get_async_connection,
            get_async_extra_dejson,
        )

        connection = await get_async_connection(self.nxlink_conn_id, hook=self)
        return _fields(connection), dict(await get_async_extra_dejson(connection))

    def test_connection(self) -> tuple[bool, str]:
        """Ask for one page of templates; return whether it came, and a sentence for the person who asked."""
        try:
            with self._client(attempts=1) as client:
                page = client.send(api.calls.list_templates(self.account, page_size=1))
        except api.errors.NxlinkError as error:
            # The host may be any that the worker reaches: show nothing of what it answers.
            return False, error.brief
        except (api.account.AccountError, AirflowNotFoundException) as error:
            return False, str(error)
        except Exception as error:  # noqa: BLE001 - the page that asks shows nothing but this answer
            return False, f"{type(error).__name__} while testing the connection; see the server's log"
        count = len(page.templates) if page.total is None else page.total
        templates = "1 template" if count == 1 else f"{count} templates"
        return True, f"NXLink accepts the key; sender {self.account.phone} has {templates}"

    def list_templates(self, name: str | None = None) -> Iterator[Template]:
        """
        Iterate over all templates of the sender, page by page as they are consumed.

        :param name: only those with exactly this name.
        """
        for template in self.client.templates(name):
            if name is None or template.name == name:
                yield template

    def find_template(self, name: str, language: str) -> Template | None:
        """Return the template with this name and language as the list has it; None if there is none."""
        return self.look_up(api.models.TemplateRef(name=name, language=language))

    def look_up(self, ref: TemplateRef) -> Template | None:
        """Return the template ``ref`` means, by its id or its name and language; None if there is none."""
        return api.lookup.find_template(self.client, ref)

    def get_template(self, template_id: TemplateId) -> Template:
        """
        Return a template with its details: ``components`` or ``buttons``, as NXLink gives them.

        :raises TemplateNotFoundError: there is no template with this id.
        """
        return api.lookup.get_template(self.client, template_id)

    def create_template(
        self,
        spec: TemplateSpec | Mapping[str, Any],
        *,
        if_exists: IfExists = "fail",
        resuming: bool = False,
    ) -> Template:
        """
        Create a template, unless there is one with its name and language already.

        :param spec: the template, checked.
        :param if_exists: ``"fail"``, or ``"skip"`` to take the existing one as it is.
        :param resuming: an earlier try of the same task may have created it: then one that is there with
            the same content is taken for it.
        :raises TemplateExistsError: there is one, and ``if_exists`` is ``"fail"``.
        """
        return provisioning.write.create(self.client, _spec(spec), if_exists=if_exists, resuming=resuming)

    def update_template(self, spec: TemplateSpec | Mapping[str, Any], *, resuming: bool = False) -> Template:
        """
        Replace a template, whole: what the spec leaves out is removed.

        :param spec: the template, checked; name and language say which one it replaces.
        :param resuming: an earlier try of the same task may have done it: then nothing is sent if the
            template already is what the spec says.
        :raises TemplateNotFoundError: there is no template with this name and language.
        """
        return provisioning.write.update(self.client, _spec(spec), resuming=resuming)

    def apply_template(
        self,
        spec: TemplateSpec | Mapping[str, Any],
        *,
        compare: Compare = "full",
        on_category_change: OnCategoryChange = "warn",
        resuming: bool = False,
    ) -> Applied:
        """
        Make a template be what ``spec`` says: create it, update it, or send nothing when it is equal.

        :param spec: the template, checked.
        :param compare: ``"full"`` with the details; ``"content"`` with what the list alone tells;
            ``"always"`` sends it in any case, as another picture needs, which NXLink does not show.
        :param on_category_change: what a category that Meta gave it is: ``"warn"`` or ``"fail"``.
        :param resuming: an earlier try of the same task may have done it: what certainly is sent is not sent
            again.
        :return: the template as ``.template``, with ``.action`` (``created``, ``updated`` or ``unchanged``),
            ``.differences`` and ``.drift``; ``.to_dict()`` is plain JSON.
        :raises TemplateBlockedError: it differs and can't be changed now; the message says what to do.
        """
        return provisioning.apply.apply(
            self.client, _spec(spec), Rules(compare, on_category_change, resuming)
        )

    def sync_templates(
        self,
        specs: str | Path | Iterable[TemplateSpec | Mapping[str, Any] | str | Path],
        *,
        validation: Validation = "strict",
        compare: Compare = "full",
        on_category_change: OnCategoryChange = "warn",
        prune: bool = False,
        prune_pattern: str | None = None,
        max_deletes: int = DEFAULT_MAX_DELETES,
        max_concurrency: int = DEFAULT_CONCURRENCY,
        max_creates_per_hour: int = DEFAULT_CREATES_PER_HOUR,
        dry_run: bool = False,
        resuming: bool = False,
        done: Collection[TemplateRef] = (),
        created: Iterable[float] = (),
        on_progress: OnProgress | None = None,
    ) -> Report:
        """
        Make many templates be what ``specs`` say; nothing is sent before all are valid.

        :param specs: a list of specs, mappings and spec files, or a folder of spec files; not rendered here.
        :param validation: ``"strict"``, ``"warn"`` or ``"off"``.
        :param compare: as for :meth:`apply_template`.
        :param on_category_change: as for :meth:`apply_template`.
        :param prune: delete templates that match ``prune_pattern`` and are not among the specs.
        :param prune_pattern: names as in a shell, such as ``promo_*``.
        :param max_deletes: with more than this to delete, nothing is done at all.
        :param max_concurrency: how many calls at a time.
        :param max_creates_per_hour: how many creations within any hour, 0 for any number; what is left then
            is told by the error, and done by the next call.
        :param dry_run: only plan.
        :param resuming: as for :meth:`apply_template`.
        :param done: what this run has written already, and need not compare again.
        :param created: when this task created templates, as an earlier report says.
        :param on_progress: called with each result, how many there are, and how many there will be.
        :return: what became of each; ``.to_dict()`` is plain JSON.
        :raises TemplateSpecError: with everything that is wrong with any of the specs.
        :raises PlanRefusedError: more is to be deleted than ``max_deletes``.
        :raises TemplateSyncError: some are not as they should be; its ``report`` says what was done.
        """
        rules = Rules(compare, on_category_change, resuming)
        options = Options(rules, prune, prune_pattern, max_deletes, max_concurrency, max_creates_per_hour)
        wanted, violations = provisioning.gather.load_all(
            provisioning.gather.gather(specs, Path), validation=validation
        )
        for violation in violations:
            self.log.warning("%s", violation)
        with self._client(pool_size=max_concurrency) as client:
            report = provisioning.sync.sync(
                client,
                wanted,
                options,
                done=done,
                created=created,
                dry_run=dry_run,
                on_progress=on_progress,
            )
        report.raise_for_failures()
        return report

    def delete_template(self, template_id: TemplateId) -> bool:
        """
        Delete a template; return False when it was gone already.

        :param template_id: its id.
        """
        found = self.look_up(api.models.TemplateRef.of(template_id))
        if api.writes.is_gone(found) or found is None:
            return False
        api.writes.delete_template(self.client, found)
        return True

    def list_flows(self) -> list[Flow]:
        """Return the WhatsApp Flows of the sender."""
        return self.client.send(api.calls.list_flows(self.account))

    def upload_media(self, url: str) -> Media:
        """
        Have NXLink fetch a header sample.

        :param url: http(s) address that NXLink's servers can reach. Meta takes JPEG and PNG up to 5 MB, MP4
            up to 16 MB and PDF up to 100 MB.
        """
        return self.client.send(api.calls.upload_media(self.account, url))

    def with_media(self, spec: TemplateSpec) -> TemplateSpec:
        """Return ``spec`` ready to be sent: a header that names only a URL is uploaded first."""
        return provisioning.media.with_media(self.client, spec)

    def _client(self, **arguments: Any) -> NxlinkClient:
        return api.client.NxlinkClient(self.account, **arguments)

    def account_from(self, fields: Mapping[str, Any], extra: Mapping[str, Any]) -> Account:
        """
        Return the account that a connection's fields and its extra make with this hook's sender and tenant.

        :raises AccountError: with every field that is missing or wrong.
        """
        return account_of(
            fields,
            extra,
            phone=self.phone,
            tenant_id=self.tenant_id,
            source=f"NXLink connection {self.nxlink_conn_id!r}",
        )


def _fields(connection: Any) -> dict[str, Any]:
    return {name: getattr(connection, name) for name in ("host", "port", "login", "password")}


def _spec(spec: TemplateSpec | Mapping[str, Any]) -> TemplateSpec:
    return specs.model.TemplateSpec.from_mapping(spec)

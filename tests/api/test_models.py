"""NXLink's answers in one form: every shape of the contract, from the sandbox and out of thin air."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.models import (
    Flow,
    Media,
    Template,
    TemplateRef,
    TemplateStatus,
    normalized_id,
    whole_number,
)
from tests.api.conftest import BODY, CALLS, account_of

ACCOUNT = account_of("https://nxlink.example")


@pytest.mark.parametrize("form", ["null", "int", "string", "object", "template_id", "whole"])
@pytest.mark.parametrize("ids", ["int", "string"])
def test_a_written_id_is_taken_where_one_is_plain(connect, sandbox, form, ids):
    sandbox.switch(create=form, update=form, ids=ids, edits_per_day=0)
    account = account_of(sandbox.url)
    sender = connect(account)

    created = sender.send(calls.create_template(account, BODY))
    updated = sender.send(calls.update_template(account, BODY))

    template_id = sandbox.template("promo", "en_US").id
    assert created == updated == (None if form == "null" else template_id)


@pytest.mark.parametrize(
    "data",
    [
        None,
        True,
        0,
        "0",
        -1,
        "-1",
        3.5,
        "",
        "ok",
        "success",
        [314],
        {},
        {"id": None},
        {"id": {}},
        {"id": "x"},
    ],
    ids=repr,
)
def test_an_id_that_is_not_plain_is_none(data):
    assert calls.create_template(ACCOUNT, {}).read(data) is None


@pytest.mark.parametrize(
    "data", [314, "314", " 314 ", {"id": 314}, {"template_id": "314"}, {"templateId": 314}]
)
def test_a_plain_id_is_an_integer(data):
    assert calls.update_template(ACCOUNT, {}).read(data) == 314


@pytest.mark.parametrize("form", ["null", "int", "object", "whole"])
def test_whatever_a_delete_answers_it_is_done(connect, sandbox, form):
    sandbox.switch(delete=form)
    (template_id,) = sandbox.seed([BODY])
    account = account_of(sandbox.url)

    assert connect(account).send(calls.delete_template(account, template_id)) is None
    assert sandbox.template("promo", "en_US") is None


LIST_SHAPES = [
    {},
    {"list": "array"},
    {"ids": "string"},
    {"status": "string"},
    {"category_type": "string"},
    {"code": "string"},
    {"message": "null"},
    {"reason_key": "snake"},
    {"times": "zulu"},
]


@pytest.mark.parametrize("shape", LIST_SHAPES, ids=repr)
def test_a_row_of_the_list_reads_the_same_in_every_shape(connect, sandbox, shape):
    sandbox.switch(**shape)
    sandbox.seed([{**BODY, "id": 314, "status": 0, "waRejectedReason": "SPAM"}])

    (template,) = connect(account_of(sandbox.url)).list()

    assert (template.id, template.name, template.language) == (314, "promo", "en_US")
    assert (template.status, template.status_name) == (TemplateStatus.REJECTED, "REJECTED")
    assert (template.category, template.content, template.rejected_reason) == ("MARKETING", "Hello", "SPAM")
    assert template.created_at[:2] == "20"


@pytest.mark.parametrize("shape", [{"no_reason": "empty"}, {"no_reason": "none"}])
def test_no_reason_is_none(connect, sandbox, shape):
    sandbox.switch(**shape)
    sandbox.seed([BODY])
    (template,) = connect(account_of(sandbox.url)).list()
    assert template.rejected_reason is None


def test_the_year_1_means_never(connect, sandbox):
    sandbox.switch(times="never")
    sandbox.seed([BODY])
    (template,) = connect(account_of(sandbox.url)).list()
    assert (template.created_at, template.updated_at) == (None, None)


def test_a_status_that_is_missing_is_unknown(connect, sandbox):
    sandbox.switch(status="missing")
    sandbox.seed([BODY])
    (template,) = connect(account_of(sandbox.url)).list()
    assert (template.status, template.status_name) == (None, "UNKNOWN")


@pytest.mark.parametrize("data", [None, [], {"list": None}, {"list": []}, {}, {"list": None, "total": 0}])
def test_an_empty_list_is_empty_in_every_shape(data):
    assert calls.list_templates(ACCOUNT).read(data).templates == []


BUTTON = {"type": "URL", "text": "Shop", "url": "https://shop.example/?a=b"}


@pytest.mark.parametrize("media_url", ["signed", "plain"])
def test_details_in_shape_a_have_components_and_the_id_asked_for(connect, sandbox, media_url):
    sandbox.switch(details="A", media_url=media_url)
    media = {"mediaType": "IMAGE", "mediaId": "7", "mediaName": "a.jpg"}
    (template_id,) = sandbox.seed([{**BODY, **media, "buttonComponents": [BUTTON]}])
    account = account_of(sandbox.url)

    details = connect(account).send(calls.get_template(account, str(template_id)))

    assert details.id == template_id
    assert (details.name, details.category, details.buttons) == ("promo", "MARKETING", None)
    assert (details.status, details.language, details.content) == (None, None, None)
    assert [part["type"] for part in details.components] == ["HEADER", "BODY", "BUTTONS"]
    assert details.components[2]["buttons"][0]["url"] == BUTTON["url"]
    assert "Signature" not in json.dumps(details.to_dict())
    assert "buttons" not in details.to_dict()


@pytest.mark.parametrize("buttons", [None, [BUTTON]])
def test_details_in_shape_b_are_flat(connect, sandbox, buttons):
    sandbox.switch(details="B")
    (template_id,) = sandbox.seed([{**BODY, "buttonComponents": buttons}])
    account = account_of(sandbox.url)

    details = connect(account).send(calls.get_template(account, template_id))

    assert (details.status, details.content, details.components) == (2, "Hello", None)
    assert details.buttons == buttons


def test_details_of_none_are_none(connect, sandbox):
    account = account_of(sandbox.url)
    assert connect(account).send(calls.get_template(account, 404)) is None


@pytest.mark.parametrize("form", ["with_h", "without_h"])
def test_an_upload_reads_with_and_without_its_handle(connect, sandbox, form):
    sandbox.switch(upload=form)
    account = account_of(sandbox.url)

    media = connect(account).send(calls.upload_media(account, "https://example.com/a.jpg"))

    assert media.media_id.isdecimal()
    assert (media.original_filename, media.media_type) == ("a.jpg", "IMAGE")
    assert bool(media.h) is (form == "with_h")
    assert "?" not in media.url
    assert set(media.to_dict()) == {"media_id", "original_filename", "media_type", "h", "url"}


@pytest.mark.parametrize(
    "data", [None, [], "x", {}, {"media_id": None}, {"media_id": "../x"}, {"media_id": True}]
)
def test_an_upload_without_id_is_no_upload(data):
    with pytest.raises(ValidationError):
        Media.model_validate(data)


def test_flows_read_from_both_forms(connect, sandbox):
    account = account_of(sandbox.url)
    sandbox.add_references(flows=[{"id": "77", "name": "Sign up", "status": "PUBLISHED"}])

    flows = connect(account).send(calls.list_flows(account))

    assert ("77", "Sign up", "PUBLISHED") in [(flow.id, flow.name, flow.status) for flow in flows]
    assert calls.list_flows(ACCOUNT).read([{"id": 1}]) == [Flow.model_validate({"id": "1"})]
    assert calls.list_flows(ACCOUNT).read(None) == calls.list_flows(ACCOUNT).read({"flow_list": None}) == []


def test_a_flow_is_read_with_all_there_is_of_it():
    flow = Flow.model_validate(
        {
            "id": 1,
            "name": "Sign up",
            "status": "PUBLISHED",
            "categories": ["SIGN_UP", None, 7],
            "validation_errors": [{"error": "INVALID_PROPERTY"}],
            "published": True,
            "json_version": 7.1,
            "data_api_version": "3.0",
            "preview_url": "https://f.example/p?token=x",
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-02T00:00:00Z",
        }
    )
    assert flow.to_dict() == {
        "id": "1",
        "name": "Sign up",
        "status": "PUBLISHED",
        "categories": ["SIGN_UP", "7"],
        "validation_errors": [{"error": "INVALID_PROPERTY"}],
        "published": True,
        "json_version": "7.1",
        "data_api_version": "3.0",
        "preview_url": "https://f.example/p",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-02T00:00:00Z",
    }


def test_a_flow_lacks_what_can_not_be_read_and_what_never_was():
    odd = dict.fromkeys(("categories", "validation_errors", "published"), "x") | {"preview_url": ""}
    never = dict.fromkeys(("created_at", "updated_at"), "0001-01-01T00:00:00Z")

    assert Flow.model_validate(odd | never) == Flow.model_validate({})


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (2, 2),
        ("2", 2),
        (" 2 ", 2),
        ("-1", -1),
        (True, None),
        ("", None),
        ("two", None),
        ("²", None),
        ("1" * 18, int("1" * 18)),
        ("1" * 19, None),
        (10**18, None),
        (1.5, None),
        (None, None),
        ([], None),
    ],
)
def test_a_number_is_read_from_an_integer_or_a_string_of_digits(value, number):
    assert whole_number(value) == number


@pytest.mark.parametrize(
    ("value", "template_id"),
    [
        (314, 314),
        ("314", 314),
        ("0314", "0314"),
        (2**63 - 1, 2**63 - 1),
        (2**63, str(2**63)),  # beyond 64 bits: neither msgpack nor a database takes such an integer
        ("7" * 40, "7" * 40),
        (10**39, str(10**39)),
        ("a-b_C", "a-b_C"),
        (True, None),
        (1.0, None),
        ("", None),
        ("a b", None),
        ("1" * 65, None),
        (10**64, None),
        ("٣", None),
        (None, None),
    ],
)
def test_an_id_is_an_integer_where_it_can_be(value, template_id):
    assert normalized_id(value) == template_id


@pytest.mark.parametrize(
    ("given", "category"),
    [
        ({"category_type": "2"}, "UTILITY"),
        ({"category_type": 1, "category": "OTHER"}, "OTHER"),
        ({"category_type": 9}, None),
        ({}, None),
    ],
)
def test_a_category_is_its_own_word_or_that_of_its_number(given, category):
    assert Template.model_validate(given).category == category


def test_a_text_that_is_a_number_is_a_text():
    template = Template.model_validate({"name": 7, "quality": 5.5, "created_at": 2026, "updated_at": 2027})
    assert (template.name, template.quality) == ("7", "5.5")
    assert (template.created_at, template.updated_at) == ("2026", "2027")


def test_text_from_nxlink_is_data_whatever_it_holds():
    text = "{{ var.value.x }} {% raw %}牛 😀 תבנית \x00\u202e"
    template = Template.model_validate({"name": text, "content": text, "language": text})
    assert (template.name, template.content, template["language"]) == (text, text, text)


# References

REF = {"name": "promo", "language": "en_US"}


@pytest.mark.parametrize(
    ("value", "ref"),
    [
        (314, TemplateRef(id=314)),
        ("314", TemplateRef(id=314)),
        ({"id": "314"}, TemplateRef(id=314)),
        (REF, TemplateRef(**REF)),
        ({**REF, "id": None, "content": "x"}, TemplateRef(**REF)),
        ({**REF, "id": ""}, TemplateRef(**REF)),
        ({**REF, "id": 314}, TemplateRef(id=314, **REF)),
        ({"id": 314, "name": "promo"}, TemplateRef(id=314)),
        (Template.model_validate({**REF, "id": 314}), TemplateRef(id=314, **REF)),
        (TemplateRef(id=1), TemplateRef(id=1)),
    ],
)
def test_a_reference_is_an_id_or_a_name_with_language(value, ref):
    assert TemplateRef.of(value) == ref


@pytest.mark.parametrize(
    ("ref", "plain", "text"),
    [
        (TemplateRef(id=314), {"id": 314}, "template 314"),
        (TemplateRef(**REF), REF, "template promo (en_US)"),
        (TemplateRef(id=314, **REF), {"id": 314, **REF}, "template promo (en_US)"),
    ],
)
def test_a_reference_is_handed_on_and_told_with_what_is_known(ref, plain, text):
    assert (ref.to_dict(), str(ref)) == (plain, text)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "promo",
        {},
        {"name": "promo"},
        {"language": "en"},
        {"name": 1, "language": 2},
        True,
        1.5,
        [314],
        {"id": "../1"},
        {"id": True, **REF},
        -1,
    ],
    ids=repr,
)
def test_a_reference_to_nothing_names_the_field(value):
    with pytest.raises(ValueError, match=r"^which"):
        TemplateRef.of(value, "which")


def test_of_two_with_one_name_the_one_not_deleted_is_meant():
    gone, made_anew = ({**REF, "id": number, "status": status} for number, status in ((1, 14), (2, 1)))
    rows = [Template.model_validate(row) for row in (gone, made_anew)]
    other = Template.model_validate({**REF, "name": "other"})

    assert TemplateRef(**REF).find_in([other, *rows]).id == 2
    assert TemplateRef(**REF).find_in(reversed(rows)).id == 2
    assert TemplateRef(**REF).find_in([other, rows[0]]).id == 1
    assert TemplateRef(id=1).find_in(rows).id == 1
    assert TemplateRef(**REF).find_in([other]) is None


# Out of thin air

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["2", "NONE", "https://["]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
FIELDS = {
    *Template.model_fields,
    *Flow.model_fields,
    *Media.model_fields,
    "waRejectedReason",
    "wa_rejected_reason",
    "category_type",
    "buttonComponents",
    "list",
    "total",
    "has_next_page",
    "flow_list",
    "template_id",
    "templateId",
}
objects = st.dictionaries(st.sampled_from(sorted(FIELDS)), json_values, max_size=8)


@given(
    st.sampled_from(sorted(CALLS)),
    st.builds(lambda one, more: one or more, objects, json_values) | st.lists(objects),
)
def test_any_data_is_a_model_in_plain_json_or_a_value_error(call, data):
    try:
        result = CALLS[call](ACCOUNT).read(data)
    except ValueError:
        return
    for model in getattr(result, "templates", result if isinstance(result, list) else [result]):
        plain = model.to_dict() if hasattr(model, "to_dict") else model
        assert json.dumps(plain)


@given(objects)
def test_what_a_template_returns_reads_back_as_itself(data):
    template = Template.model_validate(data)
    assert Template.model_validate(template.to_dict()) == template


@given(objects)
def test_what_a_flow_or_an_upload_returns_reads_back_as_itself(data):
    flow = Flow.model_validate(data)
    assert Flow.model_validate(flow.to_dict()) == flow
    media = Media.model_validate({**data, "media_id": "7"})
    assert Media.model_validate(media.to_dict()) == media


@given(json_values | objects)
def test_anything_is_a_reference_that_reads_back_as_itself_or_a_value_error(value):
    try:
        ref = TemplateRef.of(value, "which")
    except ValueError as error:
        assert str(error).startswith("which")  # noqa: PT017 - either way of ending is right
        return
    assert TemplateRef.of(ref.to_dict()) == ref
    assert ref.id is not None or (ref.name and ref.language)
    assert str(ref).startswith("template ")


@given(st.lists(objects, max_size=5), objects)
def test_a_page_of_the_list_keeps_each_of_its_templates(rows, more):
    page = calls.list_templates(ACCOUNT).read({**more, "list": rows})
    assert page.templates == [Template.model_validate(row) for row in rows]
    assert page.total is None or isinstance(page.total, int)
    assert page.has_next_page in {None, True, False}

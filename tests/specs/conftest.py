"""Fixtures of the spec tests."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from airflow_provider_nxlink.specs import languages
from airflow_provider_nxlink.specs.model import (
    Button,
    ButtonEvent,
    CopyCodeButton,
    FlowButton,
    PhoneButton,
    QuickReply,
    TemplateSpec,
    UrlButton,
)

VENDOR_BODIES: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("vendor_bodies.json").read_text(encoding="utf-8")
)


@pytest.fixture(params=sorted(VENDOR_BODIES))
def vendor_body(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each request body of the vendor's page, as it stands there."""
    return dict(VENDOR_BODIES[request.param])


@pytest.fixture
def minimal() -> dict[str, Any]:
    """The least a template needs."""
    return {"name": "hello", "language": "en_US", "category": "UTILITY", "content": "Hello there"}


ALPHABET = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="{}")
IDS = st.integers(1, 10**15).map(str)


def text(limit: int) -> st.SearchStrategy[str]:
    return st.text(ALPHABET, min_size=1, max_size=limit).filter(str.strip)


EVENTS = st.lists(
    st.one_of(
        st.builds(ButtonEvent, event=st.just("tag"), tag_name=text(20)),
        st.builds(ButtonEvent, event=st.just("text"), text=text(20)),
        st.builds(ButtonEvent, event=st.just("template"), template_id=IDS, template_name=text(20)),
    ),
    max_size=2,
)
PATHS = st.from_regex(r"[a-z0-9/]{0,20}", fullmatch=True)
URLS = st.builds("https://shop.example/{}{}".format, PATHS, st.sampled_from(["", "?a=", "?utm=x&id="]))
REPLIES = st.builds(
    QuickReply,
    text(25),
    customize_type=st.sampled_from([None, "conventional", "unsubscribe"]),
    events=EVENTS,
)
LINKS = st.one_of(
    st.builds(UrlButton, text(25), URLS, st.none(), events=EVENTS),
    st.builds(UrlButton, text(25), URLS.map("{}{{{{1}}}}".format), URLS),
)
OTHERS = st.builds(
    lambda links, *single: [*links, *(button for button in single if button)],
    st.lists(LINKS, max_size=2),
    st.none() | st.builds(PhoneButton, text(25), st.from_regex(r"\+?[0-9]{7,15}", fullmatch=True)),
    st.none() | st.builds(CopyCodeButton, text(15), text(25)),
    st.none() | st.builds(FlowButton, text(25), IDS),
)
BUTTONS: st.SearchStrategy[list[Button]] = st.builds(
    lambda replies, others, replies_first: replies + others if replies_first else others + replies,
    st.lists(REPLIES, max_size=5),
    OTHERS,
    st.booleans(),
)
CONTENTS = st.builds(
    lambda start, middle, count: f"{start} {middle.join(f'{{{{{n}}}}}' for n in range(1, count + 1))}.",
    text(60),
    text(20),
    st.integers(0, 5),
)
MEDIA = st.fixed_dictionaries(
    {"media_id": IDS, "original_filename": text(20), "media_type": st.sampled_from(["IMAGE", "VIDEO"])},
    optional={"h": text(40)},
)


@pytest.fixture(scope="session")
def valid_specs() -> st.SearchStrategy[TemplateSpec]:
    """Any spec that passes strict, and whose header needs no upload."""
    headers = st.one_of(
        st.just({}),
        st.builds(lambda value: {"header_text": value}, text(60)),
        st.just({"header_text": "Hi {{1}}"}),
        st.builds(lambda value: {"header_media": value}, MEDIA),
    )
    return st.builds(
        lambda header, **fields: TemplateSpec(**header, **fields),
        headers,
        name=st.from_regex(r"[a-z0-9_]{1,40}", fullmatch=True),
        language=st.sampled_from(sorted(languages.names())),
        category=st.sampled_from(["MARKETING", "UTILITY"]),
        content=CONTENTS | st.just("Hello {{WhatsApp}} there"),
        footer_text=st.none() | text(60),
        buttons=BUTTONS,
        tag_name=st.none() | text(20),
        syn_meta=st.none() | st.booleans(),
        is_close_auto_flow=st.none() | st.booleans(),
    )

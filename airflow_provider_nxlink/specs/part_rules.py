"""The rules that look at several fields of a template, or at several of its buttons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from airflow_provider_nxlink.specs.limits import BUTTON_LIMITS, LIMITS
from airflow_provider_nxlink.specs.model import Button, HeaderMedia, TemplateSpec
from airflow_provider_nxlink.specs.placeholders import BARE
from airflow_provider_nxlink.specs.plain import has_braces
from airflow_provider_nxlink.specs.violations import Violation, shown


def header_rules(spec: TemplateSpec) -> Iterator[Violation]:
    """Yield what is wrong with the header as a whole."""
    media = spec.header_media
    if spec.header_text and media:
        yield Violation(
            "header.one-kind",
            "header_text",
            shown(spec.header_text),
            "stands beside header_media",
            "A header is a text or a media file: leave one of them out.",
        )
    if isinstance(media, HeaderMedia) and not media.needs_upload and media.media_type is None:
        yield Violation(
            "media.type",
            "header_media.media_type",
            "",
            "is missing",
            "Give IMAGE, VIDEO or DOCUMENT, as the upload returned it.",
        )


def button_list_rules(buttons: list[Button]) -> Iterator[Violation]:
    """Yield what is wrong with the number and the order of the buttons."""
    if len(buttons) > LIMITS["buttons"]:
        fix = f"Keep {LIMITS['buttons']}."
        yield Violation("buttons.count", "buttons", f"{len(buttons)} buttons", "has too many", fix)
    kinds = [button.type for button in buttons if isinstance(button, Button)]
    for kind, count in Counter(kinds).items():
        if count > BUTTON_LIMITS.get(kind, LIMITS["buttons"]):
            fix = f"Keep {BUTTON_LIMITS[kind]}."
            yield Violation("buttons.count-of-type", "buttons", f"{count} × {kind}", "has too many", fix)
    texts = Counter(button.text for button in buttons if isinstance(button, Button))
    for text, count in texts.items():
        if count > 1 and not has_braces(text):
            fix = "Give each its own text."
            yield Violation(
                "buttons.same-text", "buttons", shown(text), "has this text twice", fix, "warning"
            )
    if len(kinds) == len(buttons) and not any(has_braces(kind) for kind in kinds):
        runs = [is_reply for is_reply, _ in groupby(kinds, key=lambda kind: kind == "QUICK_REPLY")]
        order = ", ".join(kinds)
        fix = "Put all quick replies together, before or after the other buttons."
        if runs.count(True) > 1:
            yield Violation("buttons.grouping", "buttons", order, "mixes quick replies with others", fix)
        elif runs.count(False) > 1:
            # Meta's page asks for two groups; that it refuses this order too is not known for sure.
            message = "has quick replies between other buttons"
            yield Violation("buttons.two-groups", "buttons", order, message, fix, "warning")


def button_rules(button: Button, path: str, *, rendered: bool) -> Iterator[Violation]:
    """Yield what is wrong with one button's fields among each other."""
    known = [(index, item) for index, item in enumerate(button.example) if rendered or not has_braces(item)]
    if button.type == "URL" and BARE.search(button.url or ""):
        yield from _url_example(button, known, path)
    if button.type == "COPY_CODE":
        for index, code in known:
            if len(code) > LIMITS["copy_code"]:
                fix = f"Shorten the code to {LIMITS['copy_code']} characters."
                yield Violation("code.length", f"{path}.example[{index}]", shown(code), "is too long", fix)
    # The vendor's own example has "conventional", which changes nothing, on a URL button.
    plain = button.customize_type in (None, "conventional") or has_braces(button.customize_type)
    if not plain and button.type != "QUICK_REPLY" and not has_braces(button.type):
        yield Violation(
            "button.customize-type",
            f"{path}.customize_type",
            shown(button.customize_type),
            f"stands on a button of type {button.type}",
            "Leave it out: it is for QUICK_REPLY only.",
        )


def _url_example(button: Button, known: list[tuple[int, str]], path: str) -> Iterator[Violation]:
    fix = "Give what stands for the variable, as in summer2023, or the whole link with it filled in."
    if not button.example:
        message = "is missing, and the url has a variable"
        yield Violation("url.example", f"{path}.example", "", message, fix)
    for index, text in known:
        if not text.strip() or BARE.search(text):
            message = "holds a variable itself" if text.strip() else "holds blanks only"
            yield Violation("url.example", f"{path}.example[{index}]", shown(text), message, fix)

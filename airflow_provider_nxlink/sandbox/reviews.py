"""How a review goes, by the template's name and language."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

REJECTED, PENDING, IN_USE, APPEALED, UNAVAILABLE = 0, 1, 2, 3, 6
PENDING_DELETION, PAUSED, EXCEEDED_LIMIT, DELETED = 9, 11, 12, 14

CATEGORIES = {1: "MARKETING", 2: "UTILITY", 3: "AUTHENTICATION"}

# Meta un-pauses a template three hours after its first pause.
PAUSE_SECONDS = 3 * 3600

DEFAULT_REASON = "INVALID_FORMAT"

# What the argument after the colon is, for each action of a review rule.
ACTIONS = {
    "approve": "seconds until approval (else approve_after)",
    "reject": f"the reason (else {DEFAULT_REASON})",
    "reject_now": f"the same, but at once, whatever approve_after is (else {DEFAULT_REASON})",
    "appeal": None,
    "pause": None,
    "unavailable": None,
    "exceeded": None,
    "recategorize": "the category Meta gives it instead: MARKETING or UTILITY",
    "never": None,
}

DEFAULT_RULES = (
    "*reject*=reject",
    "*appeal*=appeal",
    "*pause*=pause",
    "*unavailable*=unavailable",
    "*exceeded*=exceeded",
    "*recategorize*=recategorize:UTILITY",
    "*never*=never",
)


@dataclass(frozen=True)
class Step:
    """What becomes of a template at a moment; ``status`` None means it is gone."""

    at: float
    status: int | None
    reason: str = ""
    category_type: int | None = None


@dataclass(frozen=True)
class ReviewRule:
    """``NAME[/LANGUAGE]=ACTION[:ARGUMENT]``: how templates are reviewed whose name and language match.

    Both patterns are shell patterns; without a language the rule holds for all of them.
    """

    name: str
    language: str
    action: str
    argument: str = ""

    @classmethod
    def parse(cls, text: str) -> "ReviewRule":
        """Read a rule; raises ValueError with what is wrong."""
        pattern, equals, rest = text.partition("=")
        action, _, argument = rest.partition(":")
        name, slash, language = pattern.partition("/")
        if not (name and equals and action in ACTIONS) or (slash and not language):
            raise ValueError(
                f"review rule {text!r} is not NAME[/LANGUAGE]=ACTION[:ARGUMENT] with one of: "
                f"{', '.join(ACTIONS)}"
            )
        rule = cls(name, language or "*", action, argument)
        if action == "approve" and argument and not float(argument) >= 0:
            raise ValueError(f"review rule {text!r}: give seconds, 0 or more")
        if action == "recategorize" and argument not in CATEGORIES.values():
            raise ValueError(
                f"review rule {text!r}: give a category, one of {', '.join(CATEGORIES.values())}"
            )
        return rule

    def matches(self, name: str, language: str) -> bool:
        """Tell whether the rule is for a template of this name and language."""
        return fnmatchcase(name, self.name) and fnmatchcase(language, self.language)


def plan_review(name: str, language: str, now: float, approve_after: float, rules: list[str]) -> list[Step]:
    """Return what the review of a template submitted now will do, in order of time.

    The first fitting rule counts: the given ones first, then :data:`DEFAULT_RULES`, else approval.
    """
    for text in (*rules, *DEFAULT_RULES):
        rule = ReviewRule.parse(text)
        if rule.matches(name, language):
            return _steps(rule, now, approve_after)
    return [Step(now + approve_after, IN_USE)]


def _steps(rule: ReviewRule, now: float, approve_after: float) -> list[Step]:
    at = now + approve_after
    if rule.action == "approve":
        return [Step(now + float(rule.argument or approve_after), IN_USE)]
    if rule.action in {"reject", "reject_now"}:
        return [Step(at if rule.action == "reject" else now, REJECTED, rule.argument or DEFAULT_REASON)]
    if rule.action == "pause":
        return [Step(at, PAUSED), Step(at + PAUSE_SECONDS, IN_USE)]
    if rule.action == "recategorize":
        category = next(number for number, text in CATEGORIES.items() if text == rule.argument)
        return [Step(at, IN_USE, category_type=category)]
    ends_in = {"appeal": APPEALED, "unavailable": UNAVAILABLE, "exceeded": EXCEEDED_LIMIT}
    return [Step(at, ends_in[rule.action])] if rule.action in ends_in else []

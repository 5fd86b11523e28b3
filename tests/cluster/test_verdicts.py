"""Which results of the cluster's waits pass for right, and which do not."""

import runpy
from dataclasses import replace

import pytest
from verdicts import DAG_ID, LANGUAGES, Ended, Expected, expected, judged, read_ends

from tests.cluster.conftest import ROOT

APPROVED = Expected("campaign_0001", "de", None)
REJECTED = Expected("campaign_0001", "es", "REASON_0012")
SEEN = {"id": 7, "name": "campaign_0001", "language": "de", "status": 2}
CREATED = SEEN | {"status": 1}
LOG = "NxlinkTemplateFailedError: template campaign_0001 (es) is rejected (0): REASON_0012. Change what"
WELL = Ended("success", CREATED, SEEN, "")
ILL = Ended("failed", CREATED | {"language": "es"}, None, LOG)
THERE = {("campaign_0001", "de"): [SEEN], ("campaign_0001", "es"): [SEEN | {"language": "es", "status": 0}]}


def test_the_templates_are_those_that_the_example_makes_in_its_order():
    example = runpy.run_path(str(ROOT / "example_dags" / f"{DAG_ID}.py"))
    assert tuple(example["TEXTS"]) == LANGUAGES
    names = sorted({want.name for want in expected(1000)})
    made = example["texts"].function({"names": names})
    assert [(item["name"], item["language"]) for item in made] == [
        (want.name, want.language) for want in expected(1000)
    ]


def test_of_a_thousand_forty_are_rejected_each_for_a_reason_of_its_own_and_in_each_language():
    rejected = [want for want in expected(1000) if want.reason]
    assert len({want.reason for want in rejected}) == 40
    assert {want.language for want in rejected} == set(LANGUAGES)


def test_what_is_as_it_should_be_is_counted_by_kind():
    verdicts = judged([APPROVED, REJECTED], {0: WELL, 1: ILL}, THERE)
    assert (verdicts.approved, verdicts.rejected, verdicts.wrong) == (1, 1, [])


@pytest.mark.parametrize(
    "end",
    [
        replace(WELL, state="failed"),
        replace(WELL, state="upstream_failed"),
        replace(WELL, returned=None),
        replace(WELL, returned=SEEN | {"status": 1}),
        replace(WELL, returned=SEEN | {"id": 8}),
        replace(WELL, returned=SEEN | {"language": "es"}),
        replace(WELL, returned=SEEN | {"name": "campaign_0002"}),
        replace(WELL, created=None),
        replace(WELL, created=CREATED | {"id": 8}),
    ],
)
def test_an_approval_that_is_not_that_of_its_template_is_wrong(end):
    assert [text.split(":")[0] for text in judged([APPROVED], {0: end}, THERE).wrong] == ["0"]


@pytest.mark.parametrize(
    "end",
    [
        replace(ILL, state="success"),
        replace(ILL, state="deferred"),
        replace(ILL, returned=SEEN),
        replace(ILL, log=""),
        replace(ILL, log=LOG.replace("REASON_0012", "REASON_0037")),
        replace(ILL, log=LOG.replace("NxlinkTemplateFailedError", "AirflowException")),
    ],
)
def test_a_rejection_without_its_own_reason_is_wrong(end):
    assert len(judged([REJECTED], {0: end}, THERE).wrong) == 1


def test_a_template_that_is_missing_or_was_made_twice_is_wrong():
    assert judged([APPROVED], {0: WELL}, {}).wrong == ["0: NXLink has 0 of campaign_0001 (de)"]
    twice = {("campaign_0001", "de"): [SEEN, SEEN | {"id": 8}]}
    assert judged([APPROVED], {0: WELL}, twice).wrong == ["0: NXLink has 2 of campaign_0001 (de)"]


def test_a_wait_that_never_was_is_wrong():
    assert judged([APPROVED], {}, THERE).wrong == ["0: there is no such task"]


def test_the_log_of_the_last_try_is_read(tmp_path):
    folder = tmp_path / "logs" / f"dag_id={DAG_ID}" / "run_id=one" / "task_id=approved" / "map_index=3"
    folder.mkdir(parents=True)
    (folder / "attempt=1.log").write_text("killed")
    (folder / "attempt=2.log").write_text("done")

    def rows(query, run_id):
        assert run_id == "one"
        return [("create", 3, CREATED), ("approved", 3, SEEN)] if "xcom" in query else [(3, "success", 2)]

    assert read_ends(rows, tmp_path, "one") == {3: Ended("success", CREATED, SEEN, "done")}

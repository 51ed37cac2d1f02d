"""Satisfaction ratings by time and score, and the survey responses that stand for them now."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Api
from zdsync.sandbox.clock import parse_stamp


@pytest.mark.parametrize(
    ("score", "wanted"),
    [
        ("good", lambda row: row["score"] == "good"),
        ("bad_with_comment", lambda row: row["score"] == "bad" and row["comment"]),
        ("good_without_comment", lambda row: row["score"] == "good" and not row["comment"]),
        ("received", lambda row: row["score"] in ("good", "bad")),
        ("received_with_comment", lambda row: row["score"] in ("good", "bad") and row["comment"]),
        ("received_without_comment", lambda row: row["score"] in ("good", "bad") and not row["comment"]),
        ("offered", lambda row: row["score"] == "offered"),
    ],
)
def test_by_score(large: Api, score: str, wanted: object) -> None:
    """With and without a comment."""
    assert callable(wanted)
    every = [row["id"] for row in large.sandbox.world.tables["satisfaction_ratings"].values() if wanted(row)]
    found = []
    body = large.get(f"satisfaction_ratings?page[size]=100&score={score}")
    found += body["satisfaction_ratings"]
    while body["meta"]["has_more"]:
        body = large.get(body["links"]["next"])
        found += body["satisfaction_ratings"]
    assert [row["id"] for row in found] == sorted(every)
    assert large.get(f"satisfaction_ratings/count?score={score}")["count"]["value"] == len(every)


def test_by_time(large: Api) -> None:
    """Both ends count."""
    stamps = sorted(
        parse_stamp(row["updated_at"]) for row in large.sandbox.world.tables["satisfaction_ratings"].values()
    )
    start, end = stamps[3], stamps[-3]
    count = large.get(f"satisfaction_ratings/count?start_time={start}&end_time={end}")["count"]["value"]
    assert count == len([stamp for stamp in stamps if start <= stamp <= end])


def test_survey_responses(large: Api) -> None:
    """One for each rating that was given; by time, responder and ticket; shown by id."""
    ratings = [
        row
        for row in large.sandbox.world.tables["satisfaction_ratings"].values()
        if row["score"] in ("good", "bad")
    ]
    body = large.get("guide/survey_responses?page[size]=100")
    rows = list(body["survey_responses"])
    while body["meta"]["has_more"]:
        body = large.get(body["links"]["next"])
        rows += body["survey_responses"]
    assert len(rows) == len({row["id"] for row in rows}) == len(ratings)
    kinds = {answer["type"] for row in rows for answer in row["answers"]}
    assert kinds == {"rating_scale", "open_ended", "skipped"}
    row = rows[0]
    assert large.get(f"guide/en-us/survey_responses/{row['id']}")["survey_response"] == row
    assert large.call("GET", "guide/en-us/survey_responses/none").status_code == 404
    zrn = row["subject_zrns"][0]
    path = "guide/survey_responses"
    assert large.get(path, **{"filter[subject_zrns]": zrn})["survey_responses"][0] == row
    person = {"filter[responder_ids]": row["responder_id"]}
    assert row in large.get(path, **person)["survey_responses"]
    at = parse_stamp(row["answers"][0]["created_at"])
    window = {"filter[created_at_start]": at, "filter[created_at_end]": at}
    assert large.get(path, **window)["survey_responses"] == [row]

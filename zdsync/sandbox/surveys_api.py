"""Handlers for CSAT survey responses: the newer face of satisfaction ratings.

Source: developer.zendesk.com, "CSAT Survey Responses" (read 2026-11).
"""

from __future__ import annotations

from zdsync.sandbox.answers import Json, Reply, not_found
from zdsync.sandbox.call import Call
from zdsync.sandbox.clock import parse_stamp
from zdsync.sandbox.idents import ulid
from zdsync.sandbox.lists import paginate
from zdsync.sandbox.render import iso

_DAY_S = 86_400
_SURVEY = ulid(1, 0)
_QUESTIONS = (
    {"id": ulid(2, 0), "type": "rating_scale", "alias": "rating", "sub_type": "customer_satisfaction"},
    {"id": ulid(3, 0), "type": "open_ended", "alias": "comment", "sub_type": None},
)


def _given(call: Call) -> list[Json]:
    rows = call.world.tables["satisfaction_ratings"].values()
    return sorted((row for row in rows if row["score"] in ("good", "bad")), key=lambda row: row["id"])


def _ident(rating: Json) -> str:
    return ulid(rating["id"], parse_stamp(rating["created_at"]))


def _row(rating: Json) -> Json:
    at = {"created_at": rating["created_at"], "updated_at": rating["updated_at"]}
    is_good = rating["score"] == "good"
    scale, opinion = ({**question, "headline": {"type": "static", "value": ""}} for question in _QUESTIONS)
    answers: list[Json] = [
        {
            "type": "rating_scale",
            "question": scale,
            "rating": 5 if is_good else 1,
            "rating_category": rating["score"],
            **at,
        }
    ]
    if rating["comment"]:
        answers.append({"type": "open_ended", "question": opinion, "value": rating["comment"], **at})
    else:
        answers.append({"type": "skipped", "question": opinion, **at})
    ticket = str(rating["ticket_id"])
    return {
        "id": _ident(rating),
        "responder_id": rating["requester_id"],
        "subject_zrns": [f"zen:ticket:{ticket}"],
        "subjects": [{"id": ticket, "type": "ticket", "zrn": f"zen:ticket:{ticket}"}],
        "survey": {"id": _SURVEY, "version": 1, "state": "enabled"},
        "answers": answers,
        "expires_at": iso(parse_stamp(rating["created_at"]) + 28 * _DAY_S),
    }


def list_responses(call: Call) -> Reply:
    """`GET /guide/survey_responses`, by responder, subject and time; cursor pages only."""
    rows = _given(call)
    start, end = call.arg("filter[created_at_start]"), call.arg("filter[created_at_end]")
    people = set(filter(None, (call.arg("filter[responder_ids]") or "").split(",")))
    subjects = set(filter(None, (call.arg("filter[subject_zrns]") or "").split(",")))
    found = [
        row
        for row in rows
        if (not start or parse_stamp(row["created_at"]) >= int(start))
        and (not end or parse_stamp(row["created_at"]) <= int(end))
        and (not people or str(row["requester_id"]) in people)
        and (not subjects or f"zen:ticket:{row['ticket_id']}" in subjects)
    ]
    return Reply(paginate(call, "survey_responses", found, _row, cursor_only=True)[0])


def show_response(call: Call, ident: str, locale: str) -> Reply:  # noqa: ARG001 - texts are static
    for rating in _given(call):
        if _ident(rating) == ident:
            return Reply({"survey_response": _row(rating)})
    raise not_found()

"""Free text on its way into the mirror: made storable, shown to the detectors, masked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from zdsync.detect import TextFilter
from zdsync.streams import SCRUBBED, Record

COMMENT_TEXTS = ("body", "html_body", "plain_body")
"""One comment's text in three forms; hits are counted in the first."""

_ADDRESSES = frozenset({"content_url", "mapped_content_url", "url"})
_KEPT = frozenset(
    "id type event_type via via_reference_id timestamp public metadata child_events field_name value previous_value "
    "custom_ticket_fields attachments".split()
)
_KEPT_ENDINGS = ("_at", "_id", "_ids")
"""Keys of updates that hold no text of their own, or are masked in their own manner."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_ONE_WORD = re.compile(r"[^\s@]{1,255}")
_MANY_DIGITS = re.compile(r"(?:\d\D{0,2}){7}")


def clean(value: Any) -> Any:
    """The same JSON value with NUL characters and lone surrogates replaced by U+FFFD, which databases accept."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    return value


class Masker:
    """Puts texts through one filter, in place, and collects its findings as rows of `text_findings`."""

    def __init__(self, text_filter: TextFilter) -> None:
        self._filter = text_filter
        self.findings: list[Record] = []

    def mask(self, holder: dict[str, Any], key: str) -> Mapping[str, int]:
        """Mask `holder[key]` if it is text; the hits in it."""
        text = holder.get(key)
        if not isinstance(text, str) or not text:
            return {}
        holder[key], hits = self._filter(text)
        return hits

    def mask_ticket(self, ticket: dict[str, Any]) -> None:
        """Subject, description, rating comment and free-text fields of a ticket as the API gives it.

        What stands in the place of a scrubbed ticket's texts is none of its own, and tells that it is scrubbed.
        """
        if ticket.get("status") == "deleted" and ticket.get("subject") == SCRUBBED:
            return
        hits: Counter[str] = Counter()
        subject, raw_subject = ticket.get("subject"), ticket.get("raw_subject")
        hits.update(self.mask(ticket, "subject"))
        if raw_subject == subject:
            ticket["raw_subject"] = ticket.get("subject")
        else:
            hits.update(self.mask(ticket, "raw_subject"))
        hits.update(self.mask(ticket, "description"))
        self.mask_sender(ticket.get("via"))
        rating = ticket.get("satisfaction_rating")
        if isinstance(rating, dict):
            hits.update(self.mask(rating, "comment"))
        self._mask_fields(ticket, hits)
        self._found(hits, ticket.get("id"), 0, ticket.get("is_public") is not False)

    def mask_sender(self, via: Any) -> None:
        """Addresses, numbers and names of whoever wrote or was written to, in a `via`; they are no finding of the text."""
        source = via.get("source") if isinstance(via, dict) else None
        if isinstance(source, dict):
            for end in ("from", "to"):
                if source.get(end):
                    source[end] = self.mask_value(source[end])

    def mask_files(self, files: Any) -> None:
        """Names of attachments, and the addresses that repeat a name which is masked."""
        for file in files if isinstance(files, list) else ():
            if not isinstance(file, dict):
                continue
            name = file.get("file_name")
            self.mask(file, "file_name")
            if file.get("file_name") != name:
                file.update(dict.fromkeys(_ADDRESSES & file.keys()))
            self.mask_files(file.get("thumbnails"))

    def mask_rest(self, holder: dict[str, Any], done: Collection[str]) -> None:
        """Whatever texts an object of unknown kind holds beside `done`; not its ids, times and kind."""
        for key in holder.keys() - done - _KEPT:
            if not key.endswith(_KEPT_ENDINGS):
                holder[key] = self.mask_value(holder[key])

    def _mask_fields(self, ticket: dict[str, Any], hits: Counter[str]) -> None:
        """`custom_fields`, and `fields`, which repeats them."""
        fields, again = ticket.get("custom_fields"), ticket.get("fields")
        is_same = fields == again
        self._mask_values(fields, hits)
        if is_same and again is not None:
            ticket["fields"] = fields
        else:
            self._mask_values(again)

    def _mask_values(self, fields: Any, hits: Counter[str] | None = None) -> None:
        for field in fields if isinstance(fields, list) else ():
            if isinstance(field, dict) and field.get("value"):  # most fields of a ticket are empty
                field["value"] = self.mask_value(field["value"], hits)

    def mask_value(self, value: Any, hits: Counter[str] | None = None) -> Any:
        """A value of unknown type: text is masked; tags, dates and numbers only if something is found."""
        if isinstance(value, list):
            return [self.mask_value(item, hits) for item in value]
        if isinstance(value, dict):
            return {key: self.mask_value(item, hits) for key, item in value.items()}
        if not isinstance(value, str) or not value:
            return value
        is_word = _ONE_WORD.fullmatch(value) is not None and value == value.lower()
        if is_word and not _MANY_DIGITS.search(value):
            return value
        masked, found = self._filter(value)
        if hits is not None:
            hits.update(found)
        return masked if found or not is_word else value

    def mask_comment(self, comment: dict[str, Any], ticket_id: int) -> None:
        """The three forms of a comment's text, its files and a call's data; hits are counted in the first form that has any."""
        is_plain_already = comment.get("plain_body") == comment.get("body")
        forms = [self.mask(comment, "body"), self.mask(comment, "html_body")]
        if is_plain_already and "plain_body" in comment:
            comment["plain_body"] = comment.get("body")
        else:
            forms.append(self.mask(comment, "plain_body"))
        self.mask_files(comment.get("attachments"))
        self.mask_sender(comment.get("via"))
        if "data" in comment:
            comment["data"] = self.mask_value(comment["data"])
        hits = next(filter(None, forms), {})
        self._found(hits, ticket_id, comment["id"], comment.get("public") is not False)

    def _found(
        self, hits: Mapping[str, int], ticket_id: int | None, comment_id: int, is_public: bool
    ) -> None:
        for detector, count in hits.items():
            self.findings.append(
                {
                    "ticket_id": ticket_id,
                    "comment_id": comment_id,
                    "detector": detector,
                    "version": self._filter.version,
                    "is_public": is_public,
                    "count": count,
                }
            )

"""A row as a line of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from spacy_bel.errors import Errors
from spacy_bel.examples.rows import Example, KBReference, Label, Offer, validate
from spacy_bel.types import ALIAS_KINDS, Alias, Candidate, Mention

SCHEMA = 1
"""Version of the rows; others are refused."""


def to_line(example: Example) -> str:
    """A row as one line of JSON, without the line break."""
    mention = example.mention
    row = {
        "schema": SCHEMA,
        "key": example.key(),
        "doc_id": example.doc_id,
        "offset": example.offset,
        "text": mention.context,
        "start": mention.start,
        "end": mention.end,
        "mention": mention.text,
        "query": mention.query,
        "parts": list(mention.parts),
        "types": sorted(mention.types),
        "label": mention.label,
        "lang": mention.lang,
        "kb": {part: getattr(example.kb, part) for part in ("name", "version", "checksum")},
        "candidates": [_plain_offer(offer) for offer in example.offers],
        "gold": None if example.gold is None else list(example.gold),
        "labels": [_plain_label(label) for label in example.labels],
        "provenance": example.provenance,
    }
    return json.dumps(row, ensure_ascii=False)


def from_line(line: str) -> Example:
    """A row from its line, checked.

    Args:
        line: What ``to_line`` gave.

    Returns:
        The row.

    Raises:
        BelError: The line is no JSON, of another schema, or says what cannot be.
    """
    try:
        row = json.loads(line)
        found = row.get("schema")
        if found != SCHEMA:
            raise Errors.B903(found=found, ours=SCHEMA)
        example = _example(row)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise Errors.B904(reason=reason) from error
    validate(example)
    return example


def _plain_offer(offer: Offer) -> dict[str, Any]:
    candidate = offer.candidate
    return {
        "id": candidate.id,
        "name": candidate.name,
        "alias": candidate.alias,
        "types": list(candidate.types),
        "score": candidate.score,
        "scores": dict(candidate.scores),
        "kb": candidate.kb,
        "names": [[name.name, name.kind, name.lang, name.count] for name in offer.names],
        "mentions": offer.mentions,
    }


def _plain_label(label: Label) -> dict[str, Any]:
    return {
        "source": label.source,
        "prompt": label.prompt,
        "id": label.id,
        "probs": None if label.probs is None else dict(label.probs),
        "kind": label.kind,
        "agreement": label.agreement,
        "cost": label.cost,
    }


def _example(row: Mapping[str, Any]) -> Example:
    mention = Mention(
        text=row["mention"],
        query=row.get("query", ""),
        parts=tuple(row.get("parts", ())),
        context=row["text"],
        start=row["start"],
        end=row["end"],
        label=row.get("label", ""),
        lang=row.get("lang", "en"),
        types=frozenset(row.get("types", ())),
    )
    return Example(
        mention=mention,
        offers=tuple(_offer(each) for each in row["candidates"]),
        gold=None if row.get("gold") is None else tuple(row["gold"]),
        doc_id=row.get("doc_id", ""),
        offset=row.get("offset", 0),
        kb=KBReference(**row.get("kb", {})),
        labels=tuple(Label(**label) for label in row.get("labels", ())),
        provenance=row.get("provenance", "human"),
    )


def _offer(each: Mapping[str, Any]) -> Offer:
    candidate = Candidate(
        id=each["id"],
        name=each["name"],
        alias=each.get("alias", each["name"]),
        types=tuple(each.get("types", ())),
        score=float(each.get("score", 0.0)),
        scores=dict(each.get("scores", {})),
        kb=each.get("kb", ""),
    )
    names = tuple(
        Alias(name, kind if kind in ALIAS_KINDS else "exact", lang, count=count)
        for name, kind, lang, count in each.get("names", ())
    )
    return Offer(candidate, names, each.get("mentions", 0))

"""ICD-10-CM as the CDC and CMS publish it: the order file and the file of billable codes.

``icd10cm_order_20xx.txt`` has columns of fixed width: order number (1-5), code without its dot
(7-13), 0 for a heading or 1 for a billable code (15), short (17-76) and long description (78-).
``icd10cm_codes_20xx.txt`` has the billable codes (1-7) and long descriptions (9-) alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from spacy_bel.kb.readers.base import Reader, Record, make_concept
from spacy_bel.kb.readers.textfile import TextFile
from spacy_bel.types import Alias

_CODE = r"[A-Z]\d[0-9A-Z]"
_ORDER = re.compile(
    rf"\d{{5}} (?P<code>{_CODE}[0-9A-Z ]{{4}}) [01] (?P<short>.{{60}}) (?P<long>.+)"
)
_CODES = re.compile(rf"(?P<code>{_CODE}[0-9A-Z ]{{4}}) (?P<long>\S.*)")


def read_icd10cm(file: TextFile, options: Mapping[str, str]) -> Iterator[Record]:
    """The codes of either file.

    A code's parent is the longest code above it in the file that it begins with; the file of
    billable codes has no headings, and therefore hardly any parents.

    Args:
        file: The file.
        options: The ``type`` of all codes.

    Yields:
        A concept for every line.
    """
    above: list[str] = []
    for line in file:
        match = _ORDER.fullmatch(line) or _CODES.fullmatch(line)
        if match is None:
            if line.strip():
                file.problem("neither a line of the order file nor one of the codes file")
            continue
        found = match.groupdict()
        code = found["code"].rstrip()
        while above and not code.startswith(above[-1]):
            above.pop()
        yield make_concept(
            _curie(code),
            found["long"],
            [Alias(found.get("short", ""))],
            types=[options.get("type", "")],
            parents=[_curie(above[-1])] if above else [],
            source=file.source,
        )
        if not above or above[-1] != code:
            above.append(code)


def _curie(code: str) -> str:
    return f"ICD10CM:{code[:3]}.{code[3:]}" if len(code) > 3 else f"ICD10CM:{code}"


def _recognises(beginning: str) -> bool:
    first, *others = [line for line in beginning.split("\n") if line.strip()][:2]
    return bool(_ORDER.fullmatch(first)) or all(map(_CODES.fullmatch, (first, *others)))


ICD10CM = Reader(
    description="ICD-10-CM order file or codes file",
    recognises=_recognises,
    read=read_icd10cm,
    options={"type": "semantic type of every code (Disease)"},
)

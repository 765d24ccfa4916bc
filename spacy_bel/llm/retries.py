"""When to ask a server again, and when not."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from spacy_bel.errors import Errors


class CallFailed(Exception):  # noqa: N818 -- it is caught within the package
    """One attempt that brought no response.

    Args:
        reason: What happened.
        status: The HTTP status; None where no server answered.
        can_repeat: Whether another attempt may succeed.
        is_fatal: Whether every other request would fail too.
        may_cost: Whether the server may have computed, and charged for, an answer.
        retry_after: Seconds that the server asks to wait; None where it does not say.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        can_repeat: bool = True,
        is_fatal: bool = False,
        may_cost: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.can_repeat = can_repeat
        self.is_fatal = is_fatal
        self.may_cost = may_cost
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential back-off with jitter, under what the server asks for.

    Args:
        attempts: Most attempts per request.
        first_wait: Seconds before the second attempt; each further wait is twice as long.
        longest_wait: Seconds that no wait of our own exceeds.
        longest_retry_after: Seconds up to which a server's ``Retry-After`` is honoured; a
            request that is told to wait for longer has failed.
        give_up_after: Requests in a row that may fail before the run is stopped.
    """

    attempts: int = 6
    first_wait: float = 0.5
    longest_wait: float = 30.0
    longest_retry_after: float = 300.0
    give_up_after: int = 100

    def __post_init__(self) -> None:
        """Refuse settings under which nothing would be asked."""
        for setting in ("attempts", "give_up_after"):
            if getattr(self, setting) < 1:
                value = getattr(self, setting)
                raise Errors.B737(setting=setting, value=value, allowed="1 or more")

    def wait(self, attempt: int, failure: CallFailed) -> float | None:
        """How long to wait before another attempt.

        Args:
            attempt: How many attempts were made.
            failure: What became of the last.

        Returns:
            Seconds, or None where there is to be no other attempt.
        """
        asked = failure.retry_after
        if not failure.can_repeat or attempt >= self.attempts:
            return None
        if asked is not None and asked > self.longest_retry_after:
            return None
        backoff = min(self.longest_wait, self.first_wait * 2.0 ** (attempt - 1))
        # Requests that failed together do not come back together.
        jittered = backoff * random.uniform(0.5, 1.0)
        return jittered if asked is None else asked + 0.1 * jittered


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait (RFC 9110, section 10.2.3).

    Args:
        headers: Of the response, by lower-case name.

    Returns:
        Seconds from now, zero or more; None where the server does not say.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if value.replace(".", "", 1).isdecimal() and value.isascii():
            return float(value) * unit
    try:
        moment = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())

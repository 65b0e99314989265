"""What can go wrong for reasons the caller can act on. vertexar.api.problems maps it to HTTP."""


class DomainError(Exception):
    """A rule of the product says no.

    Attributes:
        code: stable, public, snake_case; the only thing a client should branch on.
        message: one sentence on what is the case.
        hint: one sentence on what to do about it, or "".
        field: the input it is about, or "".
    """

    code = "rule_broken"
    field = ""

    def __init__(self, message: str, *, code: str | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code


class UnusableUpload(DomainError):
    """An uploaded file can't be used; the person who sent it can mend that."""

    code = "unusable_upload"


class Conflict(DomainError):
    """The request is right, but not now or not twice."""

    code = "conflict"


class NotThere(DomainError):
    """What is asked for by name is not there, or not for the caller to see."""

    code = "not_found"


class NotAllowed(DomainError):
    """The caller may see this, but not do that."""

    code = "not_allowed"


class NotSignedIn(DomainError):
    """It is not known who the caller is, or not any more."""

    code = "not_signed_in"


class TooManyRequests(DomainError):
    """The caller has asked too often.

    Attributes:
        retry_after_s: seconds until it is worth asking again.
    """

    code = "too_many_requests"

    def __init__(
        self, message: str, *, retry_after_s: int, code: str | None = None, hint: str = ""
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.retry_after_s = retry_after_s

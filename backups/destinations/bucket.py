"""What is to be known of a bucket before anything is asked of its server."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Bucket:
    """A bucket, and how to write to it.

    Attributes:
        name, prefix: without slashes at the ends.
        endpoint: of a server other than AWS.
        region: or what boto3 finds in the environment.
        access_key, secret_key, session_token: or what boto3 finds: a profile, a role. Keys that end
            after some hours have a token.
        storage_class: of what is written; the bucket's own by default.
        lock_days: how long the server must keep what is written (object lock); 0 leaves that to
            the bucket.
        lock_mode: `GOVERNANCE` or `COMPLIANCE`.
    """

    name: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    storage_class: str | None = None
    lock_days: int = 0
    lock_mode: str = "GOVERNANCE"

    def __str__(self) -> str:
        """What to call it: without credentials, with the server, of which there may be several."""
        prefix = f"/{self.prefix}" if self.prefix else ""
        if self.endpoint is None:
            return f"s3://{self.name}{prefix}"
        server = urlsplit(self.endpoint)
        return f"s3://{self.name}{prefix}?endpoint={server.scheme}://{server.netloc.split('@')[-1]}"

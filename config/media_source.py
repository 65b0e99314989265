"""What pages may load media from, as a source of a Content-Security-Policy."""

from urllib.parse import urlsplit


def media_source(*, bucket: str, endpoint_url: str, custom_domain: str) -> str:
    """Name the place of a bucket's files, and of no other bucket's on the same host.

    The places are those of which boto3 makes links: `bucket.host` at Amazon's, `host/bucket` at all
    others. A source with a path allows what is below it only if it ends with a slash
    (https://www.w3.org/TR/CSP3/#match-paths).

    Args:
        bucket: its name.
        endpoint_url: of a server other than Amazon's, with or without a path; else empty.
        custom_domain: a host in front of the bucket, with or without a path; else empty.
    """
    if custom_domain:
        place = f"https://{custom_domain}"
    elif endpoint_url:
        place = f"{endpoint_url.rstrip('/')}/{bucket}"
    else:
        place = f"https://{bucket}.s3.amazonaws.com"
    place = place.rstrip("/")
    return f"{place}/" if urlsplit(place).path else place

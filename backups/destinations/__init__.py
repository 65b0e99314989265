"""Where backups are kept: folders and S3 buckets, all spoken to in the same few words."""

from backups.destinations.base import Destination, DestinationFailed, Found, Upload

__all__ = ["Destination", "DestinationFailed", "Found", "Upload"]

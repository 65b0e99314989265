"""What is shown on a marker: content and its videos, the public viewer, QR codes, counting."""

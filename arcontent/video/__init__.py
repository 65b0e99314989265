"""An uploaded video becomes one that every browser plays. All knowledge of ffmpeg is in here."""

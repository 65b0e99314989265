"""What the viewer page needs to know of a content."""

from typing import Any

from arcontent.models import ARContent


def manifest_of(content: ARContent) -> dict[str, Any]:
    """Describe a content for the viewer: the target to load, the videos to show, the button.

    Sizes are pixels of the picture and of the video as played. `target.url` is None until compiled.
    """
    marker = content.marker
    return {
        "code": content.code,
        "title": content.title,
        "status": content.status.value,
        "target": {
            "url": marker.target_url,
            "width_px": marker.width_px,
            "height_px": marker.height_px,
            "picture_url": marker.picture_url,
        },
        "videos": [
            {
                "url": video.rendition_url,
                "width_px": video.width_px,
                "height_px": video.height_px,
                "duration_s": video.duration_s,
                "poster_url": video.poster_url,
                "captions": [
                    {"url": captions.url, "language": captions.language, "label": captions.label}
                    for captions in video.captions.all()
                ],
            }
            for video in content.playable_videos
        ],
        "overlay": {
            "fit": content.video_fit,
            "when_lost": content.when_lost,
            "stacked_alpha": content.stacked_alpha,
        },
        "call_to_action": {
            "label": content.call_to_action_label,
            "url": content.call_to_action_url,
        }
        if content.call_to_action_url
        else None,
    }

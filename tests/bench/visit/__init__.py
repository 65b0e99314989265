"""Our viewer page and one with stock MindAR, visited with a camera that shows clips."""

"""The recognition engine on seeded clips with a known truth, beside stock MindAR."""

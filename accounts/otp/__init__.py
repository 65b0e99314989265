"""The second factor: who has it, who must, how one gets it, uses it and loses it."""

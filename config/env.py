"""The one reader of the environment. `NAME` may also come from the file that `NAME_FILE` names."""

from environ import FileAwareEnv

env = FileAwareEnv()

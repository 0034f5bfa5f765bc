"""What the embedded Postgres refuses, each as a sentence for the person who started it."""

from pathlib import Path


class EmbeddedError(Exception):
    """The embedded Postgres can not do what was asked; the text says why, and what to do about it."""


class DataDirBusy(EmbeddedError):
    """Another process already runs the server of this data directory."""

    def __init__(self, data_dir: Path, pid: int | None) -> None:
        who = "another process" if pid is None else f"process {pid}"
        super().__init__(
            f"{who} is already running on {data_dir}: stop it first, or choose another --data-dir"
        )

"""Which files are clips: decided here for the inbox, for folders, for zips and for uploads.

A name that ends in `.wav` or `.wave` is a clip's. What plainly is something else by its name, such
as a table or a picture, is passed over unread; of everything else the content decides.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from earmark.audio.kinds import SUFFIXES, Kind, kind_of_file
from earmark.audio.reader import Failed
from earmark.clips import Revision

IGNORED = (
    *(".*", "*.part", "*.partial", "*.filepart", "*.crdownload", "*.opdownload", "*.download"),
    *("*.tmp", "*~", "Thumbs.db", "desktop.ini", "__MACOSX"),
)
"""Names of files and folders that are passed over unless a setting says otherwise: hidden ones, and
those under which browsers, copying programs, editors and desktops keep what is not yet theirs to
show. rsync and Earmark itself write hidden names before they rename."""
OUR_PARTS = ".*.part"
"""What Earmark writes under before it renames; ignored whatever the setting says."""
_MOST_REMEMBERED = 1 << 18


class Discovery:
    """Tells clips from other files, and remembers what it has read.

    Parameters
    ----------
    ignore
        Patterns such as `*.tmp` of the names of files and folders that are passed over; capitals
        do not matter.
    """

    def __init__(self, ignore: Sequence[str] = IGNORED) -> None:
        patterns = (fnmatch.translate(each) for each in (*ignore, OUR_PARTS))
        self._is_ignored = re.compile("|".join(patterns), re.IGNORECASE).match
        # Hashes, not paths: these may be all files of a folder of 100,000.
        self._contents: dict[int, Kind] = {}

    def by_name(self, name: str) -> Kind | None:
        """What a file is by its name, without folders; None where its content decides."""
        if self._is_ignored(name):
            return Kind.HIDDEN if name.startswith(".") else Kind.IGNORED
        if name[-4:] == ".wav":
            return Kind.CLIP
        if name.lower() == Kind.LABELS:
            return Kind.LABELS
        return SUFFIXES.get(os.path.splitext(name)[1].lower())

    def by_path(self, relative: str) -> Kind | None:
        """As `by_name`, for a path with forward slashes: an ignored folder counts for all in it."""
        folder, _, name = relative.rpartition("/")
        if folder and any(map(self._is_ignored, folder.split("/"))):
            return Kind.IGNORED
        return self.by_name(name)

    def kind(self, file: str, revision: Revision) -> Kind:
        """What a regular file is; its content is read once for each revision, if at all."""
        named = self.by_name(os.path.basename(file))
        if named is not None:
            return named
        key = hash((file, revision.size_bytes, revision.mtime_ns))
        known = self._contents.get(key)
        if known is not None:
            return known
        found = kind_of_file(file)
        if found is not Kind.UNREADABLE:  # a right that is granted later makes no new revision
            if len(self._contents) >= _MOST_REMEMBERED:
                self._contents.clear()
            self._contents[key] = found
        return found

    def is_clip(self, path: Path) -> bool:
        """Whether a regular file, or what a link leads to, is a clip."""
        try:
            status = path.stat()
        except OSError:
            return False
        is_file = stat.S_ISREG(status.st_mode)
        return is_file and self.kind(str(path), Revision.of(status)) is Kind.CLIP

    def clips_below(
        self,
        folder: Path,
        *,
        leave_out: Path | None = None,
        unreadable: Callable[[OSError], object] = lambda _: None,
    ) -> list[Path]:
        """The clips below a folder in the order of their names, those of subfolders last.

        Parameters
        ----------
        leave_out
            A folder that is not entered, absolute and free of links.
        unreadable
            Called with the error of each folder and each link that leads nowhere.
        """
        found = self.walk(str(folder), Counter(), leave_out=leave_out, unreadable=unreadable)
        return [folder / relative for relative in sorted((each for each, _ in found), key=_place)]

    def clips(self, paths: Iterable[Path]) -> Iterator[Path | Failed]:
        """Files as they were given, whatever they are, and all clips below the folders."""
        for path in paths:
            if os.path.isdir(path):
                failed: list[Failed] = []
                found = self.clips_below(path, unreadable=partial(_note, failed))
                yield from found
                yield from failed
                if not found and not failed:
                    yield Failed(path, "there is no wav file in this folder")
            elif os.path.lexists(path):
                yield path
            else:
                yield Failed(path, "there is no such file")

    def walk(
        self,
        root: str,
        passed: Counter[Kind],
        *,
        leave_out: Path | None = None,
        unreadable: Callable[[OSError], object],
    ) -> Iterator[tuple[str, Revision]]:
        """All clips below a folder, by their paths on disk relative to it, in no order.

        Links to folders are not followed.

        Parameters
        ----------
        passed
            Counts what is passed over.
        leave_out, unreadable
            As in `clips_below`.
        """
        folders = [""]
        while folders:
            folder = folders.pop()
            try:
                entries = os.scandir(f"{root}{os.sep}{folder[:-1]}")
            except OSError as error:
                unreadable(error)
                continue
            with entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if self._is_ignored(entry.name):
                            passed[Kind.FOLDER] += 1
                        elif leave_out is None or Path(entry.path).resolve() != leave_out:
                            folders.append(f"{folder}{entry.name}/")
                        continue
                    try:
                        kind, revision = self._look(entry)
                    except OSError as error:
                        passed[Kind.BROKEN_LINK] += entry.is_symlink()
                        unreadable(error)
                        continue
                    if revision is not None:
                        yield f"{folder}{entry.name}", revision
                    else:
                        passed[kind] += 1

    def _look(self, entry: os.DirEntry[str]) -> tuple[Kind, Revision | None]:
        """What a file is, with its revision if it is a clip."""
        kind = self.by_name(entry.name)
        if kind not in (None, Kind.CLIP):
            return kind, None
        status = entry.stat()
        revision = Revision.of(status)
        if kind is None:
            if stat.S_ISDIR(status.st_mode):
                return Kind.FOLDER_LINK, None
            kind = self.kind(entry.path, revision)
        return kind, revision if kind is Kind.CLIP else None


def _place(relative: str) -> tuple[list[str], str]:
    folder, _, name = relative.rpartition("/")
    return folder.split("/") if folder else [], name


def _note(failed: list[Failed], error: OSError) -> None:
    failed.append(Failed(Path(error.filename), f"it cannot be read: {error.strerror}"))

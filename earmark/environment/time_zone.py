"""The time zone of this machine, in which crontab lines are read."""

from __future__ import annotations

import os
from zoneinfo import ZoneInfo

from tzlocal import reload_localzone

from earmark.errors import SettingsError


def local_zone() -> ZoneInfo:
    """The zone that `TZ` names, or else the one that the machine is set to.

    Raises
    ------
    SettingsError
        When there is no such zone.
    """
    try:
        return reload_localzone()
    except (KeyError, OSError, ValueError) as error:
        given = os.environ.get("TZ")
        if not given:
            raise SettingsError(
                f"the time zone of this machine cannot be told ({error}); "
                "set TZ to a name such as Europe/Berlin"
            ) from error
        quoted = " without quotation marks" if given.strip("'\"") != given else ""
        raise SettingsError(
            f"TZ is {given!r}: it names no time zone; "
            f"set it to a name such as Europe/Berlin{quoted}, or unset it"
        ) from error

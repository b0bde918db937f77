# SPDX-License-Identifier: GPL-2.0-or-later
"""The one exception for what cannot be read."""


class TraceError(Exception):
    """A folder has no run that can be read. Its text is one line that says why."""


class Malformed(Exception):
    """Bytes whose checksum is right and whose content makes no sense. Never leaves the package."""

"""Where the files that ship with the package are: models, configuration, clips."""

import os


def share_path(*parts: str) -> str:
    """A path in the package's share folder.

    `$REHAB_COACH_SHARE` if set; the repository in a source or devel tree; `share/rehab_coach` of the prefix that the
    package was installed to by catkin.
    """
    here = os.path.dirname(os.path.abspath(__file__))
    candidates = [
        os.environ.get("REHAB_COACH_SHARE", ""),
        os.path.join(here, "..", ".."),
        os.path.join(here, "..", "..", "..", "..", "share", "rehab_coach"),
    ]
    for folder in candidates:
        if folder and os.path.exists(os.path.join(folder, "package.xml")):
            return os.path.join(os.path.abspath(folder), *parts)
    return os.path.join(os.path.abspath(candidates[-1]), *parts)

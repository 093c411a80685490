"""Public sets of skeletons, as they are downloaded, into the files that the recipes read."""

from collections import Counter
from typing import Callable, Dict, List

from rehab_coach.dataset.converters import CONVERTERS
from rehab_coach.dataset.sequences import Recording, replace_source
from rehab_coach.errors import RehabCoachError
from rehab_coach.files import make_folder


def add_public_set(
    name: str, source: str, data: str, everything: bool, report: Callable[[str], None], progress=iter
) -> Dict[str, int]:
    """Convert a public set; in the data folder it takes the place of what was converted of it before.

    Args:
        name: one of `CONVERTERS`.
        source: folder of the download, unpacked.
        data: the recipes' data folder.
        everything: also the persons and parts that the recipes leave out.
        report: called with a line about each file that is left out.
        progress: wraps the files while they are read (tqdm).

    Returns:
        How many sequences of each label were written.

    Raises:
        RehabCoachError: the folder does not hold the set, or nothing of it can be used or written.
    """
    converter = CONVERTERS[name]
    paths = converter.files(source, everything)
    if not paths:
        raise RehabCoachError(
            "%s does not hold %s: %s is looked for. Unpack the download, and give the folder that holds it"
            % (source, converter.title.split(" (")[0], converter.layout)
        )
    make_folder(data)
    recordings: List[Recording] = []
    problems: List[str] = []
    for path in progress(paths):
        try:
            recording = converter.read(path, everything)
        except RehabCoachError as error:
            problems.append(str(error))
            report("left out: %s" % error)
            continue
        if recording is not None:
            recordings.append(recording)
    if not recordings:
        raise RehabCoachError(
            "nothing of %s could be used: %s" % (source, problems[0] if problems else "it has no training part (--all)")
        )
    replace_source(data, converter.file, name, recordings)
    return dict(sorted(Counter(recording.label for recording in recordings).items()))

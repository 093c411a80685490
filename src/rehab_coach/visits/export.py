"""Everything that is kept of patients as files that other programs read.

visits.json            patients, visits, rounds, movements; angles in radians, as they are stored
rounds.csv             one row a round
repetitions.csv        one row a repetition; angles in degrees
skeletons/NAME.npz     key points, where they were kept (skeleton.SkeletonSequence reads them)
templates/NAME.npz     what a patient is known again by, if she was enrolled (identification.verifier.Template reads it)
"""

import csv
import datetime
import json
import math
import os
from typing import Dict, List, Optional, Sequence

from rehab_coach.files import private_file
from rehab_coach.visits.schema import VERSION
from rehab_coach.visits.store import EnrolledPatient, PatientSummary, RoundResult, VisitStore, dump_movement

_ROUND = (
    "patient visit round started ended asked status recognised confidence verdict waiting_time_s measured_by exercise "
    "repetitions remarks"
).split()
_REPETITION = "patient visit round started exercise repetition".split()
_TIMES = "start turn end down hold up pause".split()


def export(store: VisitStore, folder: str, patients: Optional[Sequence[str]] = None) -> List[str]:
    """Write the files.

    Args:
        store: where the visits are.
        folder: where to; files in it are replaced. Folder and files are readable by their owner only.
        patients: names; None: everybody.

    Returns:
        Paths of the files.

    Raises:
        RehabCoachError: a patient is not known, or the folder cannot be written.
    """
    known = {one.name: one for one in store.patients()}
    names = list(known) if patients is None else list(dict.fromkeys(patients))
    rounds = {name: store.rounds(name, skeletons=True) for name in names}
    enrolled = {one.name: one for one in store.enrolled(withdrawn=True) if one.name in names}
    files = [os.path.join(folder, name) for name in ("visits.json", "rounds.csv", "repetitions.csv")]
    with private_file(files[0]) as stream:
        content = [_patient(known[name], rounds[name], enrolled.get(name)) for name in names]
        json.dump({"version": VERSION, "patients": content}, stream, indent=1, ensure_ascii=False, allow_nan=False)
    for name in names:
        for one in rounds[name]:
            if one.skeleton is not None:
                files.append(os.path.join(folder, _skeleton_name(name, one)))
                with private_file(files[-1], "wb") as stream:
                    stream.write(one.skeleton.to_bytes())
    for name, patient in enrolled.items():
        files.append(os.path.join(folder, _template_name(name)))
        with private_file(files[-1], "wb") as stream:
            stream.write(patient.template)
    _write_table(files[1], [_round_row(name, one) for name in names for one in rounds[name]], _ROUND)
    repetitions = [row for name in names for one in rounds[name] for row in _repetition_rows(name, one)]
    angles = sorted({column for row in repetitions for column in row if column.endswith("_deg")})
    columns = _REPETITION + [time + "_s" for time in _TIMES] + ["smoothness", "symmetry"] + angles
    _write_table(files[2], repetitions, columns)
    return files


def iso(stamp: float) -> str:
    """A stamp as ISO 8601 in UTC."""
    moment = datetime.datetime.fromtimestamp(stamp, datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _skeleton_name(patient: str, one: RoundResult) -> str:
    stamp = iso(one.started).replace(":", "").replace("-", "")
    return os.path.join("skeletons", "%s_%s_round%d.npz" % (patient.replace(" ", "_"), stamp, one.number))


def _template_name(patient: str) -> str:
    return os.path.join("templates", patient.replace(" ", "_") + ".npz")


def _patient(patient: PatientSummary, rounds: Sequence[RoundResult], enrolled: Optional[EnrolledPatient]) -> dict:
    visits: Dict[int, List[dict]] = {}
    for one in rounds:
        values = _round_row(patient.name, one)
        for name in ("patient", "visit", "exercise", "repetitions", "remarks"):
            del values[name]
        values["movement"] = None if one.movement is None else json.loads(dump_movement(one.movement))
        values["skeleton"] = None if one.skeleton is None else _skeleton_name(patient.name, one)
        visits.setdefault(one.visit, []).append(values)
    consent = patient.consent and {"time": iso(patient.consent.time), "text": patient.consent.text}
    content = [{"number": number, "rounds": rows} for number, rows in visits.items()]
    template = enrolled and {
        "time": iso(enrolled.time),
        "consent": enrolled.consent,
        "made_from": enrolled.made_from,
        "model": enrolled.model,
        "file": _template_name(enrolled.name),
    }
    return {"name": patient.name, "consent": consent, "template": template, "visits": content}


def _round_row(patient: str, one: RoundResult) -> dict:
    movement = one.movement
    return {
        "patient": patient,
        "visit": one.visit,
        "round": one.number,
        "started": iso(one.started),
        "ended": iso(one.ended),
        "asked": one.asked,
        "status": one.status,
        "recognised": one.recognised,
        "confidence": one.confidence,
        "verdict": one.verdict,
        "waiting_time_s": one.waiting_time,
        "measured_by": one.measured_by,
        "exercise": movement and movement.exercise,
        "repetitions": movement and len(movement.repetitions),
        "remarks": movement and " ".join(remark.rule for remark in movement.remarks),
    }


def _repetition_rows(patient: str, one: RoundResult) -> List[dict]:
    movement = one.movement
    if movement is None:
        return []
    rows = []
    for number, repetition in enumerate(movement.repetitions, 1):
        row = {
            "patient": patient,
            "visit": one.visit,
            "round": one.number,
            "started": iso(one.started),
            "exercise": movement.exercise,
            "repetition": number,
            "smoothness": repetition.smoothness if math.isfinite(repetition.smoothness) else None,
            "symmetry": repetition.symmetry,
        }
        row.update({time + "_s": round(getattr(repetition, time), 3) for time in _TIMES})
        for angle, (least, most) in repetition.range_of_motion.items():
            row[angle + "_min_deg"] = round(math.degrees(least), 1)
            row[angle + "_max_deg"] = round(math.degrees(most), 1)
        rows.append(row)
    return rows


def _write_table(path: str, rows: Sequence[dict], columns: Sequence[str]) -> None:
    with private_file(path, newline="") as stream:
        table = csv.DictWriter(stream, columns, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)

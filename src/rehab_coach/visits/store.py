"""Every round of every visit, durable at once."""

import json
import math
import re
import shlex
import time
import unicodedata
from dataclasses import dataclass, replace
from typing import Any, Dict, List, Optional

from sqlalchemy import Connection, Row, func, select

from rehab_coach.movement import Movement
from rehab_coach.rounds import Outcome
from rehab_coach.skeleton import SkeletonSequence
from rehab_coach.visits import schema
from rehab_coach.visits.database import Database, option_of
from rehab_coach.visits.errors import NoConsentError, VisitStoreError

VISIT_GAP = 3600.0
"""Seconds between two rounds from which on the later one belongs to the next visit. By time, so that a coach that is
started again goes on with the visit that it was in."""

LONGEST_NAME = 64


@dataclass(frozen=True)
class Consent:
    """That a patient agreed.

    Attributes:
        time: when, seconds since 1970.
        text: what was agreed to: the words that the patient read, or their version.
    """

    time: float
    text: str


@dataclass(frozen=True, eq=False)
class RoundResult:
    """One round: what was asked, what was seen, how it was done.

    Attributes:
        number: the round's number as the coach counts, from 1 at each start.
        started: when it was asked for, seconds since 1970: the stamp of the request. Together with the number it is the
            round's identity, so the same round must come with the same stamp when it is stored once more.
        ended: when the prediction came, seconds since 1970.
        asked: label of the exercise that was asked for.
        status: of the prediction: recognised, unknown, not_seen or failed.
        recognised: label that was recognised, "" for none.
        confidence: its probability, 0..1.
        verdict: what was answered, a `rounds.Outcome`.
        waiting_time: seconds from the last frame to the prediction; None: not measured.
        movement: what was measured; None: nothing was.
        skeleton: the key points, if they are to be kept. Pictures never are.
        measured_by: what measured it, such as "tf_pose, coach.safetensors of 2025-03-01": numbers before and after a
            change are compared with care.
        visit: number of the visit, from 1; the store sets it.
    """

    number: int
    started: float
    ended: float
    asked: str
    status: str
    recognised: str
    confidence: float
    verdict: str
    waiting_time: Optional[float] = None
    movement: Optional[Movement] = None
    skeleton: Optional[SkeletonSequence] = None
    measured_by: str = ""
    visit: int = 0

    def __post_init__(self):
        if self.verdict not in set(Outcome):
            raise ValueError("the verdict is one of %s, not %r" % (", ".join(Outcome), self.verdict))
        if not all(map(math.isfinite, (self.started, self.ended, self.confidence))):
            raise ValueError("times and confidence of a round must be finite")


@dataclass(frozen=True)
class PatientSummary:
    """A patient and how much is kept. `first` and `last` are stamps of rounds, None without any."""

    name: str
    consent: Optional[Consent]
    visits: int
    rounds: int
    first: Optional[float]
    last: Optional[float]


@dataclass(frozen=True, eq=False)
class EnrolledPatient:
    """A patient who can be known again.

    Attributes:
        name: pseudonym.
        time: when she was enrolled, seconds since 1970.
        consent: the words that she agreed to.
        made_from: what her template was made from, such as "squat.mp4".
        model: fingerprint of the model that it was made with; another one cannot compare it.
        template: content of the template's file.
    """

    name: str
    time: float
    consent: str
    made_from: str
    model: str
    template: bytes


def check_name(name: str) -> str:
    """A patient's pseudonym in its one spelling.

    Letters of any alphabet, digits, and - _ . or single spaces between them, up to 64 characters: such a name is safe
    in file names, tables and web pages.

    Raises:
        VisitStoreError: any other name; the message says what is allowed.
    """
    name = unicodedata.normalize("NFC", name)
    if len(name) > LONGEST_NAME or not re.fullmatch(r"[^\W_](?:[-_. ]?[^\W_])*", name):
        raise VisitStoreError(
            "%s cannot be the name of a patient: take a pseudonym such as P-017, up to %d letters and digits, with "
            "single - _ . or spaces between them" % (repr(name if len(name) <= 80 else name[:77] + "..."), LONGEST_NAME)
        )
    return name


class VisitStore:
    """The database of visits.

    A call that returns has stored what it was given; one that raises has stored nothing. It may be used by several
    threads and programs at a time.

    Args:
        place: path of a SQLite file, or a URL (sqlite:///PATH, postgresql://USER@HOST/NAME).
        create: make the file when it is missing, mode 0600 (a folder that is made for it: 0700).
        busy_timeout: seconds to wait for another program that is writing.

    Raises:
        StoreUnavailableError: locked, full, not reachable; trying again may help.
        VisitStoreError: broken, something else, made by a newer version, or no permission. It is left as it is.
    """

    def __init__(self, place: str, create: bool = True, busy_timeout: float = 5.0):
        self._database = Database(place, create, busy_timeout)
        with self._database.transaction() as connection:
            version = schema.read_version(connection)
        if version != schema.VERSION:
            with self._database.transaction(writes=True) as connection:
                schema.bring_up_to_date(connection)

    @property
    def place(self) -> str:
        """Path, or URL without its password."""
        return self._database.name

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> "VisitStore":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def consent(self, patient: str) -> Optional[Consent]:
        """What the patient agreed to; None: not asked yet, or withdrawn."""
        name = check_name(patient)
        with self._database.transaction() as connection:
            row = connection.execute(select(schema.patients).where(schema.patients.c.name == name)).first()
        return _consent(row) if row else None

    def give_consent(self, patient: str, text: str, at: Optional[float] = None) -> None:
        """The patient agreed that visits are kept.

        Args:
            patient: pseudonym, see `check_name`.
            text: what was agreed to: the words that the patient read, or their version.
            at: when, seconds since 1970; None: now.
        """
        name = check_name(patient)
        values = {"consent_time": time.time() if at is None else at, "consent_text": text, "withdrawn_time": None}
        table = schema.patients
        with self._database.transaction(writes=True) as connection:
            if not connection.execute(table.update().where(table.c.name == name).values(values)).rowcount:
                connection.execute(table.insert().values(name=name, **values))

    def withdraw_consent(self, patient: str, at: Optional[float] = None) -> None:
        """From now on nothing more is stored. What is there stays until `delete`."""
        table = schema.patients
        with self._database.transaction(writes=True) as connection:
            identity = self._identity(connection, patient)
            values = {"withdrawn_time": time.time() if at is None else at}
            connection.execute(table.update().where(table.c.id == identity).values(values))

    def add_round(self, patient: str, result: RoundResult) -> bool:
        """Store a round; it is on the disk when this returns.

        Returns:
            True; False if this very round (same patient, `started` and `number`) had been stored before, so that a call
            whose outcome got lost can simply be made once more. What was stored without a movement gets the one that
            comes later.

        Raises:
            NoConsentError: the patient has not agreed.
            StoreUnavailableError: nothing was stored; keep the round and try again.
        """
        name = check_name(patient)
        table = schema.rounds
        values = _as_row(result)
        with self._database.transaction(writes=True) as connection:
            # On PostgreSQL the lock on the patient keeps two writers from opening the same visit twice.
            found = select(schema.patients).where(schema.patients.c.name == name).with_for_update()
            row = connection.execute(found).first()
            if row is None or _consent(row) is None:
                raise self._no_consent(name, "this round is not")
            nearest = connection.execute(
                select(table.c.id, table.c.visit_id, table.c.started, table.c.number, table.c.movement)
                .join(schema.visits)
                .where(schema.visits.c.patient_id == row.id)
                .order_by(func.abs(table.c.started - result.started), func.abs(table.c.number - result.number))
                .limit(1)
            ).first()
            if nearest and (nearest.started, nearest.number) == (result.started, result.number):
                if nearest.movement is None and result.movement is not None:
                    connection.execute(table.update().where(table.c.id == nearest.id).values(values))
                return False
            if nearest and abs(nearest.started - result.started) <= VISIT_GAP:
                visit = nearest.visit_id
            else:
                made = connection.execute(schema.visits.insert().values(patient_id=row.id))
                visit = made.inserted_primary_key[0]  # type: ignore[index]  # None only after inserts of many rows
            connection.execute(table.insert().values(visit_id=visit, **values))
        return True

    def rounds(self, patient: str, skeletons: bool = False) -> List[RoundResult]:
        """Every round of a patient in the order of time, with the number of its visit.

        Args:
            patient: pseudonym.
            skeletons: read the key points too.
        """
        table = schema.rounds
        columns = [column for column in table.c if skeletons or column is not table.c.skeleton]
        with self._database.transaction() as connection:
            identity = self._identity(connection, patient)
            rows = connection.execute(
                select(*columns)
                .join(schema.visits)
                .where(schema.visits.c.patient_id == identity)
                .order_by(table.c.started, table.c.number)
            ).all()
        numbers: Dict[int, int] = {}
        return [_from_row(row, numbers.setdefault(row.visit_id, len(numbers) + 1)) for row in rows]

    def patients(self) -> List[PatientSummary]:
        """Everybody who ever agreed, by name."""
        table = schema.rounds
        query = (
            select(
                schema.patients,
                func.count(func.distinct(schema.visits.c.id)).label("visits"),
                func.count(table.c.id).label("rounds"),
                func.min(table.c.started).label("first"),
                func.max(table.c.started).label("last"),
            )
            .select_from(schema.patients.outerjoin(schema.visits).outerjoin(table))
            .group_by(schema.patients.c.id)
            .order_by(schema.patients.c.name)
        )
        with self._database.transaction() as connection:
            rows = connection.execute(query).all()
        return [PatientSummary(r.name, _consent(r), r.visits, r.rounds, r.first, r.last) for r in rows]

    def enrol(self, patient: EnrolledPatient) -> None:
        """Keep what a patient is known again by, in place of what was there before.

        Raises:
            NoConsentError: the patient has not agreed that visits are kept, without which there is nothing to know her
                again for.
        """
        table = schema.templates
        values = {
            "enrolled_time": patient.time,
            "consent_text": patient.consent,
            "made_from": patient.made_from[:200],
            "model": patient.model,
            "content": patient.template,
        }
        with self._database.transaction(writes=True) as connection:
            row = self._may_enrol(connection, patient.name)
            if not connection.execute(table.update().where(table.c.patient_id == row.id).values(values)).rowcount:
                connection.execute(table.insert().values(patient_id=row.id, **values))

    def check_consent(self, patient: str) -> None:
        """NoConsentError where `enrol` would raise it."""
        with self._database.transaction() as connection:
            self._may_enrol(connection, patient)

    def _may_enrol(self, connection: Connection, patient: str) -> Row:
        """The patient's row."""
        name = check_name(patient)
        row = connection.execute(select(schema.patients).where(schema.patients.c.name == name)).first()
        if row is None or _consent(row) is None:
            raise self._no_consent(name, "nobody is enrolled")
        return row

    def _no_consent(self, name: str, so: str) -> NoConsentError:
        """What is missing, what is not done therefore, and what to do."""
        command = "rehab-coach visits consent %s%s" % (shlex.quote(name), option_of(self.place))
        return NoConsentError("%s has not agreed that visits are kept, so %s; ask: %s" % (name, so, command))

    def enrolled(self, withdrawn: bool = False) -> List[EnrolledPatient]:
        """Those who can be known again, by name.

        Args:
            withdrawn: also those who do not agree any more. Nobody may be recognised by their templates; they are there
                until they are deleted.
        """
        table = schema.templates
        query = select(schema.patients, table).join(table).order_by(schema.patients.c.name)
        with self._database.transaction() as connection:
            rows = connection.execute(query).all()
        return [
            EnrolledPatient(
                row.name,
                row.enrolled_time,
                row._mapping[table.c.consent_text],
                row.made_from,
                row.model,
                row.content,
            )
            for row in rows
            if withdrawn or _consent(row) is not None
        ]

    def forget(self, patient: str) -> bool:
        """Delete what a patient is known again by, as `delete` does; visits stay. Returns whether there was any."""
        table = schema.templates
        with self._database.transaction() as connection:
            identity = self._identity(connection, patient)
            if connection.execute(select(table.c.patient_id).where(table.c.patient_id == identity)).first() is None:
                return False
        self._database.erase(table.delete().where(table.c.patient_id == identity))
        return True

    def delete(self, patient: str) -> int:
        """Delete a patient, every visit and the template for good; returns how many rounds there were.

        A SQLite file is overwritten where they stood and then written anew. Of a PostgreSQL server the tables are
        written anew; its log and its backups are its administrator's.
        """
        with self._database.transaction() as connection:
            identity = self._identity(connection, patient)
            table = schema.rounds.join(schema.visits)
            count = select(func.count()).select_from(table).where(schema.visits.c.patient_id == identity)
            rounds = connection.execute(count).scalar_one()
        self._database.erase(schema.patients.delete().where(schema.patients.c.id == identity))
        return rounds

    def _identity(self, connection: Connection, patient: str) -> int:
        name = check_name(patient)
        found = select(schema.patients.c.id).where(schema.patients.c.name == name)
        identity = connection.execute(found).scalar()
        if identity is None:
            names = connection.execute(select(schema.patients.c.name).order_by(schema.patients.c.name)).scalars().all()
            known = ", ".join(names[:10]) + (" ..." if len(names) > 10 else "")
            raise VisitStoreError("there is no patient %s in %s; known: %s" % (name, self.place, known or "nobody"))
        return identity


def _consent(row: Row) -> Optional[Consent]:
    return Consent(row.consent_time, row.consent_text) if row.withdrawn_time is None else None


def _as_row(result: RoundResult) -> dict:
    return {
        "number": result.number,
        "started": result.started,
        "ended": result.ended,
        "asked": result.asked,
        "status": result.status,
        "recognised": result.recognised,
        "confidence": result.confidence,
        "verdict": result.verdict,
        "waiting_time": result.waiting_time,
        "measured_by": result.measured_by[:200],
        "movement": None if result.movement is None else dump_movement(result.movement),
        "skeleton": None if result.skeleton is None else result.skeleton.to_bytes(),
    }


def _from_row(row: Row, visit: int) -> RoundResult:
    values = {name: value for name, value in row._mapping.items() if name not in ("id", "visit_id")}
    if values["movement"] is not None:
        values["movement"] = load_movement(values["movement"])
    if values.get("skeleton") is not None:
        values["skeleton"] = SkeletonSequence.from_bytes(values["skeleton"])
    return replace(RoundResult(**values), visit=visit)


def dump_movement(movement: Movement) -> str:
    """A movement as JSON; what is not a number is null there."""
    return json.dumps(_strict(movement.as_dict()), allow_nan=False, separators=(",", ":"))


def load_movement(text: str) -> Movement:
    """What `dump_movement` wrote."""
    values = json.loads(text)
    for repetition in values["repetitions"]:
        if repetition["smoothness"] is None:
            repetition["smoothness"] = float("nan")
    return Movement.from_dict(values)


def _strict(value: Any) -> Any:
    """Only what JSON knows: plain numbers instead of NumPy's, None instead of NaN."""
    if isinstance(value, dict):
        return {key: _strict(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(one) for one in value]
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value

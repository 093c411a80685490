"""The tables of the database of visits, and how older ones are brought up to date.

    patients --< visits --< rounds          schema_information: one row, the version
    patients --- templates

Times are seconds since 1970 (UTC). A database carries the version of its tables; opening an older one upgrades it in
one transaction, so that it is wholly old or wholly new. A newer one is refused and left alone.
"""

from typing import Dict, Optional, Tuple, Union

from sqlalchemy import (
    Column,
    Connection,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    inspect,
    select,
    text,
)
from sqlalchemy.schema import CreateTable

from rehab_coach.visits.errors import SchemaError

VERSION = 3

metadata = MetaData()

_Time = Float(53)  # 53 bits: double precision on every database

information = Table("schema_information", metadata, Column("version", Integer, nullable=False))

patients = Table(
    "patients",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("consent_time", _Time, nullable=False),
    Column("consent_text", Text, nullable=False),  # what the patient agreed to
    Column("withdrawn_time", _Time),
)

visits = Table(
    "visits",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("patient_id", ForeignKey("patients.id", ondelete="CASCADE"), nullable=False, index=True),
)

rounds = Table(
    "rounds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("visit_id", ForeignKey("visits.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("started", _Time, nullable=False),
    Column("ended", _Time, nullable=False),
    Column("asked", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("recognised", String(64), nullable=False),
    Column("confidence", Float, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("waiting_time", Float),
    Column("measured_by", String(200), nullable=False, server_default=""),  # since version 2
    Column("movement", Text),  # JSON of kinematics.movement.Movement
    Column("skeleton", LargeBinary),  # .npz of skeleton.sequence.SkeletonSequence
    UniqueConstraint("visit_id", "started", "number"),
)

# What a patient is known again by, since version 3; not more than one for each.
templates = Table(
    "templates",
    metadata,
    Column("patient_id", ForeignKey("patients.id", ondelete="CASCADE"), primary_key=True),
    Column("enrolled_time", _Time, nullable=False),
    Column("consent_text", Text, nullable=False),  # what the patient agreed to
    Column("made_from", String(200), nullable=False),
    Column("model", String(64), nullable=False),  # with which alone the content can be compared
    Column("content", LargeBinary, nullable=False),  # .npz of identification.verifier.Template
)

# What turns version n into n + 1.
UPGRADES: Dict[int, Tuple[Union[str, CreateTable], ...]] = {
    1: ("ALTER TABLE rounds ADD COLUMN measured_by VARCHAR(200) DEFAULT '' NOT NULL",),
    2: (CreateTable(templates),),
}


def read_version(connection: Connection) -> Optional[int]:
    """Version of the tables; None in an empty database.

    Raises:
        SchemaError: there are tables, but not ours.
    """
    names = inspect(connection).get_table_names()
    if information.name not in names:
        if names:
            raise SchemaError("it is a database of something else (its tables: %s)" % ", ".join(names[:5]))
        return None
    version = connection.execute(select(information.c.version)).scalar()
    if version is None or version < 1:
        raise SchemaError("its version is missing; take the last copy of it that worked")
    return version


def bring_up_to_date(connection: Connection) -> None:
    """Make the tables, or upgrade them step by step; within the caller's transaction.

    Raises:
        SchemaError: the tables are newer than this program, or not ours.
    """
    version = read_version(connection)
    if version is None:
        metadata.create_all(connection)
        connection.execute(information.insert().values(version=VERSION))
        return
    check_not_newer(version)
    for step in range(version, VERSION):
        for statement in UPGRADES[step]:
            connection.execute(text(statement) if isinstance(statement, str) else statement)
    connection.execute(information.update().values(version=VERSION))


def check_not_newer(version: int) -> None:
    """Refuse tables that a later program made."""
    if version > VERSION:
        raise SchemaError(
            "it was made by a newer rehab_coach (tables of version %d, this one knows %d); install that one"
            % (version, VERSION)
        )

"""Opening the database of visits: a private SQLite file, or a PostgreSQL server.

Every commit is on the disk before it returns. SQLite keeps a rollback journal rather than a write-ahead log: after each
commit the one file is complete, so that somebody who copies it to a stick or switches the robot off misses nothing, and
a round each half minute needs no speed. With that journal only synchronous=EXTRA (FULL, and the folder is synced too)
also outlives a power cut right after a commit.
"""

import contextlib
import os
import shlex
import sqlite3
from typing import Iterator
from urllib.parse import quote

from sqlalchemy import Connection, Engine, Executable, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from rehab_coach.visits.errors import SchemaError, StoreUnavailableError, VisitStoreError

_PRAGMAS = (
    "PRAGMA journal_mode = DELETE",
    "PRAGMA synchronous = EXTRA",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten with zeros
    "PRAGMA temp_store = MEMORY",  # nothing of a patient in temporary files
)


def default_place() -> str:
    """Where visits are kept unless somebody says otherwise: $XDG_DATA_HOME, as desktop programs do."""
    data = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
    return os.path.join(data, "rehab_coach", "visits.sqlite")


def option_of(place: str) -> str:
    """What a command needs to find a database: " --database PLACE"; nothing where it looks by itself."""
    return "" if place == default_place() else " --database %s" % shlex.quote(place)


class Database:
    """Connections to one database, and its errors in plain words.

    Args:
        place: path of a SQLite file, or a URL: sqlite:///PATH, postgresql://USER@HOST/NAME.
        create: make the file and its folder when they are missing, readable by their owner only.
        busy_timeout: seconds to wait for another program that is writing.

    Raises:
        VisitStoreError: no such file, or a URL that makes no sense.
    """

    def __init__(self, place: str, create: bool = True, busy_timeout: float = 5.0):
        place = os.fspath(place)
        url = None
        if "://" in place:
            try:
                url = make_url(place)
            except (ArgumentError, ValueError) as error:
                raise VisitStoreError("%s is not the URL of a database" % place) from error
        if url is None or url.get_backend_name() == "sqlite":
            path = place if url is None else url.database
            if not path or path == ":memory:":
                raise VisitStoreError("the visits need a file; give the path of one")
            self.name = os.path.abspath(os.path.expanduser(path))
            self.is_file = True
            self._prepare_file(create)
            self.engine = self._open_file(busy_timeout)
        elif url.get_backend_name() == "postgresql":
            self.name = url.render_as_string(hide_password=True)
            self.is_file = False
            self.engine = self._open_server(url, busy_timeout)
        else:
            raise VisitStoreError(
                "%s databases are not supported; give a file or a postgresql:// URL" % url.get_backend_name()
            )

    def _prepare_file(self, create: bool) -> None:
        folder = os.path.dirname(self.name)
        try:
            if create:
                os.makedirs(folder, mode=0o700, exist_ok=True)
                with contextlib.suppress(FileExistsError):
                    os.close(os.open(self.name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            # Its journal gets the same permissions from SQLite.
            if os.stat(self.name).st_mode & 0o077:
                os.chmod(self.name, 0o600)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not create:
                message = (
                    "there is no database %s; name another one with --database, or make it by asking a patient: "
                    "rehab-coach visits consent PATIENT%s"
                )
                raise VisitStoreError(message % (self.name, option_of(self.name))) from error
            raise VisitStoreError(
                "cannot use the database %s: %s; choose another place" % (self.name, error.strerror)
            ) from error

    def _open_file(self, busy_timeout: float) -> Engine:
        uri = "file:%s?mode=rw" % quote(self.name)  # never makes a file: that is done above, with its permissions

        def connect() -> sqlite3.Connection:
            # isolation_level None: transactions begin where the code below says so, not where the driver thinks.
            connection = sqlite3.connect(uri, uri=True, timeout=busy_timeout, isolation_level=None)
            try:
                for pragma in _PRAGMAS:
                    connection.execute(pragma)
            except BaseException:
                connection.close()
                raise
            return connection

        engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            # A writer takes the lock at once: two that read first and then want to write would block each other.
            options = connection.get_execution_options()
            if options.get("isolation_level") != "AUTOCOMMIT":
                connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")

        return engine

    def _open_server(self, url, busy_timeout: float) -> Engine:
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        try:
            return create_engine(
                url,
                pool_pre_ping=True,
                connect_args={
                    "connect_timeout": max(2, int(busy_timeout)),
                    "options": "-c lock_timeout=%d" % (1000 * busy_timeout),
                },
            )
        except ImportError as error:
            raise VisitStoreError("PostgreSQL needs the package psycopg: pip install 'psycopg[binary]'") from error

    @contextlib.contextmanager
    def transaction(self, writes: bool = False) -> Iterator[Connection]:
        """A connection in a transaction: committed at the end of the block, undone if the block raises."""
        with self.plain_errors(), self.engine.connect().execution_options(writes=writes) as connection:
            with connection.begin():
                yield connection

    def erase(self, statement: Executable) -> None:
        """Run a statement that deletes, and write the database anew so that no trace of the rows is left in it.

        Raises:
            StoreUnavailableError: somebody else has the database open for writing; nothing was deleted.
        """
        with self.plain_errors(), self.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            if not self.is_file:
                connection.execute(statement)
                for name in ("patients", "visits", "rounds", "templates"):
                    connection.exec_driver_sql("VACUUM FULL %s" % name)
                return
            # The lock is kept until the file is written anew: nobody can come between.
            for command in ("PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"):
                connection.exec_driver_sql(command)
            connection.execute(statement)
            connection.exec_driver_sql("COMMIT")
            try:
                self._write_anew(connection)
            except (DBAPIError, sqlite3.Error) as error:
                raise StoreUnavailableError(
                    "deleted and overwritten with zeros, but the file %s could not be written anew (%s): it is as "
                    "large as before" % (self.name, _reason(error))
                ) from error

    def _write_anew(self, connection: Connection) -> None:
        connection.exec_driver_sql("VACUUM")

    @contextlib.contextmanager
    def plain_errors(self) -> Iterator[None]:
        """Turn the driver's errors into ours, which say what to do next."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            raise self._in_plain_words(error) from error
        except SchemaError as error:
            raise VisitStoreError("the database %s cannot be used: %s" % (self.name, error)) from error

    def _in_plain_words(self, error: Exception) -> VisitStoreError:
        reason = _reason(error)
        if not self.is_file:
            return StoreUnavailableError(
                "the database %s does not answer as it should (%s); nothing was changed" % (self.name, reason)
            )
        if "locked" in reason:
            return StoreUnavailableError(
                "the database %s is in use by another program; nothing was changed, try again when that one is done"
                % self.name
            )
        if "full" in reason or "I/O" in reason:
            return StoreUnavailableError(
                "the disk of the database %s is full or broken (%s); nothing was changed, make room and try again"
                % (self.name, reason)
            )
        if "not a database" in reason or "malformed" in reason:
            return VisitStoreError(
                "%s is not a database or is broken (%s); it was left as it is: move it away, or put a copy in its place"
                % (self.name, reason)
            )
        return VisitStoreError("cannot use the database %s: %s; nothing was changed" % (self.name, reason))

    def close(self) -> None:
        self.engine.dispose()


def _reason(error: Exception) -> str:
    """The driver's own words, one line."""
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]

"""What can go wrong with the database of visits."""

from rehab_coach.errors import RehabCoachError


class VisitStoreError(RehabCoachError):
    """The database cannot be used, or what was asked of it makes no sense."""


class StoreUnavailableError(VisitStoreError):
    """Nothing was stored, but the same call may succeed later: the database is locked, full, or not reachable."""


class NoConsentError(VisitStoreError):
    """The patient has not agreed that visits are kept, or does not any more. Nothing was stored."""


class SchemaError(VisitStoreError):
    """The tables are not what this program can work with. They were left as they are."""

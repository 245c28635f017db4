"""The two databases (buckets): snapshots for ever in the first, samples in the second, which forgets them itself."""

from meterkast_runtime.log import get_logger

from meterkast_store.errors import StoreUnavailableError
from meterkast_store.influx_buckets import DAY_S, buckets
from meterkast_store.influx_lines import SAMPLED
from meterkast_store.influx_place import InfluxPlace
from meterkast_store.influx_refusal import FORBIDDEN, Refusal
from meterkast_store.influx_server import InfluxServer
from meterkast_store.rows import Table

FIRST_WITHOUT_DELETE = (3,)


class Databases:
    """Finds them, makes those that are missing where it may, and says which rows lie in which."""

    def __init__(self, server: InfluxServer, place: InfluxPlace) -> None:
        self._server = server
        self._place = place
        self._log = get_logger("store")
        self._samples = place.samples_database
        self._has_old_samples = False
        self._told = ""

    async def open(self) -> None:
        """Have both databases; an installation that has its samples in the first and may not make a second keeps it."""
        place = self._place
        if not self._server.version:
            return
        self._buckets = buckets(self._server, place)
        await self._have(place.database, 0)
        self._has_old_samples = place.samples_database != place.database and await self._holds_samples()
        try:
            await self._have(place.samples_database, place.retention_days * DAY_S)
        except StoreUnavailableError:
            if not self._has_old_samples:
                raise
            self._samples, self._has_old_samples = place.database, False
            self._tell(f"Samples stay in {place.database}, as {place.samples_database} is missing and may not be made")

    def of(self, table: Table) -> str:
        """The database into which rows of a table go."""
        return self._samples if table is Table.SAMPLE else self._place.database

    @property
    def first(self) -> str:
        """The database of all that is kept for ever."""
        return self._place.database

    @property
    def samples(self) -> str:
        """The database of samples and vitals."""
        return self._samples

    def source(self, table: Table) -> str:
        """What stands after FROM: a table, in the case of samples also that of before there were two databases."""
        if table is Table.SAMPLE and self._has_old_samples:
            return f'"{self._samples}".."{table}", "{self._place.database}".."{table}"'
        return f'"{table}"'

    async def prune(self, before: int) -> None:
        """Have the server forget samples older than what is set, or delete them where it cannot be told to."""
        if not self._server.version:
            return
        wanted = self._place.retention_days * DAY_S
        kept = await self._kept(wanted) if self._samples != self._place.database else None
        with self._server.trying("prune"):
            if kept is None or kept == 0 or kept > wanted:
                await self._delete(self._samples, before)
            if self._has_old_samples:
                await self._delete(self._place.database, before)
        self._has_old_samples = self._has_old_samples and await self._holds_samples()

    async def _delete(self, database: str, before: int) -> None:
        if self._server.version < FIRST_WITHOUT_DELETE:
            for measurement in SAMPLED:
                await self._server.command(f'DELETE FROM "{measurement}" WHERE time < {before}ms', database)  # noqa: S608

    async def _holds_samples(self) -> bool:
        """Whether samples of before there were two databases lie in the first; version 3 never had but one way."""
        if self._server.version >= FIRST_WITHOUT_DELETE:
            return False
        (found,) = await self._server.ask(self._place.database, f'SELECT * FROM "{Table.SAMPLE}" LIMIT 1')  # noqa: S608
        return bool(found)

    async def _have(self, database: str, keeps_s: int) -> None:
        """See that a database is there, or make it."""
        with self._server.trying("open"):
            try:
                await self._buckets.retention(database)
            except Refusal as no:
                if no.status != FORBIDDEN and not no.of_a_missing_database:
                    raise
                await self._make(database, keeps_s)

    async def _make(self, database: str, keeps_s: int) -> None:
        try:
            await self._buckets.make(database, keeps_s)
        except Refusal as no:
            hint = self._buckets.how_to_make(database, self._place.retention_days if keeps_s else 0)
            raise StoreUnavailableError("use", f"{database} at {self._place.url}", no.reason, hint=hint) from no

    async def _kept(self, wanted: int) -> int | None:
        """Return for how long the second database keeps samples, having set it where we may."""
        with self._server.trying("read the retention of"):
            kept = await self._buckets.retention(self._samples)
        if kept is None or kept == wanted:
            return kept
        try:
            await self._buckets.keep(self._samples, wanted)
        except Refusal as no:
            self._tell(
                f"{self._samples} keeps samples {_days(kept)}, [store] retention_days says {_days(wanted)}, and it may "
                f"not be set by this user: {self._buckets.how_to_keep(self._samples, self._place.retention_days)}",
                no.reason,
            )
            return kept
        return wanted

    def _tell(self, sentence: str, reason: str = "") -> None:
        if sentence != self._told:
            self._told = sentence
            self._log.warning(sentence, reason=reason)


def _days(seconds: int) -> str:
    return f"{seconds / DAY_S:g} days" if seconds else "for ever"

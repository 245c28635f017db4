from datetime import timedelta

from meterkast_store import Batch
from meterkast_store.rows import Series, Table
from meterkast_store.window import Window

from tests.store.houses import NOON, sample, steady
from tests.store.memory import MemoryRows
from tests.store.test_usage import book


async def test_a_window_answers_as_the_rows_themselves_whether_it_holds_them_or_not() -> None:
    """Around a batch's times each question has the answer that the backend has; what is not held is asked of it."""
    rows = MemoryRows()
    await book(rows).write(Batch(samples=list(steady(NOON, NOON + timedelta(hours=30), every_s=300))))
    batch = Batch(samples=[sample(NOON + timedelta(hours=hour), 1) for hour in (14, 16)])
    series = Series(Table.QUARTER, "home", "E0043")
    noon = int(NOON.timestamp()) * 1000
    begin, end = noon + 14 * 3_600_000, noon + 16 * 3_600_000
    for window in (await Window.around(rows, batch), Window(rows, {})):
        assert await window.at(series, [begin, end, end + 1]) == await rows.at(series, [begin, end])
        assert await window.between(series, begin, end) == await rows.between(series, begin, end)
        for limit in (1, 50):
            before = await rows.between(series, 0, begin, limit=limit, newest=True)
            assert await window.between(series, 0, begin, limit=limit, newest=True) == before
            after = await rows.between(series, end, 2 * end, limit=limit)
            assert await window.between(series, end, 2 * end, limit=limit) == after

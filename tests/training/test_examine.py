from noria.config import ExamRules
from noria.evaluators.registry import DOMAINS, domain
from noria.identity import bucket, content_id
from noria.training.examine import draw, judge
from noria.types import ExamItem
from tests import build


async def test_items_are_fresh_spread_over_levels_and_from_reserved_ground() -> None:
    used: set[str] = set()
    domains = {name: domain(name) for name in DOMAINS}
    levels: dict[str, tuple[int, ...]] = dict.fromkeys(DOMAINS, (1, 2))
    first = draw(domains, levels, 20, "one", used=used)
    second = draw(domains, levels, 20, "two", used=used)
    for items in (first, second):
        assert {task.domain for task, _ in items} == set(DOMAINS)
        assert {bucket(task.domain, task.parameters) for task, _ in items} == {"gate"}
        assert {task.worded_by for task, _ in items} == {"program"}
        assert {task.level for task, _ in items} == {1, 2}
    keys = [content_id("parameters", [task.domain, task.parameters]) for task, _ in (*first, *second)]
    assert len(keys) == len(set(keys))


async def test_a_domain_that_holds_too_few_items_gives_what_it_has() -> None:
    domains = {"arithmetic": domain("arithmetic")}
    items = draw(domains, {"arithmetic": (1,)}, 500, "all", used=set())
    assert 5 < len(items) < 60


def item(parent: bool, student: bool) -> ExamItem:
    return ExamItem(task=build.task(), parent="", student="", parent_passed=parent, student_passed=student)


def test_an_exam_counts_its_discordant_pairs() -> None:
    items = [item(False, True)] * 12 + [item(True, False)] * 1 + [item(True, True)] * 5 + [item(False, False)] * 2
    exam = judge(1, "p", "s", items, ExamRules(), 1.0)
    assert (exam.wins, exam.losses, exam.parent_right, exam.student_right) == (12, 1, 6, 17)
    assert exam.promoted
    assert exam.parent_interval[0] < 6 / 20 < exam.parent_interval[1]
    assert exam.skills == {"arithmetic/add": (20, 17)}
    still = judge(9, "p", "s", items[12:], ExamRules(), 1.0)
    assert not still.promoted
    assert still.alpha < exam.alpha

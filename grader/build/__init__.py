"""Make what students get from what the teacher has: stubs, and the starter without secrets."""

from grader.build.new import new_lesson
from grader.build.plan import plan_build
from grader.build.stubs import stub_source
from grader.build.wheel import with_wheel
from grader.build.write import stale, write_build

__all__ = ["new_lesson", "plan_build", "stale", "stub_source", "with_wheel", "write_build"]

"""Every rule of the box, the wire and the trusted side, each with the evidence that it is needed."""

from grader.tests.rules.box import BOX, NEEDED
from grader.tests.rules.model import Rule
from grader.tests.rules.trusted import TRUSTED
from grader.tests.rules.wire import CHANNEL, WIRE

RULES: tuple[Rule, ...] = (*BOX, *NEEDED, *WIRE, *CHANNEL, *TRUSTED)

__all__ = ["RULES", "Rule"]

"""Text for people. `terminal` and `markdown` show a result, and are imported where one is shown."""

from grader.render.text import defang, fit, neutralise, one_line

__all__ = ["defang", "fit", "neutralise", "one_line"]

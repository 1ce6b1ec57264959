'''Tried: conftest.py, pytest.ini, setup.cfg, tox.ini, plugins, sitecustomize.py and .pth, at every level.

Must: none of them is read by Python or pytest; they are listed as set aside.
'''
CONFTEST = '''
import os, pytest
open("/tmp/MARKER", "w").write("ran")
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.outcome = "passed"
    return report
'''


def build_tree(kit):
    kit.write("minigpt/attention.py", kit.wrong)
    text = CONFTEST.replace("MARKER", kit.marker)
    for folder in ("", "minigpt/", "tests/", "assignments/", "assignments/01_attention_mechanism/"):
        for name in ("conftest.py", "sitecustomize.py", "usercustomize.py", "pytest_plugin.py"):
            kit.write(folder + name, text)
        kit.write(folder + "pytest.ini", "[pytest]\naddopts = -p conftest --co -k nothing\n")
        kit.write(folder + "tox.ini", "[pytest]\naddopts = --co\n")
        kit.write(folder + "setup.cfg", "[tool:pytest]\naddopts = --co\n")
        kit.write(folder + "pyproject.toml", "[tool.pytest.ini_options]\naddopts = '--co'\n")
        kit.write(folder + "evil.pth", f"import os; open('/tmp/{kit.marker}', 'w')\n")

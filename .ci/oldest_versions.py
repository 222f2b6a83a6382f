"""The oldest versions that pyproject.toml allows, of what the package and its tests need, as requirements of pip.

Other extras need newer versions of some of these: Minari for one needs NumPy 2.
"""

import tomllib
from pathlib import Path

project = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text())["project"]
requirements = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
for requirement in sorted(set(requirements)):
    if ">=" in requirement:  # not an extra that is made of others
        print(requirement.replace(">=", "=="))

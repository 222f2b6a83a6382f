"""The oldest versions that pyproject.toml allows, of what the package and its extras need, as requirements of pip."""

import tomllib
from pathlib import Path

project = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text())["project"]
requirements = sum(project["optional-dependencies"].values(), project["dependencies"])
for requirement in sorted(set(requirements)):
    if ">=" in requirement:  # not an extra that is made of others
        print(requirement.replace(">=", "=="))

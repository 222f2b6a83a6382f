import gymnasium as gym
import pytest
from saccadeworld.envs.tasks import TASKS
from saccadeworld.scripts.environments import Environments


def test_every_registered_id_is_listed_with_its_limit(capsys: pytest.CaptureFixture[str]):
    Environments().run()
    lines = capsys.readouterr().out.splitlines()
    listed = {line.split()[0]: line.split()[3] for line in lines if line.startswith("SaccadeWorld")}
    registered = {name: spec for name, spec in gym.registry.items() if name.startswith("SaccadeWorld")}
    assert listed == {name: str(spec.max_episode_steps or "-") for name, spec in registered.items()}
    assert "  search: actions, observe_pose, reward, tolerance" in lines
    assert all(any(line.startswith(f"  {task}: ") for line in lines) for task in TASKS)

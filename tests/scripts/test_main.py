import subprocess
import sys
from pathlib import Path

import pytest
from saccadeworld.scripts import main


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_subcommand_is_a_file_of_its_name(name: str):
    command = main.load(name)
    assert command.__module__ == f"saccadeworld.scripts.{name.replace('-', '_')}"
    assert command.__doc__


def test_every_file_with_a_command_is_a_subcommand_or_says_that_it_stands_alone():
    alone = {"fit_saliency"}  # made the weights of the saliency model, once
    files = {path.stem for path in Path(main.__file__).parent.glob("*.py") if "run_command(" in path.read_text()}
    assert files - {"command"} - alone == {name.replace("-", "_") for name in main.COMMANDS}


def test_a_subcommand_does_not_wait_for_what_others_need():
    told = "import sys; sys.argv[1:] = ['environments']; from saccadeworld.scripts.main import main; main()"
    check = "; assert not {'stable_baselines3', 'tensorboard', 'matplotlib'} & sys.modules.keys(), 'imported in vain'"
    result = subprocess.run([sys.executable, "-c", told + check], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_help_tells_all_subcommands(saccadeworld, capsys):
    result = saccadeworld("--help")
    assert result.code == 0
    assert all(name in result.out for name in main.COMMANDS)


def test_an_unknown_subcommand_is_told_which_there_are(saccadeworld):
    result = saccadeworld("evaluat --model x")
    assert result.code == 2
    assert "train-agent" in result.err

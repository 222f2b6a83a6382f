import inspect
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tyro
from packaging.version import Version
from saccadeworld.scripts import main
from saccadeworld.scripts.fit_saliency import FitSaliency

SCRIPTS = Path(main.__file__).parent


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_subcommand_is_a_file_of_its_name(name: str):
    command = main.load(name)
    assert command.__module__ == f"saccadeworld.scripts.{name.replace('-', '_')}"
    assert command.__doc__


def test_every_file_with_a_command_is_a_subcommand_or_says_that_it_stands_alone():
    alone = {"fit_saliency"}  # made the weights of the saliency model, once
    files = {path.stem for path in SCRIPTS.glob("*.py") if "run_command(" in path.read_text()}
    assert files - {"command"} - alone == {name.replace("-", "_") for name in main.COMMANDS}


def test_a_subcommand_does_not_wait_for_what_others_need():
    told = "import sys; sys.argv[1:] = ['environments']; from saccadeworld.scripts.main import main; main()"
    check = "; assert not {'stable_baselines3', 'tensorboard', 'matplotlib'} & sys.modules.keys(), 'imported in vain'"
    result = python(told + check)
    assert result.returncode == 0, result.stderr


def test_help_tells_each_subcommand_in_a_line(saccadeworld):
    result = saccadeworld("--help")
    assert result.code == 0
    for name in main.COMMANDS:
        about = sys.modules[main.load(name).__module__].__doc__
        assert about.startswith(f"saccadeworld {name}: "), "what a module is about begins with how it is called"
        (line,) = (line.split(maxsplit=1) for line in result.out.splitlines() if line.startswith(f"  {name} "))
        assert line == [name, about.splitlines()[0].split(": ", 1)[1].rstrip(".")]


@pytest.mark.parametrize("words", ["", "'--help'"])
def test_the_subcommands_are_told_at_once(words: str):
    code = f"import sys; sys.argv[1:] = [{words}]\nfrom saccadeworld.scripts.main import main\ntry: main()\nfinally: "
    result = python(code + "assert not {'torch', 'scipy', 'PIL', 'cv2'} & sys.modules.keys(), 'imported in vain'")
    assert result.returncode == (0 if words else 2), result.stderr
    assert "train-agent" in (result.stdout if words else result.stderr)


def test_an_unknown_subcommand_is_told_which_there_are(saccadeworld):
    result = saccadeworld("evaluat --model x")
    assert result.code == 2
    assert "there is no command 'evaluat'; did you mean evaluate?" in result.err
    assert "train-agent" in result.err


@pytest.mark.parametrize("name", [*main.COMMANDS, None])
def test_help_ends_with_an_example_that_can_be_typed(name: str | None, saccadeworld):
    command = main.load(name) if name else FitSaliency
    description = (inspect.getdoc(command) or "").partition("\n\nAttributes:")[0]
    found = re.search(r"\n\nFor example: ([^\n]+(?:\n[^\n]+)*)$", description)
    assert found, "the last paragraph is no example"
    words = shlex.split(found[1])
    start = ["saccadeworld", name] if name else ["python", "-m", "saccadeworld.scripts.fit_saliency"]
    assert words[: len(start)] == start
    assert isinstance(tyro.cli(command, args=words[len(start) :]), command)
    if name:
        assert " ".join(found[0].split()) in " ".join(saccadeworld(f"{name} --help").out.split())


COMPLETE = """
source "$1"; read -ra COMP_WORDS <<< "$2"; COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )); COMP_LINE=$2; COMP_POINT=${#2}
read -ra registered <<< "$(complete -p saccadeworld)"
for (( i = 0; i < ${#registered[@]}; i++ )); do [[ ${registered[i]} == -F ]] && function=${registered[i + 1]}; done
"$function"; printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
def test_bash_completes_subcommands_and_their_options(saccadeworld, tmp_path):
    script = tmp_path / "completion"
    script.write_text(saccadeworld("--tyro-print-completion bash").out)

    def completions(line: str) -> set[str]:
        bash = ["bash", "-c", COMPLETE, "bash", str(script), line]
        return set(subprocess.run(bash, capture_output=True, text=True, check=True).stdout.split())

    assert completions("saccadeworld tra") == {"train", "train-agent"}
    assert completions("saccadeworld evaluate --mod") == {"--model"}
    assert completions("saccadeworld train --training.st") == {"--training.steps"}


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
@pytest.mark.skipif(Version(tyro.__version__) < Version("1.0.14"), reason="this tyro does not know fish")
def test_fish_completes_subcommands_options_and_values(saccadeworld, tmp_path):
    script = tmp_path / "completion.fish"
    script.write_text(saccadeworld("--tyro-print-completion fish").out)

    def completions(line: str) -> set[str]:
        fish = ["fish", "-c", 'source "$argv[1]"; complete -C "$argv[2]"', str(script), line]
        answer = subprocess.run(fish, capture_output=True, text=True, check=True).stdout
        return {each.split("\t")[0] for each in answer.splitlines()}

    assert completions("saccadeworld tra") == {"train", "train-agent"}
    assert completions("saccadeworld train --training.st") == {"--training.steps"}
    assert completions("saccadeworld train --world.name ") == {"images", "objects", "augmentations", "stored-views"}


def test_errors_are_told_as_json_lines_where_that_is_asked_for(saccadeworld, monkeypatch, tmp_path):
    monkeypatch.setenv("SACCADEWORLD_PROGRESS", "json")
    result = saccadeworld("evaluate --out", tmp_path / "out", "--model", tmp_path / "nowhere")
    assert result.code == 2
    assert json.loads(result.err) == {"error": f"no checkpoint folder at {tmp_path / 'nowhere'}"}
    assert "SACCADEWORLD_PROGRESS=json" in saccadeworld("--help").out

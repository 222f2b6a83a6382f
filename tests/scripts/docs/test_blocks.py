"""What documents tell people to run: Python is run page by page, commands are parsed, none is left out in silence."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path

import pytest
import saccadeworld
import tyro
from saccadeworld.envs import sources
from saccadeworld.scripts.docs.documents import DOCUMENTS
from saccadeworld.scripts.main import COMMANDS, load
from saccadeworld.seqjepa.encoder import ENCODERS

ROOT = Path(saccadeworld.__file__).parent
PAGES = sorted((ROOT / "scripts/docs/pages").rglob("*.md"))
TEXTS = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", *PAGES, *(ROOT / document for document in DOCUMENTS)]
}
KINDS = ("python", "sh", "text", "bibtex")
NOT_RUN = "not run: "  # begins the title of a block that is compiled alone
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)
_INFO = re.compile(r'(?P<kind>\w+)(?: title="(?P<title>[^"]+)")?$')


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its title and its code, at a line of a document."""

    kind: str
    title: str
    code: str
    line: int


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a Markdown text. Raises ValueError for a fence that tells no language."""
    for fence in _FENCE.finditer(text):
        info = _INFO.match(fence["info"].strip())
        line = text[: fence.start()].count("\n") + 1
        if info is None:
            raise ValueError(f"line {line}: the fence ```{fence['info']} tells no language")
        yield Block(info["kind"], info["title"] or "", fence["code"], line)


def commands(code: str) -> Iterator[list[str]]:
    """The commands of a shell block in words, without comments, joined over continued lines and parted at &&."""
    for line in code.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while "&&" in words:
            yield words[: words.index("&&")]
            words = words[words.index("&&") + 1 :]
        if words:
            yield words


def parse(words: list[str]) -> object:
    """What a command of ours parses to; None for one of others.

    Raises SystemExit, as tyro does, for options that there are not, and ValueError for a command that is unknown here.
    """
    words = list(dropwhile(lambda word: re.match("[A-Z_]+=", word), words))  # variables of the environment
    words = words[2:] if words[:2] == ["sh", "scripts/run.sh"] else words
    if words[0] == "torchrun":
        words = ["saccadeworld", *words[words.index("-m") + 1 :]]
        words[1] = words[1].removeprefix("saccadeworld.scripts.").replace("_", "-")
    if words[0] == "sbatch":
        words = ["saccadeworld", "train", *words[words.index("scripts/slurm.sh") + 1 :]]
    if words[0] == "saccadeworld":
        if words[1] == "--tyro-print-completion":
            return None
        assert words[1] in COMMANDS, f"there is no command {words[1]!r}"
        return tyro.cli(load(words[1]), args=words[2:])
    if words[0] == "python" and words[1] == "-m" and words[2].startswith("saccadeworld."):
        assert (ROOT / f"{words[2].removeprefix('saccadeworld.').replace('.', '/')}.py").is_file(), words[2]
    elif words[0] in ("sh", "python", "ruff", "pyright", "mkdocs", "pip", "git"):
        assert all((ROOT / word).exists() for word in words if word.startswith(("scripts/", ".ci/"))), words
    else:
        raise ValueError(f"{' '.join(words)!r}: what is this?")
    return None


def with_blocks(kind: str) -> list[str]:
    return [name for name, text in TEXTS.items() if any(block.kind == kind for block in blocks(text))]


@pytest.mark.parametrize("name", TEXTS)
def test_every_block_tells_its_language(name: str):
    for block in blocks(TEXTS[name]):
        assert block.kind in KINDS, f"{name}:{block.line}: {block.kind}"
        assert not block.title or block.title.startswith(NOT_RUN), f"{name}:{block.line}: {block.title}"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, one_thread: None) -> Iterator[None]:
    """Fewer scenes than people have, a folder to leave things in, and encoders that are forgotten again."""
    monkeypatch.setattr(sources, "BUILT_IN_COUNT", {"train": 40, "test": 40})
    monkeypatch.chdir(tmp_path)
    names = set(ENCODERS)
    yield
    for name in ENCODERS.keys() - names:
        del ENCODERS[name]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", with_blocks("python"))
def test_python_runs(name: str):
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(TEXTS[name]):
        if block.kind == "python":
            # with its place in the document, for tracebacks
            code = compile("\n" * block.line + block.code, name, "exec")
            if not block.title:
                exec(code, namespace)


@pytest.mark.parametrize("name", with_blocks("sh"))
def test_commands_parse(name: str):
    for block in blocks(TEXTS[name]):
        if block.kind == "sh":
            subprocess.run(["sh", "-n"], input=block.code, text=True, check=True)
            for words in commands(block.code):
                parse(words)


def test_what_does_not_parse_is_noticed(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        parse(["saccadeworld", "train", "--out", "runs/x", "--training.stepz", "3"])
    assert "stepz" in capsys.readouterr().err
    with pytest.raises(AssertionError, match="no command 'trane'"):
        parse(["sh", "scripts/run.sh", "saccadeworld", "trane"])
    with pytest.raises(ValueError, match="what is this"):
        parse(["frobnicate"])


def test_commands_are_taken_apart():
    code = (
        "sh scripts/run.sh saccadeworld demo  # five minutes\nruff check && saccadeworld train --out a \\\n  --resume\n"
    )
    expected = [["sh", "scripts/run.sh", "saccadeworld", "demo"], ["ruff", "check"]]
    assert list(commands(code)) == [*expected, ["saccadeworld", "train", "--out", "a", "--resume"]]
    parsed = parse(["torchrun", "--nproc-per-node", "2", "-m", "saccadeworld.scripts.path_integration", *_PATHS])
    assert type(parsed).__name__ == "PathIntegration"
    train = parse(["sbatch", "--nodes", "4", "scripts/slurm.sh", "--out", "runs/a"])
    assert vars(train)["out"] == Path("runs/a")


_PATHS = ("--model", "m", "--out", "o")

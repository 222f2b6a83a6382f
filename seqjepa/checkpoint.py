"""Checkpoints: a folder with `model.safetensors` and `config.json`, which is there whole or not at all."""

import errno
import glob
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from ..envs.json_files import read_json
from ..envs.whole_files import flush
from .config import SeqJEPAConfig, ViewModelConfig

ConfigType = TypeVar("ConfigType", bound=ViewModelConfig)

FORMAT = "saccadeworld.seqjepa"
VERSION = 1
_WRITABLE, _ROOM = "make the folder writable again", "make room"
_REMEDIES = {
    errno.EROFS: _WRITABLE,
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: _ROOM,
}
WEIGHTS = "model.safetensors"
CONFIG = "config.json"


def write_checkpoint(
    path: str | os.PathLike[str],
    config: ViewModelConfig,
    state: Mapping[str, Tensor],
    beside: Mapping[str, bytes] = MappingProxyType({}),
) -> None:
    """Writes the folder `path`, creating its parents and replacing an earlier checkpoint there.

    `beside` are the names and contents of further files, as training needs them to go on. Raises FileExistsError when
    `path` is a file or a folder that holds anything else.
    """
    with replace_folder(path, {WEIGHTS, CONFIG, *beside}) as folder:
        for name, content in beside.items():
            (folder / name).write_bytes(content)
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
        (folder / WEIGHTS).write_bytes(save(tensors))
        header = {"format": FORMAT, "version": VERSION}
        if config.method != SeqJEPAConfig.method:
            header["method"] = config.method
        (folder / CONFIG).write_text(json.dumps(header | config.to_dict(), indent=2) + "\n", encoding="utf-8")


def read_checkpoint(
    path: str | os.PathLike[str], kinds: Iterable[type[ConfigType]]
) -> tuple[ConfigType, dict[str, Tensor]]:
    """The configuration, which is one of `kinds`, and the tensors (on the CPU) in the folder `path`.

    Raises FileNotFoundError when something is missing, NotADirectoryError for a file, ValueError when it is damaged or
    of another format or method.
    """
    folder = find_folder(path)
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder} is not a checkpoint: it has no {name}")
    config = _read_config(folder / CONFIG, {kind.method: kind for kind in kinds})
    try:
        state = load_file(folder / WEIGHTS)
    except SafetensorError as error:
        raise ValueError(f"{folder / WEIGHTS} is not a readable safetensors file: {error}") from error
    _check_sizes(config, state, folder)
    return config, state


def _check_sizes(config: ViewModelConfig, state: Mapping[str, Tensor], folder: Path) -> None:
    """Refuse sizes for which there are not enough weights, before a network of these sizes is made."""
    most = sum(tensor.numel() for tensor in state.values())
    for name, value in config.to_dict().items():
        sizes = (len(value), *value) if isinstance(value, tuple) else (value,)
        # every layer has weights of its own
        limit = len(state) if name.endswith(("layers", "transformer")) else most
        for size in sizes:
            if isinstance(size, int) and size > limit:
                raise ValueError(
                    f"{folder / CONFIG}: {name}={value} does not fit the weights beside it, {most} numbers in "
                    f"{len(state)} tensors"
                )


def _read_config(path: Path, kinds: Mapping[str, type[ConfigType]]) -> ConfigType:
    values = read_json(path)
    if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
        raise ValueError(f"{path} does not describe a seq-JEPA model (its field 'format' is not {FORMAT!r})")
    version = values.pop("version", None)
    if version != VERSION:
        raise ValueError(f"{path} has version {version!r}, this program reads version {VERSION}")
    method = values.pop("method", SeqJEPAConfig.method)
    if not isinstance(method, str) or method not in kinds:
        expected = " or ".join(map(repr, kinds))
        raise ValueError(
            f"{path} describes a model of the method {method!r}, expected {expected}; load it by the method's class"
        )
    try:
        return kinds[method].from_dict(values)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from error


def check_state(model: nn.Module, state: Mapping[str, Tensor], origin: str) -> None:
    """Raises ValueError naming the tensors of `state` that are missing, unexpected, or of another shape or dtype."""
    expected = model.state_dict()
    problems = [f"{name} is missing" for name in expected.keys() - state.keys()]
    problems += [f"{name} is unexpected" for name in state.keys() - expected.keys()]
    for name in expected.keys() & state.keys():
        want, have = expected[name], state[name]
        if want.shape != have.shape:
            problems.append(f"{name} has shape {tuple(have.shape)} instead of {tuple(want.shape)}")
        elif want.dtype != have.dtype:
            problems.append(f"{name} has dtype {have.dtype} instead of {want.dtype}")
    if problems:
        shown = "; ".join(sorted(problems)[:8])
        more = f"; and {len(problems) - 8} more" if len(problems) > 8 else ""
        raise ValueError(f"the weights in {origin} do not fit the model: {shown}{more}")


@contextmanager
def replace_folder(path: str | os.PathLike[str], allowed: set[str]) -> Iterator[Path]:
    """Gives an empty folder to fill; on leaving without an error it takes the place of the folder `path`.

    It is made beside `path` and moved there by renaming, after the folder that was there has been renamed to
    `path` + ".old". So at any moment `path` or, between the two renamings, `path`.old is a whole folder; `find_folder`
    finds the one that is there. An error or a crash while filling leaves what was at `path` untouched;
    what a crash left beside it is cleared away the next time, so only one process may be at it.
    Raises OSError when it cannot be written; FileExistsError when `path` is a file, or holds entries not in `allowed`,
    which would be lost.
    """
    path = Path(path)
    if not path.name:
        raise ValueError(f"{str(path)!r} is no name for a folder of its own: use another")
    old = _old(path)
    if path.exists():
        foreign = {entry.name for entry in path.iterdir()} - allowed if path.is_dir() else {path.name}
        if foreign:
            raise FileExistsError(
                f"{path} holds something else ({', '.join(sorted(foreign)[:5])}); choose another path"
            )
    new = None
    try:
        new = _beside(path)
        yield new
        new.chmod(0o777 & ~_umask())  # mkdtemp makes folders that only their owner can read
        for entry in (*new.iterdir(), new):
            flush(entry)
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)
            path.rename(old)
        new.rename(path)
        flush(path.parent)
    except OSError as error:
        reason, remedy = error.strerror or str(error), _REMEDIES.get(error.errno or 0, "see to it that it can be")
        kept = f"{path} cannot be written, what was there is as it was: {reason}; {remedy}"
        raise OSError(error.errno, kept) from error
    finally:
        if new is not None:
            shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def _beside(path: Path) -> Path:
    """An empty folder beside a path, in the place of those that crashes left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for debris in path.parent.glob(f".{glob.escape(path.name)}.????????"):
        shutil.rmtree(debris, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))


def find_folder(path: str | os.PathLike[str], what: str = "checkpoint folder") -> Path:
    """The folder `path`, or the one a crash left beside it while it was being replaced.

    Raises FileNotFoundError when there is neither, which says that there is no `what`, NotADirectoryError for a file.
    """
    for folder in (Path(path), _old(Path(path))):
        if folder.is_dir():
            return folder
    if Path(path).exists():
        raise NotADirectoryError(f"{path} is a file: name the folder that holds it")
    raise FileNotFoundError(f"no {what} at {path}")


def has_checkpoint(path: str | os.PathLike[str]) -> bool:
    """Whether `find_folder` finds one, or there is anything else in its place."""
    return any(place.exists() for place in (Path(path), _old(Path(path))))


def _old(path: Path) -> Path:
    path = path.absolute()  # "." has no name
    return path.parent / f"{path.name}.old"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

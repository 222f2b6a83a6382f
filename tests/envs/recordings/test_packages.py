import sys
from types import ModuleType

import pytest
from saccadeworld.envs.recordings.packages import package

NEEDED = ("h5py", "minari", "webdataset")


def test_a_package_is_imported_when_it_is_needed():
    assert isinstance(package("json"), ModuleType)


@pytest.mark.parametrize("name", NEEDED)
def test_one_that_is_missing_is_named_with_the_command_that_installs_it(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=rf"recordings need {name}: pip install 'saccadeworld\[record\]'"):
        package(name)

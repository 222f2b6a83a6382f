from saccadeworld.scripts.checks.finding import Finding, examine


def test_a_finding_is_a_line_with_its_remedy():
    assert str(Finding("h5py", "missing", "for shards", "pip install h5py")).split(maxsplit=2) == [
        "missing",
        "h5py",
        "for shards; pip install h5py",
    ]


def test_a_check_that_fails_found_something_broken():
    def fail() -> Finding:
        raise OSError("libGL.so.1:\n  cannot open shared object file")

    found = examine("opencv-python", fail, "apt-get install libgl1")
    text = "OSError: libGL.so.1: cannot open shared object file"
    assert found == Finding("opencv-python", "broken", text, "apt-get install libgl1")

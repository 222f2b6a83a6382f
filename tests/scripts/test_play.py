import pytest
from saccadeworld.scripts.playing import insight, server
from saccadeworld.scripts.playing.eye import Eye, Setting
from saccadeworld.scripts.playing.server import listen

SMALL = "--port 0 --world.options size 32 fovea 12 count 4"


@pytest.fixture
def never_serves(monkeypatch):
    """A server that ends as soon as it has begun."""
    monkeypatch.setattr(server, "serve", lambda page, listening, browser: None)


def test_the_page_is_this_machines_own(saccadeworld, never_serves):
    result = saccadeworld(f"play {SMALL}")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("the page is at http://127.0.0.1:")


def test_who_lets_others_in_is_told(saccadeworld, never_serves):
    result = saccadeworld(f"play --host 0.0.0.0 {SMALL}")
    assert result.code == 0
    assert "whoever reaches this machine at 0.0.0.0 can open the page" in result.err


def test_a_port_that_is_taken_is_told_before_anything_is_made(saccadeworld, monkeypatch):
    monkeypatch.setattr("saccadeworld.scripts.play.Play._setting", lambda _: pytest.fail("scenes were made"))
    with listen("127.0.0.1", 0) as taken:
        result = saccadeworld(f"play --port {taken.getsockname()[1]}")
    assert result.code == 2
    assert "another program may have the port" in result.err


def test_what_is_to_be_installed_is_told(saccadeworld, monkeypatch):
    monkeypatch.setattr("saccadeworld.scripts.play.find_spec", lambda _: None)
    result = saccadeworld(f"play {SMALL}")
    assert result.code == 2
    assert "pip install 'saccadeworld[play]'" in result.err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--world.name augmentations", '"images" and "objects"'),
        ("--model nowhere", "no checkpoint folder at nowhere"),
        ("--agent nowhere", "no folder of an agent at nowhere"),
        ("--seed -1", "seed=-1"),
        ("--world.options count none", "count"),
    ],
)
def test_bad_input_is_told(saccadeworld, never_serves, options: str, told: str):
    result = saccadeworld(f"play {SMALL} {options}" if "options" not in options else f"play --port 0 {options}")
    assert result.code == 2
    assert told in result.err


def test_a_model_for_another_world_is_refused(saccadeworld, never_serves, model):
    result = saccadeworld("play --port 0 --world.name objects --world.options size 12 count 4 --model", model)
    assert result.code == 2
    assert "actions of 2 numbers" in result.err


def test_an_agent_can_be_watched_through_its_model_or_without_one(saccadeworld, monkeypatch, agent, model):
    seen: list[Setting] = []
    monkeypatch.setattr(server, "serve", lambda page, listening, browser: seen.append(page.args[0]))
    monkeypatch.setattr(insight, "EPISODES", 60)
    for folder in (agent("recognition", None), agent("free-viewing", model)):
        result = saccadeworld("play --port 0 --world.options size 32 fovea 8 count 40 --agent", folder)
        assert (result.code, result.err) == (0, ""), result.err
    views, embeddings = seen
    assert (views.insight, set(views.movers) & {"agent", "planner"}) == (None, {"agent"})
    assert embeddings.insight is not None
    for setting, names in ((views, ("agent",)), (embeddings, ("agent", "planner"))):
        eye = Eye(setting)
        for name in names:
            eye.step(name)
        assert eye.players == names

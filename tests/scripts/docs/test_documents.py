"""Documents of the repository on the site: their links, and those of the README."""

import re

import pytest
import yaml
from saccadeworld.scripts.docs.documents import DOCUMENTS, PICTURES, ROOT, relink


def test_links_go_where_the_documents_went():
    text = (
        "See [a](../agents/RESULTS.md#where), ![b](pictures/rotations.gif), [c](https://x.org/README.md), [d](#here)."
    )
    expected = (
        "See [a](results/agents.md#where), ![b](pictures/rotations.gif), [c](https://x.org/README.md), [d](#here)."
    )
    assert relink(text, "scripts/SECURITY.md", "security.md") == expected
    assert relink("[x](RECIPE.md)", "scripts/reproductions/CLAIMS.md", "results/claims.md") == "[x](recipe.md)"
    assert relink("[x](../README.md)", "agents/RESULTS.md", "results/agents.md") == "[x](../index.md)"


def test_a_link_to_what_is_no_page_is_refused():
    with pytest.raises(ValueError, match=r"agents/RESULTS\.md links to agent\.py, which is no page"):
        relink("[x](agent.py)", "agents/RESULTS.md", "results/agents.md")


def test_every_document_is_there_and_in_the_navigation():
    navigation = (ROOT / "scripts/docs/mkdocs.yml").read_text()
    for document, page in DOCUMENTS.items():
        assert (ROOT / document).is_file()
        assert f" {page}\n" in navigation
    assert all((ROOT / picture).is_file() for picture in PICTURES)


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_of_documents_at_the_root_lead_to_files(document):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", (ROOT / document).read_text())
    missing = [link for link in links if "://" not in link and not (ROOT / link).exists()]
    assert missing == []


def test_the_citation_names_software_and_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors", "version", "license"} <= citation.keys()
    assert citation["authors"] == [{"name": "The SaccadeWorld developers"}]
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert citation["version"] == version[1]
    paper = citation["preferred-citation"]
    assert [author["family-names"] for author in paper["authors"]] == ["Ghaemi", "Muller", "Bakhtiari"]
    assert paper["year"] == 2025
    assert paper["identifiers"][0]["value"] == "arXiv:2505.03176"
    assert paper["title"] in (ROOT / "README.md").read_text().replace("{JEPA}", "JEPA")

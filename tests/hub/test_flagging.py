"""A flag from a notebook in its room reaches the portal in the name of its account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hub.lab import Lab, Person


@pytest.fixture(scope="module")
def student(running_lab: Lab) -> Iterator[Person]:
    with running_lab.person("student") as person:
        person.open_server()
        yield person


def test_a_notebook_flags_what_looks_wrong(student: Person) -> None:
    code = (
        "import datalab\n"
        "lab = datalab.connect(language='en')\n"
        "one = lab.dataset(next(iter(lab.entries)))\n"
        "first = one.flag('The first row looks wrong.', row=1, receipt='a' * 20)\n"
        "again = one.flag('The first row looks wrong.', row=1, receipt='a' * 20)\n"
        "print(len(first.id), first.id == again.id, first.page, first.said)"
    )
    said = student.run(code)
    assert said.startswith("10 True /services/datalab/datasets/"), said
    assert "The steward of this dataset reads it" in said


def test_what_is_refused_is_said_in_one_sentence(student: Person) -> None:
    code = (
        "import datalab\n"
        "one = datalab.connect(language='en').dataset(next(iter(datalab.connect().entries)))\n"
        "try: one.flag('')\n"
        "except Exception as error: print(error)"
    )
    assert "say in a few words what looks wrong" in student.run(code)


def test_without_a_token_the_hub_passes_nothing_on(running_lab: Lab, student: Person) -> None:
    code = (
        "import os, urllib.request, urllib.error\n"
        "address = os.environ['JUPYTERHUB_API_URL'] + '/datalab/flags/communes'\n"
        "request = urllib.request.Request(address, data=b'{}', method='POST')\n"
        "try: print(urllib.request.urlopen(request).status)\n"
        "except urllib.error.HTTPError as error: print(error.code)"
    )
    assert student.run(code).strip() == "403"

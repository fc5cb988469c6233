"""What a notebook in its room says reaches the portal in the name of its account alone."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.hub.lab import Lab, Person
from tests.hub.portal import LINK


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


def test_a_right_answer_in_ones_own_notebook_counts_on_the_page(student: Person) -> None:
    code = (
        "from datalab.notebook.training import Training\n"
        "told = Training('sql').check('sum', 258_630)\n"
        "print(told.passed, told.kept)"
    )
    assert student.run(code).strip() == "True page"
    page = student.client.get("/services/datalab/signin?next=/services/datalab/", headers=LINK)
    assert page.status_code == 200
    page = student.client.get("/services/datalab/smart-territory/training/", headers=LINK)
    assert 'value="1"' in page.text


def test_code_of_a_server_does_not_speak_as_whoever_visits_it(student: Person) -> None:
    """A visitor's browser leaves a token with the server, issued to it: no key of the visitor."""
    back = "/user/student/oauth_callback"
    asked = {"client_id": "jupyterhub-user-student", "redirect_uri": back, "state": "x"}
    answer = student.client.get(
        "/hub/api/oauth2/authorize",
        params={**asked, "response_type": "code"},
        headers=LINK,
        follow_redirects=False,
    )
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    program = (
        "import os, json, urllib.request, urllib.error, urllib.parse\n"
        "api = os.environ['JUPYTERHUB_API_URL']\n"
        "def post(path, data, **headers):\n"
        "    request = urllib.request.Request(api + path, data, headers)\n"
        "    try: return urllib.request.urlopen(request).read().decode()\n"
        "    except urllib.error.HTTPError as error: return str(error.code)\n"
        "form = {'client_id': 'jupyterhub-user-student', 'grant_type': 'authorization_code',\n"
        f"    'code': {code!r}, 'redirect_uri': {back!r},\n"
        "    'client_secret': os.environ['JUPYTERHUB_API_TOKEN']}\n"
        "given = json.loads(post('/oauth2/token', urllib.parse.urlencode(form).encode()))\n"
        "token = {'Authorization': 'token ' + given['access_token']}\n"
        "said = json.dumps({'step': 'small', 'answer': '10', 'text': 'Not mine.'}).encode()\n"
        "for path in ('/datalab/flags/tiny-places', '/datalab/training/sql'):\n"
        "    print(post(path, said, **token))"
    )
    assert student.run(program).split() == ["403", "403"]

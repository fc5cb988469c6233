"""The catalog as DCAT: three syntaxes, page by page, with all that the profile asks for."""

from __future__ import annotations

import os
from pathlib import Path

import pyshacl
import pytest
from rdflib import RDF, Graph, Literal, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, SH
from starlette.testclient import TestClient

from datalab.connectors.dcat import _next, _rows
from datalab.connectors.graph import read
from datalab.portal.authority import HVD, hvd_category
from datalab.portal.views import dcat
from tests.portal.conftest import PREFIX, SENTINEL, Workshop, described

ROOT = f"http://lab.test{PREFIX}"
FORMATS = {"ttl": "turtle", "jsonld": "json-ld", "rdf": "xml"}
EU = "http://publications.europa.eu/resource/authority"
LAW = URIRef("http://data.europa.eu/r5r/applicableLegislation")
# What DCAT-AP 3 makes mandatory, said in our own shapes: property, class or kind, how many.
SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
[] a sh:NodeShape ; sh:targetClass dcat:Catalog ;
  sh:property [ sh:path dct:title ; sh:minCount 1 ; sh:uniqueLang true ] ,
    [ sh:path dct:description ; sh:minCount 1 ] ,
    [ sh:path dct:publisher ; sh:minCount 1 ; sh:maxCount 1 ; sh:class foaf:Agent ] ,
    [ sh:path dcat:dataset ; sh:class dcat:Dataset ; sh:nodeKind sh:IRI ] ,
    [ sh:path dcat:themeTaxonomy ; sh:class skos:ConceptScheme ] .
[] a sh:NodeShape ; sh:targetClass dcat:Dataset ;
  sh:property [ sh:path dct:title ; sh:minCount 1 ; sh:uniqueLang true ] ,
    [ sh:path dct:description ; sh:minCount 1 ; sh:uniqueLang true ] ,
    [ sh:path dct:publisher ; sh:maxCount 1 ; sh:class foaf:Agent ] ,
    [ sh:path dcat:contactPoint ; sh:class vcard:Kind ] ,
    [ sh:path dcat:theme ; sh:class skos:Concept ] ,
    [ sh:path dct:accessRights ; sh:maxCount 1 ; sh:class dct:RightsStatement ] ,
    [ sh:path dct:accrualPeriodicity ; sh:maxCount 1 ; sh:class dct:Frequency ] ,
    [ sh:path dct:spatial ; sh:class dct:Location ] ,
    [ sh:path dct:temporal ; sh:class dct:PeriodOfTime ] ,
    [ sh:path dct:provenance ; sh:class dct:ProvenanceStatement ] ,
    [ sh:path dct:conformsTo ; sh:class dct:Standard ] ,
    [ sh:path dct:issued ; sh:maxCount 1 ; sh:datatype xsd:dateTime ] ,
    [ sh:path dct:modified ; sh:maxCount 1 ; sh:datatype xsd:dateTime ] ,
    [ sh:path dcat:distribution ; sh:class dcat:Distribution ] .
[] a sh:NodeShape ; sh:targetClass dcat:Distribution ;
  sh:property [ sh:path dcat:accessURL ; sh:minCount 1 ; sh:nodeKind sh:IRI ] ,
    [ sh:path dct:license ; sh:maxCount 1 ; sh:class dct:LicenseDocument ] ,
    [ sh:path dcat:mediaType ; sh:maxCount 1 ; sh:class dct:MediaType ] ,
    [ sh:path dct:format ; sh:maxCount 1 ; sh:class dct:MediaTypeOrExtent ] ,
    [ sh:path dcat:accessService ; sh:class dcat:DataService ] .
[] a sh:NodeShape ; sh:targetClass dcat:DataService ;
  sh:property [ sh:path dct:title ; sh:minCount 1 ] ,
    [ sh:path dcat:endpointURL ; sh:minCount 1 ; sh:nodeKind sh:IRI ] ,
    [ sh:path dcat:servesDataset ; sh:nodeKind sh:IRI ] .
[] a sh:NodeShape ; sh:targetClass foaf:Agent ; sh:property [ sh:path foaf:name ; sh:minCount 1 ] .
[] a sh:NodeShape ; sh:targetClass skos:Concept ;
  sh:property [ sh:path skos:prefLabel ; sh:minCount 1 ] .
[] a sh:NodeShape ; sh:targetClass dct:PeriodOfTime ;
  sh:property [ sh:path dcat:startDate ; sh:maxCount 1 ; sh:datatype xsd:date ] ,
    [ sh:path dcat:endDate ; sh:maxCount 1 ; sh:datatype xsd:date ] .
"""


def graph_of(client: TestClient, path: str) -> Graph:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return Graph().parse(data=answer.content, format=FORMATS[path.split("?")[0].rpartition(".")[2]])


def violations(graph: Graph, shapes: Graph) -> list[str]:
    """What is wrong, but for what a profile only recommends."""
    _, report, _ = pyshacl.validate(graph, shacl_graph=shapes, inference="none")
    assert isinstance(report, Graph)
    return [
        f"{report.value(one, SH.focusNode)} {report.value(one, SH.resultPath)}"
        for one in report.subjects(SH.resultSeverity, SH.Violation)
    ]


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A high-value dataset, and one whose texts are hard to write down."""
    from datalab.portal.app import create_app

    workshop = Workshop(tmp_path_factory.mktemp("dcat"))
    workshop.write(
        described("stops", {"n": "integer"}, hvd_category="mobility", temporal="2016/2020-02"),
        "n\n1\n",
    )
    hard = {
        "title": {"fr": "</script><b>«é»", "en": '"""\\'},
        "publisher_url": "http://x.test/a b<c>",
        "keywords": ["a\nb", "<!--"],
        "access": "members",
    }
    workshop.write(described("hard", {"n": "integer"}, **hard), "n\n4711\n")
    assert set(workshop.refresh().values()) == {"published"}
    return TestClient(create_app(workshop.settings), base_url=f"{ROOT}/")


@pytest.mark.parametrize("syntax", FORMATS)
def test_the_catalog_keeps_the_mandatory_shapes(client: TestClient, syntax: str) -> None:
    graph = graph_of(client, f"catalog.{syntax}")
    assert violations(graph, Graph().parse(data=SHAPES)) == []
    held = set(graph.objects(URIRef(f"{ROOT}/"), DCAT.dataset))
    assert URIRef(f"{ROOT}/datasets/communes") in held
    assert held == set(graph.subjects(RDF.type, DCAT.Dataset))


def test_a_dataset_says_the_same_in_every_syntax(client: TestClient) -> None:
    graphs = [graph_of(client, f"datasets/communes.{syntax}") for syntax in FORMATS]
    assert set(graphs[0]) == set(graphs[1]) == set(graphs[2])
    node = URIRef(f"{ROOT}/datasets/communes")
    assert (node, DCTERMS.accrualPeriodicity, URIRef(f"{EU}/frequency/ANNUAL")) in graphs[0]
    assert (node, DCAT.theme, URIRef(f"{EU}/data-theme/REGI")) in graphs[0]
    assert (node, DCTERMS.accessRights, URIRef(f"{EU}/access-right/PUBLIC")) in graphs[0]
    quality = URIRef("http://www.w3.org/ns/dqv#hasQualityMeasurement")
    assert len(set(graphs[0].objects(node, quality))) == 7


def test_every_door_it_names_is_there(client: TestClient) -> None:
    graph = graph_of(client, "datasets/communes.ttl")
    doors = set(graph.objects(None, DCAT.accessURL))
    assert len(doors) == 6
    for door in doors:
        assert client.get(str(door)).status_code == 200, door


@pytest.mark.parametrize("name", ["for-members", "for-named", "not-to-pass-on"])
def test_a_closed_dataset_has_no_door_and_no_value(client: TestClient, name: str) -> None:
    graph = graph_of(client, f"datasets/{name}.ttl")
    assert not set(graph.subjects(RDF.type, DCAT.Distribution))
    rights = URIRef(f"{EU}/access-right/RESTRICTED")
    assert (URIRef(f"{ROOT}/datasets/{name}"), DCTERMS.accessRights, rights) in graph
    assert not any(SENTINEL in str(one) for triple in graph for one in triple)


def test_a_harvester_follows_the_pages(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dcat, "ON_A_PAGE", 3)
    here: str | None = f"{ROOT}/catalog.ttl"
    found, pages = set(), 0
    while here is not None:
        answer = client.get(here)
        assert answer.links["last"]["url"].endswith("page=4")
        graph = read(answer.content, here)
        found |= {row["identifier"] for row in _rows(graph, "fr")}
        here, pages = _next(graph, here), pages + 1
        assert here == answer.links.get("next", {}).get("url")
    everything = client.get("api/3/action/package_list").json()["result"]
    assert (pages, found) == (4, {f"{ROOT}/datasets/{name}" for name in everything})


def test_what_was_not_changed_is_not_sent_again(client: TestClient) -> None:
    tag = client.get("catalog.rdf").headers["etag"]
    assert client.get("catalog.rdf", headers={"If-None-Match": tag}).status_code == 304
    assert client.get("catalog.ttl", params={"page": 0}).status_code == 400
    assert client.get("datasets/nothing.ttl").status_code == 404


def test_a_high_value_dataset_names_its_law(marked: TestClient) -> None:
    graph = graph_of(marked, "datasets/stops.ttl")
    law = URIRef("http://data.europa.eu/eli/reg_impl/2023/138/oj")
    bound = set(graph.subjects(LAW, law))
    for kind in (DCAT.Dataset, DCAT.Distribution, DCAT.DataService):
        assert set(graph.subjects(RDF.type, kind)) <= bound
    period = URIRef(f"{ROOT}/datasets/stops#period")
    assert str(graph.value(period, DCAT.startDate)) == "2016-01-01"
    assert str(graph.value(period, DCAT.endDate)) == "2020-02-29"


@pytest.mark.parametrize("syntax", FORMATS)
def test_hard_texts_come_through(marked: TestClient, syntax: str) -> None:
    graph = graph_of(marked, f"datasets/hard.{syntax}")
    titles = set(graph.objects(URIRef(f"{ROOT}/datasets/hard"), DCTERMS.title))
    assert titles == {Literal("</script><b>«é»", lang="fr"), Literal('"""\\', lang="en")}
    assert not set(graph.objects(None, FOAF.homepage))


@pytest.mark.skipif(
    "DATALAB_DCAT_SHAPES" not in os.environ, reason="DATALAB_DCAT_SHAPES names no folder"
)
@pytest.mark.parametrize(
    ("names", "path"),
    [
        (("dcat-ap_2.1.1_shacl_shapes", "dcat-ap_2.1.1_shacl_range"), "catalog.ttl"),
        (("3.0.1_shacl_dcat-ap-SHACL", "3.0.1_shacl_ranges"), "catalog.ttl"),
        (("hvd-SHACL",), "datasets/stops.ttl"),
    ],
)
def test_the_published_shapes_are_kept(
    client: TestClient, marked: TestClient, names: tuple[str, ...], path: str
) -> None:
    shapes = Graph()
    for name in names:
        shapes.parse(Path(os.environ["DATALAB_DCAT_SHAPES"]) / f"{name}.ttl")
    # Some property shapes of 3.0.1 are named and not there.
    for triple in list(shapes.triples((None, SH.property, None))):
        if (triple[2], SH.path, None) not in shapes:
            shapes.remove(triple)
    assert violations(graph_of(marked, path), shapes) == []
    if path == "catalog.ttl":
        assert violations(graph_of(client, path), shapes) == []


def test_high_value_categories_are_those_of_the_union() -> None:
    """https://op.europa.eu/en/web/eu-vocabularies, scheme http://data.europa.eu/bna/asd487ae75."""
    assert {name: hvd_category(name) for name in HVD} == {
        "geospatial": "http://data.europa.eu/bna/c_ac64a52d",
        "earth-observation": "http://data.europa.eu/bna/c_dd313021",
        "meteorological": "http://data.europa.eu/bna/c_164e0bf5",
        "statistics": "http://data.europa.eu/bna/c_e1da4e07",
        "companies": "http://data.europa.eu/bna/c_a9135398",
        "mobility": "http://data.europa.eu/bna/c_b79e35eb",
    }

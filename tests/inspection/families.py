"""Our own minimal files, one per family of defects; their answers are in ``answers``."""

from __future__ import annotations

NBSP, NARROW = "\u00a0", "\u202f"

FAMILIES: dict[str, bytes] = {
    "utf8-bom": "\ufeffcommune;habitants\nChenôve;14299\nTalant;11986\n".encode(),
    "cp1252": "commune;dépense (€)\nFénay;12\nMarsannay-la-Côte;15\n".encode("cp1252"),
    "latin-9": "plat;prix\nbœuf;12\nœuf;3\nCœur;4\n".encode("iso-8859-15"),
    "utf-16": "code,nom\n21231,Dijon\n21166,Chenôve\n".encode("utf-16"),
    "utf-16-without-mark": "code,nom\n21231,Dijon\n21166,Quetigny\n".encode("utf-16-le"),
    "mojibake": "id;région\n1;Bourgogne-Franche-ComtÃ©\n2;ÃŽle-de-France\n3;Âge d'or\n".encode(),
    "tabs": b"jour\tpassages\n2024-01-01\t12\n2024-01-02\t15\n",
    "pipes": b"ligne|voyageurs\nT1|81000\nT2|76000\n",
    "decimal-comma": b"station;temp\xc3\xa9rature (\xc2\xb0C)\nDijon;12,5\nLongvic;-3,25\n",
    "thousands-space": f"an;recettes (€)\n2022;1{NBSP}234{NBSP}567\n2023;987{NBSP}654\n".encode(),
    "thousands-narrow": f"an;solde\n2022;1{NARROW}234,5\n2023;-87{NARROW}654,25\n".encode(),
    "thousands-dot": b"an;total\n2021;1.234.567\n2022;987.654\n2023;12\n",
    "thousands-comma": b'an,total\n2021,"9,508,234"\n2022,"585,447"\n',
    "one-point-three-digits": b"an;valeur\n2021;1.200\n2022;3.450\n",
    "dates-french": b"jour;n\n13/01/2024;1\n01/02/2024;2\n",
    "dates-short-year": b"jour;n\n18/06/10;1\n24/06/10;2\n",
    "dates-words": "jour;n\n1er janvier 2024;1\n12 février 2024;2\n31 août 2023;3\n".encode(),
    "dates-abbreviated": "jour;n\n12 janv. 2024;1\n3 févr. 2024;2\n5 déc. 2023;3\n".encode(),
    "dates-two-readings": b"jour;n\n01/02/2024;1\n03/04/2024;2\n",
    "times": b"d\xc3\xa9part;arr\xc3\xaat\n8h05;Gare\n12h30;R\xc3\xa9publique\n",
    "moments": b"quand\n25/03/2024 08:15\n26/03/2024 09:30\n",
    "title-rows": (
        b'Population des communes,,\n"Source : INSEE, 2022",,\n,,\n'
        b"code,commune,population\n21231,Dijon,159941\n21166,Chen\xc3\xb4ve,14299\n"
    ),
    "units-row": b"site;puissance;\xc3\xa9nergie\n;(kW);(kWh)\nA;12;1200\nB;8;950\nC;4;310\n",
    "notes-below": (
        b"code;commune;population\n21231;Dijon;159941\n21166;Chenove;14299\n21617;Talant;11986\n"
        b";;\nNote : population municipale 2022;;\n"
    ),
    "labels-below-header": (
        b"CODGEO;P22_POP;SUPERF\nCode commune;Population 2022;Superficie (km2)\n"
        b"21231;159941;40.41\n21166;14299;7.42\n2A004;70817;82.03\n"
    ),
    "ragged": b"a;b;c\n1;2;3\n4;5\n6;7;8\n",
    "mixed-line-ends": b"a;b\r\n1;2\n3;4\r5;6\r\n",
    "quoted-newline": b'nom;note\nDijon;"deux\nlignes"\nTalant;une\n',
    "leading-zeros": b"code;n\n01001;5\n21231;7\n",
    "codes-2E3": b"parcelle;n\n2E3;1\n104;2\n2A004;3\n",
    "only-digits-and-2E3": b"parcelle;n\n2E3;1\n104;2\n3E12;3\n",
    "inf": b"n;x\n1;1.5\n2;inf\n3;2.25\n4;3.5\n5;4.5\n6;5.5\n7;6.5\n8;7.5\n9;8.5\n10;9.5\n",
    "nan": b"n;x\n1;1.5\n2;nan\n3;2.25\n",
    "secrecy": b"iris;revenu\n212310101;23450\n212310102;s\n212310103;nd\n212310104;///\n",
    "s-is-text": b"sens;n\ns;1\nn;2\ne;3\n",
    "booleans": b"a;b;c;d\noui;O;vrai;1\nnon;N;faux;0\noui;N;faux;1\n",
    "per-cent": b"an;part\n2022;12,5 %\n2023;8 %\n",
    "money": "an;coût\n2022;1 250 €\n2023;87,50 €\n".encode(),
    "blank-in-numbers": b"a;n\nx;12\ny;  \nz;7\n",
    "no-header": b"1,0,a\n2,5,b\n3,7,c\n",
    "header-of-years": b"poste;2021;2022;2023\nA;12;15;18\nB;7;9;11\n",
    "several-header-rows": (
        b";hommes;hommes;femmes;femmes\n;0-19;20 et plus;0-19;20 et plus\n"
        b"commune;;;;\nDijon;1;2;3;4\nTalant;5;6;7;8\n"
    ),
    "repeated-names": b"nom;nom;n\na;b;1\nc;d;2\n",
    "unnamed-columns": b"code;;n;\n21231;x;1;\n21166;y;2;\n",
    "quote-inside": b"lieu;position\nA;47\xc2\xb019'12\"N\nB;47\xc2\xb020'01\"N\n",
    "spaces-after-delimiter": b'jour, texte, n\n2024-01-01, "a, b", 3\n2024-01-02, "c", 4\n',
    "one-column": b"annee\n2021\n2022\n2023\n",
    "late-text": b"n;code\n"
    + b"".join(b"%d;%d\n" % (i, i) for i in range(30_000))
    + b"30000;2A004\n",
    "late-zero": b"n;code\n"
    + b"".join(b"%d;%d\n" % (i, i) for i in range(30_000))
    + b"30000;007\n",
    "identifiers-as-numbers": b"idarbre;n\n248.1;1\n248.10;2\n248.2;3\n",
    "prose": b"Bonjour,\nce fichier explique les donnees, une a une.\nVoir le site; merci.\nFin.\n",
    "page": b"<!DOCTYPE html><html><body>404</body></html>",
    "empty": b"",
    "zeros": b"a;b\n1;\x00\x00\n",
    "json-list": b'[{"code": "21231", "n": 12, "x": 1.5}, {"code": "21166", "n": null, "x": 2}]',
    "json-inside": b'{"data": {"stations": [{"id": "a", "velos": 3}, {"id": "b", "velos": 0}]}}',
    "json-wrong": b'[{"a": 1},\n {"a": }]',
    "geojson": (
        b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": '
        b'{"nom": "Dijon"}, "geometry": {"type": "Point", "coordinates": [5.04, 47.32]}}]}'
    ),
}

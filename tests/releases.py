"""Small DrugBank XML documents that tests share."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

NAMESPACE = "http://www.drugbank.ca"


def drug_xml(
    drug_id: str,
    name: str,
    *,
    interactions: Iterable[tuple[str, str]] = (),
    secondary: Iterable[str] = (),
    synonyms: Iterable[str] = (),
    brands: Iterable[str] = (),
    extra: str = "",
) -> str:
    """One ``<drug>``; ``interactions`` are (other id, description), ``extra`` is raw XML."""
    others = "".join(f"<drugbank-id>{other}</drugbank-id>" for other in secondary)
    listed = "".join(
        f"<drug-interaction><drugbank-id>{other}</drugbank-id><name>x</name>"
        f"<description>{escape(text)}</description></drug-interaction>"
        for other, text in interactions
    )
    return (
        f'<drug type="small molecule"><drugbank-id primary="true">{drug_id}</drugbank-id>{others}'
        f"<name>{escape(name)}</name>"
        f"<synonyms>{''.join(f'<synonym>{escape(text)}</synonym>' for text in synonyms)}</synonyms>"
        "<international-brands>"
        + "".join(
            f"<international-brand><name>{escape(text)}</name></international-brand>" for text in brands
        )
        + f"</international-brands>{extra}<drug-interactions>{listed}</drug-interactions></drug>"
    )


def release_xml(*drugs: str, namespace: str | None = NAMESPACE) -> bytes:
    """A whole release."""
    declared = f' xmlns="{namespace}"' if namespace else ""
    head = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<drugbank{declared} version="5.1" exported-on="2026-04-01">'
    )
    return "\n".join([head, *drugs, "</drugbank>\n"]).encode()


VORICONAZOLE, AXITINIB = "DB00582", "DB06626"
DOWN = "The metabolism of Axitinib can be decreased when combined with Voriconazole."


def voriconazole_axitinib_xml() -> bytes:
    """A release of one pair, listed by both drugs."""
    return release_xml(
        drug_xml(VORICONAZOLE, "Voriconazole", interactions=[(AXITINIB, DOWN)]),
        drug_xml(AXITINIB, "Axitinib", interactions=[(VORICONAZOLE, DOWN)]),
    )

"""What a release holds beside the facts that ingest reads: most of its bytes.

Blocks are rendered once and drawn again and again, as real ones repeat.
"""

from __future__ import annotations

from random import Random
from typing import Final

from benchmarks.synthetic.classes import Protein
from benchmarks.synthetic.names import word

_PRODUCTS: Final = 4_000
_ARTICLES: Final = 2_000
_SENTENCES: Final = 1_500
_CATEGORIES: Final = 600
_FORMS: Final = ("Tablet, film coated", "Capsule", "Injection, solution", "Powder", "Cream", "Syrup")
_ROUTES: Final = ("Oral", "Intravenous", "Topical", "Subcutaneous", "Respiratory (inhalation)")
_SOURCES: Final = (("US", "FDA NDC"), ("Canada", "DPD"), ("EU", "EMA"))
_FLAGS: Final = ("true", "false")
_RESIDUES: Final = "ACDEFGHIKLMNPQRSTVWY"


class Filler:
    """Draws rendered blocks, each with the indentation and line break that it has in the file."""

    def __init__(self, random: Random) -> None:
        self._products = [_product(random) for _ in range(_PRODUCTS)]
        self._articles = [_article(random) for _ in range(_ARTICLES)]
        self._sentences = [_sentence(random) for _ in range(_SENTENCES)]
        self._categories = [_category(random) for _ in range(_CATEGORIES)]
        self._polypeptides: dict[str, str] = {}

    def products(self, random: Random, name: str, count: int) -> str:
        """``count`` products of the drug called ``name``."""
        blocks = random.choices(self._products, k=count)
        return "".join([f"    <product>\n      <name>{name}{block}" for block in blocks])

    def articles(self, random: Random, count: int) -> str:
        """Articles of a reference list."""
        return "".join(random.choices(self._articles, k=count))

    def text(self, random: Random, count: int) -> str:
        """Sentences of free text."""
        return " ".join(random.choices(self._sentences, k=count))

    def categories(self, random: Random, count: int) -> str:
        """Categories of a drug."""
        return "".join(random.choices(self._categories, k=count))

    def polypeptide(self, protein: Protein) -> str:
        """The polypeptide of a protein; the same bytes wherever the release lists it."""
        found = self._polypeptides.get(protein.uniprot)
        if found is None:
            found = self._polypeptides[protein.uniprot] = self._polypeptide(protein)
        return found

    def _polypeptide(self, protein: Protein) -> str:
        random = Random(protein.uniprot)
        length = random.randrange(200, 900)
        residues = _folded("".join(random.choices(_RESIDUES, k=length)))
        bases = _folded("".join(random.choices("ACGT", k=3 * length)))
        terms = "".join(
            f"          <go-classifier>\n            <category>process</category>\n"
            f"            <description>{word(random, 3)} {word(random, 2)}</description>\n"
            f"          </go-classifier>\n"
            for _ in range(random.randrange(3, 15))
        )
        return (
            f'      <polypeptide id="{protein.uniprot}" source="Swiss-Prot">\n'
            f"        <name>{protein.name}</name>\n"
            f"        <general-function>{self.text(random, 1)}</general-function>\n"
            f"        <specific-function>{self.text(random, 4)}</specific-function>\n"
            f"        <gene-name>{protein.gene}</gene-name>\n"
            f"        <locus>{random.randrange(1, 23)}q{random.randrange(10, 40)}</locus>\n"
            f"        <cellular-location>Membrane</cellular-location>\n"
            f"        <transmembrane-regions/>\n"
            f"        <signal-regions>1-24</signal-regions>\n"
            f"        <theoretical-pi>6.{random.randrange(10, 99)}</theoretical-pi>\n"
            f"        <molecular-weight>{110 * length}.0</molecular-weight>\n"
            f"        <chromosome-location>{random.randrange(1, 23)}</chromosome-location>\n"
            f'        <organism ncbi-taxonomy-id="9606">Humans</organism>\n'
            f"        <external-identifiers>\n          <external-identifier>\n"
            f"            <resource>UniProtKB</resource>\n"
            f"            <identifier>{protein.uniprot}</identifier>\n"
            f"          </external-identifier>\n        </external-identifiers>\n"
            f"        <synonyms>\n          <synonym>{protein.gene}-like</synonym>\n        </synonyms>\n"
            f'        <amino-acid-sequence format="FASTA">&gt;lcl|{protein.uniprot}\n{residues}'
            f"</amino-acid-sequence>\n"
            f'        <gene-sequence format="FASTA">&gt;lcl|{protein.gene}\n{bases}</gene-sequence>\n'
            f"        <pfams/>\n        <go-classifiers>\n{terms}        </go-classifiers>\n"
            f"      </polypeptide>\n"
        )


def _product(random: Random) -> str:
    """A product after the beginning of its name."""
    country, source = random.choice(_SOURCES)
    code = f"{random.randrange(10_000, 99_999)}-{random.randrange(100, 999)}"
    started = f"{random.randrange(1985, 2026)}-{random.randrange(1, 13):02d}-{random.randrange(1, 29):02d}"
    return (
        f" {word(random, 2).capitalize()} {random.randrange(1, 80) * 5} mg</name>\n"
        f"      <labeller>{_company(random)}</labeller>\n"
        f"      <ndc-id/>\n      <ndc-product-code>{code}</ndc-product-code>\n"
        f"      <dpd-id/>\n      <ema-product-code/>\n      <ema-ma-number/>\n"
        f"      <started-marketing-on>{started}</started-marketing-on>\n      <ended-marketing-on/>\n"
        f"      <dosage-form>{random.choice(_FORMS)}</dosage-form>\n"
        f"      <strength>{random.randrange(1, 80) * 5} mg/1</strength>\n"
        f"      <route>{random.choice(_ROUTES)}</route>\n"
        f"      <fda-application-number>ANDA{random.randrange(10_000, 99_999):06d}</fda-application-number>\n"
        f"      <generic>{random.choice(_FLAGS)}</generic>\n"
        f"      <over-the-counter>{random.choice(_FLAGS)}</over-the-counter>\n"
        f"      <approved>true</approved>\n      <country>{country}</country>\n"
        f"      <source>{source}</source>\n    </product>\n"
    )


def _company(random: Random) -> str:
    return f"{word(random, 2).capitalize()} &amp; {word(random, 2).capitalize()} Pharma, Inc."


def _article(random: Random) -> str:
    number = random.randrange(1, 250_000)
    return (
        f"      <article>\n        <ref-id>A{number}</ref-id>\n"
        f"        <pubmed-id>{random.randrange(10**6, 4 * 10**7)}</pubmed-id>\n"
        f"        <citation>{word(random, 2).capitalize()} M: {_sentence(random)} "
        f"J Synth Pharm. {random.randrange(1970, 2026)};{random.randrange(1, 90)}:1-9. doi: 10.1000/{number}."
        f"</citation>\n      </article>\n"
    )


def _sentence(random: Random) -> str:
    words = [word(random, random.choice((1, 1, 2, 3))) for _ in range(random.randrange(8, 24))]
    return " ".join(words).capitalize() + "."


def _category(random: Random) -> str:
    name = f"{word(random, 3).capitalize()} {word(random, 2).capitalize()}s"
    mesh = f"D{random.randrange(10**6):06d}"
    return (
        f"    <category>\n      <category>{name}</category>\n"
        f"      <mesh-id>{mesh}</mesh-id>\n    </category>\n"
    )


def _folded(sequence: str) -> str:
    return "\n".join(sequence[start : start + 60] for start in range(0, len(sequence), 60))

"""The bundle: one folder with all that an answer needs, and the predictor that it becomes.

::

    bundle.json           format, release, SHA-256 of every other file
    params.json           the parameters of the run
    stack.json            layers and thresholds by protocol
    student/  adapter/    SFT weights with tokenizer, and the preference adapter over them
    prm/                  reward model with tokenizer
    evidence/             drugs.parquet
    names.parquet         ids, retired ids, names and aliases
    index/                neighbour index; questions are answered from the universe ``warm``
    taxonomy.tsv          the subtype vocabulary

Plain files only: safetensors, Parquet, arrays without pickle, JSON.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Self

import polars as pl

from mard.config import Params, parse_params
from mard.errors import InputError
from mard.evidence.meaning import meanings
from mard.evidence.store import EvidenceStore
from mard.infer.answerer import Answerer
from mard.infer.candidates import Question
from mard.infer.situation import Situation
from mard.infer.stack import Stack
from mard.infer.vote import Decision
from mard.io import atomic_path, read_json, sha256_file, sha256_text, write_json
from mard.label.aliases import AliasIndex
from mard.label.taxonomy import load_taxonomy
from mard.mirror import mirror
from mard.register.prediction import Prediction
from mard.retrieve.neighbours import NeighbourIndex
from mard.retrieve.pools import assemble
from mard.schema import PairId, Pool, Protocol

FORMAT: Final = 4
HEADER: Final = "bundle.json"
UNIVERSE: Final = Protocol.WARM
NAME_COLUMNS: Final = ("drug_id", "name", "aliases", "secondary_ids")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the parts of a bundle come from: folders of finished stages, and the stack's file."""

    ingest: Path
    evidence: Path
    index: Path
    sft: Path
    adapter: Path
    prm: Path
    stack: Path


def save_bundle(folder: Path, sources: Sources, params: Params, release: Mapping[str, Any]) -> str:
    """Write a bundle; it appears under its name only when it is complete.

    Args:
        folder: The bundle.
        sources: Its parts.
        params: The parameters of the run.
        release: Version, export date and hash of the release.

    Returns:
        The bundle's version: the release's, and a hash of all content.
    """
    with atomic_path(folder) as partial:
        _copy(sources, partial)
        names = pl.read_parquet(sources.ingest / "drugs.parquet", columns=list(NAME_COLUMNS))
        names.write_parquet(partial / "names.parquet", statistics=False)
        taxonomy = files("mard.label").joinpath("taxonomy.tsv").read_bytes()
        (partial / "taxonomy.tsv").write_bytes(taxonomy)
        write_json(partial / "params.json", asdict(params))
        hashes = _hashes(partial)
        version = f"{release['version']}-{sha256_text(repr(sorted(hashes.items())))[:12]}"
        header = {"format": FORMAT, "version": version, "release": dict(release), "sha256": hashes}
        write_json(partial / HEADER, header)
    return version


def load_bundle(folder: Path) -> Predictor:
    """Open a bundle after checking it.

    Raises:
        InputError: It is no bundle, a file is missing or altered, or it speaks of another vocabulary.
    """
    version = verify_bundle(folder)
    return Predictor(
        brain=Brain.load(folder),
        aliases=AliasIndex.build(pl.read_parquet(folder / "names.parquet")),
        evidence_store=EvidenceStore.open(folder / "evidence"),
        index=NeighbourIndex.load(folder / "index"),
        version=version,
    )


def verify_bundle(folder: Path) -> str:
    """Check every file against its hash; return the bundle's version.

    Raises:
        InputError: See :func:`load_bundle`.
    """
    header = read_json(folder / HEADER)
    if header.get("format") != FORMAT:
        raise InputError(
            f"{folder}: bundle format {header.get('format')!r}, expected {FORMAT}: another version wrote it; "
            "register that model again with this one"
        )
    found = _hashes(folder)
    wrong = sorted(name for name, pin in header["sha256"].items() if found.get(name) != pin)
    if wrong:
        raise InputError(f"{folder}: {wrong[0]} is missing or altered ({len(wrong)} files); register again")
    packaged = files("mard.label").joinpath("taxonomy.tsv").read_bytes()
    if (folder / "taxonomy.tsv").read_bytes() != packaged:
        raise InputError(f"{folder}: made for another subtype vocabulary than {load_taxonomy().version}")
    return str(header["version"])


def _copy(sources: Sources, target: Path) -> None:
    _copy_trained(sources.sft, target / "student")
    _copy_trained(sources.prm, target / "prm")
    shutil.copytree(sources.adapter, target / "adapter")
    shutil.copytree(sources.index, target / "index")
    (target / "evidence").mkdir()
    shutil.copyfile(sources.evidence / "drugs.parquet", target / "evidence" / "drugs.parquet")
    shutil.copyfile(sources.stack, target / "stack.json")


def _copy_trained(source: Path, target: Path) -> None:
    """Weights or adapter and tokenizer of a trained model, without its curves and manifests."""
    for name in ("tokenizer", "model", "adapter"):
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name)
    if (source / "base.json").exists():
        shutil.copyfile(source / "base.json", target / "base.json")


def _hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file but the header, by path within the bundle."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != HEADER)
    return {path.relative_to(folder).as_posix(): sha256_file(path) for path in paths}


# --- answering ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Brain:
    """The trained half of a bundle: the models and the thresholds. It knows no drug of its own."""

    answerer: Answerer
    stacks: Mapping[Protocol, Stack]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read it from a bundle."""
        params = parse_params(read_json(folder / "params.json"), str(folder / "params.json"))
        stacks = read_json(folder / "stack.json")["protocols"]
        return cls(
            Answerer.load(folder / "student", folder / "adapter", folder / "prm", params),
            {Protocol(name): Stack.from_json(data) for name, data in stacks.items()},
        )

    def decide(self, questions: Sequence[Question], protocol: Protocol) -> list[Decision]:
        """The final decision on each question, in canonical order."""
        found = self.answerer.candidates(questions, protocol)
        stack = self.stacks[protocol]
        return [
            stack.decide(Situation(own, question.pool))
            for own, question in zip(found, questions, strict=True)
        ]


@dataclass(frozen=True)
class Predictor:
    """Answers questions about two drugs by id or name.

    A pair is always answered in canonical order and then told in the user's, so that the flipped
    question gets the mirrored answer.
    """

    brain: Brain
    aliases: AliasIndex
    evidence_store: EvidenceStore
    index: NeighbourIndex
    version: str

    def predict(self, first: str, second: str) -> Prediction:
        """Say which mechanism links two drugs.

        Raises:
            UnknownDrug: A name or id that the release does not have.
            AmbiguousDrug: A name of several drugs.
            SelfPair: Both are the same drug.
        """
        a, b = self.aliases.find(first), self.aliases.find(second)
        pair = PairId.of(a, b)
        question = Question(f"{UNIVERSE}/{pair}", self.pool(pair.a, pair.b))
        decision = self.brain.decide([question], UNIVERSE)[0]
        flipped = a != pair.a
        pool = mirror(question.pool) if flipped else question.pool
        trace = mirror(decision.trace) if flipped else decision.trace
        known = meanings(pool, self._name)
        cited = sorted({citation for step in trace.steps for citation in step.citations})
        return Prediction(
            first=pool.a,
            second=pool.b,
            answer=mirror(decision.answer) if flipped else decision.answer,
            trace=trace,
            evidence={citation: known[citation] for citation in cited},
            model_version=self.version,
        )

    def evidence(self, first: str, second: str) -> dict[str, str]:
        """Everything that an answer about two drugs may cite, with its meaning; raises as predict."""
        return meanings(self.pool(self.aliases.find(first), self.aliases.find(second)), self._name)

    def pool(self, drug_a: str, drug_b: str) -> Pool:
        """The pool of two drug ids in this order, the pair itself never among the neighbours."""
        shown = self.brain.answerer.params.retrieve
        neighbours = self.index.query(UNIVERSE, drug_a, drug_b, shown.k, sharpness=shown.sharpness)
        pair = self.index.pair_evidence(drug_a, drug_b)
        return assemble(self.evidence_store, drug_a, drug_b, pair, neighbours)

    def _name(self, drug_id: str) -> str:
        return self.aliases.names(drug_id)[0]

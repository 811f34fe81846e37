"""Every error that MARD raises on purpose.

::

    MardError
    ├── InputError                what the user gave cannot be used
    │   ├── ReleaseError          a release file is missing, broken, hostile or not DrugBank
    │   ├── ConfigError           parameters are unknown, mistyped or out of range (all faults at once)
    │   ├── UnknownDrug           no drug of the release has that id or name
    │   ├── AmbiguousDrug         a name fits several drugs
    │   ├── SelfPair              a drug was paired with itself
    │   └── PortInUse             a server cannot have the port it was given
    ├── MissingArtifact           a stage was asked to run before the stage it reads from
    ├── ContractError             a table that crosses a stage breaks its schema
    ├── GateFailure               a leakage or quality gate found violations
    ├── TokenizerError            a tokenizer cannot carry the method (tags collide, tokens missing)
    ├── IncompatibleTrainer       a trainer would silently train something other than what was asked
    ├── TrainingDiverged          the loss is no longer a finite number
    └── TeacherError
        ├── TeacherUnavailable    transport, 429 or 5xx: worth a retry
        ├── BudgetReached         a teacher has spent what it may; nothing that it answered is lost
        └── SchemaViolation       the answer is not a trace: a retry of the transport will not help

A message says what was wrong, where, and what to do about it; the command line prints it as one
line and exits with status 2.
"""

from __future__ import annotations

import copyreg
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class MardError(Exception):
    """Base of every deliberate error; its text is fit to show to a user."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Go from a worker process to its parent with text and attributes, whatever the constructor takes."""
        return copyreg.__newobj__, (type(self), *self.args), vars(self)  # type: ignore[attr-defined]


class InputError(MardError):
    """What the user gave cannot be used."""


class ReleaseError(InputError):
    """A release file cannot be read as a DrugBank release.

    Args:
        path: The file.
        problem: What is wrong with it and what to do.
        offset: Byte offset in the decompressed stream, where known.
        line: Line number in the decompressed stream, where known.
    """

    def __init__(
        self, path: Path, problem: str, *, offset: int | None = None, line: int | None = None
    ) -> None:
        place = str(path)
        if line is not None:
            place += f", line {line}"
        if offset is not None:
            place += f", byte {offset}"
        super().__init__(f"{place}: {problem}")
        self.path = path
        self.offset = offset
        self.line = line


class ConfigError(InputError):
    """Parameters cannot be used; ``faults`` lists all of them, not just the first."""

    def __init__(self, source: str, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        listed = "; ".join(faults)
        super().__init__(f"{source}: {len(faults)} fault{'s' * (len(faults) > 1)}: {listed}")


class UnknownDrug(InputError):
    """No drug of the release has that id or name."""

    def __init__(self, query: str, nearest: Sequence[str] = ()) -> None:
        hint = f"; did you mean {', '.join(nearest)}?" if nearest else ""
        super().__init__(f"no drug with the id or name {query!r} in this release{hint}")
        self.query = query
        self.nearest = tuple(nearest)


class AmbiguousDrug(InputError):
    """A name fits several drugs."""

    def __init__(self, query: str, candidates: Sequence[str]) -> None:
        super().__init__(f"{query!r} names {len(candidates)} drugs: {', '.join(candidates)}; give the id")
        self.query = query
        self.candidates = tuple(candidates)


class SelfPair(InputError):
    """A drug was paired with itself."""

    def __init__(self, drug_id: str) -> None:
        super().__init__(f"{drug_id} is paired with itself; give two different drugs")
        self.drug_id = drug_id


class PortInUse(InputError):
    """A server cannot have the port it was given."""

    def __init__(self, server: str, port: int, remedy: str) -> None:
        super().__init__(f"port {port} is in use, so {server} cannot start there; {remedy}")
        self.port = port


class MissingArtifact(MardError):
    """A stage was asked to run before the stage it reads from."""

    def __init__(self, path: Path, stage: str) -> None:
        super().__init__(f"{path} is missing; run the stage {stage!r} first")
        self.path = path
        self.stage = stage


class ContractError(MardError):
    """A table that crosses a stage breaks its schema."""

    def __init__(self, table: str, problems: Sequence[str]) -> None:
        super().__init__(f"table {table!r} breaks its contract: {'; '.join(problems)}")
        self.table = table
        self.problems = tuple(problems)


class GateFailure(MardError):
    """A gate found violations.

    Args:
        gate: The gate's name, as in ``mard.gates.leakage``.
        protocol: The split protocol it was checked on, or the table for a quality gate.
        count: How many violations there are.
        examples: A few of them, readable.
        kept: The folder that holds all that was found, if any.
    """

    def __init__(
        self, gate: str, protocol: str, count: int, examples: Sequence[str], kept: Path | None = None
    ) -> None:
        shown = ", ".join(examples)
        where = f"; all of it is in {kept}" if kept else ""
        super().__init__(
            f"gate {gate} fails on {protocol}: {count} violation{'s' * (count != 1)}, e.g. {shown}{where}"
        )
        self.gate = gate
        self.protocol = protocol
        self.count = count
        self.examples = tuple(examples)

    def kept_in(self, folder: Path) -> GateFailure:
        """The same failure, saying where its findings are."""
        return GateFailure(self.gate, self.protocol, self.count, self.examples, folder)


class TokenizerError(MardError):
    """A tokenizer cannot carry the method."""


class IncompatibleTrainer(MardError):
    """A trainer would silently train something other than what was asked."""


class TrainingDiverged(MardError):
    """The loss is no longer a finite number."""

    def __init__(self, step: int, loss: float) -> None:
        super().__init__(f"the loss is {loss} at step {step}: lower the learning rate, or look at the data")
        self.step = step
        self.loss = loss


class TrackingUnavailable(MardError):
    """The tracking server does not answer: worth a retry, and nothing is lost."""


class TeacherError(MardError):
    """A teacher gave no usable answer."""


class TeacherUnavailable(TeacherError):
    """Transport failure, 429 or 5xx: worth a retry."""


class BudgetReached(TeacherError):
    """A teacher has spent what it may; nothing that it answered is lost."""

    def __init__(self, teacher: str, spent: float, answered: int, wanted: int) -> None:
        super().__init__(
            f"teacher {teacher}: {spent:.2f} spent, which is its budget, for {answered} of {wanted} "
            "candidates; they are kept: raise its budget or lower teach.candidates, and run teach again"
        )
        self.teacher = teacher
        self.spent = spent


class SchemaViolation(TeacherError):
    """The answer is not a trace."""

"""Small hand-made values that tests share."""

from __future__ import annotations

from dataclasses import replace

from mard.schema import (
    Direction,
    DrugEvidence,
    Family,
    FinalAnswer,
    Label,
    Neighbour,
    PairEvidence,
    Polarity,
    Pool,
    Step,
    StepRole,
    Trace,
)

METABOLISM_DOWN = Label(Family.PK_METABOLISM, "metabolism", Direction.A_TO_B, Polarity.DOWN)


def voriconazole_axitinib() -> Pool:
    """Drug A inhibits the enzyme that clears drug B; one neighbour says the same."""
    return Pool(
        a=DrugEvidence(
            drug_id="DB00582",
            name="Voriconazole",
            pk_flags=("cyp2c19_inh", "cyp2c19_sub", "cyp3a4_inh"),
            atc=("J02AC03",),
            enzymes=("P08684", "P33261"),
            half_life_hours=6.0,
            half_life_text="6 hours",
            moa="Inhibits fungal ergosterol synthesis.",
        ),
        b=DrugEvidence(
            drug_id="DB06626",
            name="Axitinib",
            pk_flags=("cyp3a4_sub",),
            atc=("L01EK01",),
            targets=("P35968",),
            enzymes=("P08684",),
            half_life_hours=4.0,
            half_life_text="2.5 to 6.1 hours",
        ),
        pair=PairEvidence(pathway_jaccard=0.0, protein_jaccard=1 / 3, atc_depth=0, smiles_tanimoto=0.12),
        neighbours=(Neighbour("DB00582", "DB11679", 0.41, METABOLISM_DOWN),),
    )


def metabolism_trace() -> Trace:
    """A correct, fully grounded trace for :func:`voriconazole_axitinib`."""
    return Trace(
        steps=(
            Step(1, StepRole.PK_FLAG, "Drug A inhibits CYP3A4.", ("A:cyp3a4_inh",)),
            Step(2, StepRole.PK_FLAG, "CYP3A4 metabolizes Drug B.", ("B:cyp3a4_sub", "B:P08684")),
            Step(
                3,
                StepRole.DIRECTION,
                "Drug A decreases the metabolism of Drug B.",
                ("A:cyp3a4_inh", "B:cyp3a4_sub"),
            ),
            Step(
                4,
                StepRole.CONCLUSION,
                "The mechanism is PK_Metabolism, a_to_b.",
                ("nbr:DB00582|DB11679",),
            ),
        ),
        summary="Voriconazole inhibits CYP3A4 and so decreases the metabolism of Axitinib.",
        final_answer=FinalAnswer(
            Family.PK_METABOLISM, "metabolism", Direction.A_TO_B, Polarity.DOWN, 0.9, abstain=False
        ),
    )


def with_answer(trace: Trace, **changes: object) -> Trace:
    """The same trace with an edited final answer."""
    return replace(trace, final_answer=replace(trace.final_answer, **changes))

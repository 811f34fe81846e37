"""Random traces: every role, claims that say all the lexicon can read and more, true and false citations."""

from __future__ import annotations

from hypothesis import strategies as st

from mard.label.taxonomy import load_taxonomy
from mard.schema import Direction, Family, FinalAnswer, Polarity, Pool, Step, StepRole, Trace

CLAIMS = [
    "Drug A inhibits CYP3A4.",
    "CYP3A4 metabolizes Drug B.",
    "Drug B induces CYP2D6 and P-gp.",
    "P-gp is blocked by Drug A.",
    "Drug A depends on CYP3A4, CYP2D6 and OCT2.",
    "Drug A decreases the metabolism of Drug B.",
    "The metabolism of Drug A is increased by Drug B.",
    "The serum concentration of Drug B rises with Drug A.",
    "Drug B lowers the absorption of Drug A.",
    "Both drugs increase the risk of bleeding.",
    "Drug A and Drug B raise each other's serum concentration.",
    "The therapeutic efficacy of Drug A falls when combined with Drug B.",
    "Drug B is the victim.",
    "Drug A acts on the hypotensive activities of Drug B.",
    "The mechanism is PK_Excretion, b_to_a.",
    "The mechanism is AdverseRisk, bidirectional.",
    "No shared pathway is recorded, so Drug A does not slow the excretion of Drug B.",
    "While Drug A lowers the efficacy of Drug B, Drug B raises the absorption of Drug A.",
    "The mechanism cannot be determined.",
    "There is insufficient evidence about Drug B.",
    "Drug A may possibly affect Drug B.",
    "Drug B should be avoided with Drug A.",
    "Nothing of note.",
    " ",
]
FOREIGN = ["A:P99999", "B:P99999", "A:cyp2e1_inh", "B:cyp2e1_ind", "nbr:DB70000|DB80000", "pair:unheard_of"]


@st.composite
def traces(draw: st.DrawFn, pool: Pool) -> Trace:
    """Any trace of a readable shape about ``pool``, rarely a good one."""
    ids = st.sampled_from([*sorted(pool.citations), *FOREIGN])
    count = draw(st.integers(2, 9))
    steps = tuple(
        Step(
            draw(st.sampled_from([number, number, number, number + 1])),
            draw(st.sampled_from(StepRole)) if number < count else StepRole.CONCLUSION,
            draw(st.sampled_from(CLAIMS)),
            tuple(draw(st.lists(ids, max_size=3))),
        )
        for number in range(1, count + 1)
    )
    names = [pool.a.name, pool.b.name.upper(), "Drug A", "Drug B"]
    words = [*draw(st.lists(st.sampled_from([*CLAIMS, *names]), max_size=4))]
    return Trace(steps, " ".join(words), draw(answers()))


@st.composite
def answers(draw: st.DrawFn) -> FinalAnswer:
    """Any answer; its subtype need not be the family's."""
    subtype = st.sampled_from(load_taxonomy().names)
    return FinalAnswer(
        draw(st.sampled_from(Family)),
        draw(subtype),
        draw(st.sampled_from(Direction)),
        draw(st.sampled_from(Polarity)),
        draw(st.sampled_from([0.0, 0.5, 1.0])),
        abstain=draw(st.booleans()),
    )

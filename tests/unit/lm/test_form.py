from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mard.errors import SchemaViolation
from mard.evidence.render import compact_names
from mard.lm.form import BRIEF, Form
from mard.mirror import mirror
from mard.schema import Label, Neighbour
from tests.builders import METABOLISM_DOWN, metabolism_trace, voriconazole_axitinib

COMPACT = Form("compact", "first")
POOL = replace(
    voriconazole_axitinib(),
    neighbours=(
        Neighbour("DB00582", "DB11679", 0.41, METABOLISM_DOWN),
        Neighbour("DB00001", "DB00002", 0.27, METABOLISM_DOWN),
    ),
)


def test_the_plain_form_is_the_brief_rendering_and_the_traces_own_json() -> None:
    trace = metabolism_trace()
    assert BRIEF.completion(trace, POOL) == trace.to_json()
    assert BRIEF.citations(POOL) == sorted(POOL.citations)
    assert BRIEF.read(trace.to_json(), POOL) == trace


def test_an_answer_that_comes_first_is_followed_by_the_steps_that_argue_for_it() -> None:
    told = json.loads(COMPACT.completion(metabolism_trace(), POOL))
    assert list(told) == ["final_answer", "steps", "summary"]


FORMS = [BRIEF, Form("brief", "first"), Form("compact", "last"), COMPACT]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_what_is_written_reads_back_with_the_pools_own_citations(form: Form) -> None:
    for pool, trace in ((POOL, metabolism_trace()), (mirror(POOL), mirror(metabolism_trace()))):
        read = form.read(form.completion(trace, pool), pool)
        assert read.steps == trace.steps
        assert read.final_answer == trace.final_answer


def test_a_compact_student_calls_neighbours_by_rank_from_either_side() -> None:
    completion = COMPACT.completion(metabolism_trace(), POOL)
    assert '"citations":["nbr:1"]' in completion
    assert "DB11679" not in completion
    assert [name for name in COMPACT.citations(POOL) if name.startswith("nbr:")] == ["nbr:1", "nbr:2"]
    flipped = COMPACT.completion(mirror(metabolism_trace()), mirror(POOL))
    assert '"citations":["nbr:1"]' in flipped


def test_a_compact_student_calls_what_could_identify_a_drug_by_kind_and_rank() -> None:
    # J02AC03 and L01EK01 are each one drug's code; P08684 is shared, so it comes before A's own P33261.
    assert compact_names(POOL)["A:ATC:J02AC03"] == "A:ATC:1"
    assert compact_names(POOL)["A:P08684"] == "A:protein:1"
    assert compact_names(POOL)["A:P33261"] == "A:protein:2"
    for text in (COMPACT.evidence(POOL), *COMPACT.citations(POOL)):
        assert not any(word in text for word in ("J02AC03", "L01EK01", "P08684", "P33261"))


def test_a_rank_without_a_neighbour_is_read_as_it_stands_and_so_not_grounded() -> None:
    text = COMPACT.completion(metabolism_trace(), POOL).replace("nbr:1", "nbr:3")
    cited = {citation for step in COMPACT.read(text, POOL).steps for citation in step.citations}
    assert cited - POOL.citations == {"nbr:3"}


def test_a_compact_prompt_and_completion_name_no_drug() -> None:
    for text in (COMPACT.evidence(POOL), COMPACT.completion(metabolism_trace(), POOL)):
        assert not any(name in text for name in ("Voriconazole", "Axitinib", "DB0", "DB1"))


def test_a_compact_prompt_line_by_line() -> None:
    # .41 and .27 in steps of .05; the first neighbour has drug A itself in A's place.
    assert COMPACT.evidence(POOL).splitlines() == [
        "A on B: A:cyp3a4_inh > B:cyp3a4_sub",
        "A:cyp2c19_inh A:cyp2c19_sub A:cyp3a4_inh A:ATC:1 J02 A:protein:1",
        "B:cyp3a4_sub B:ATC:1 L01 B:protein:1",
        "pair:pathway_jaccard 0.0 pair:protein_jaccard 0.3 pair:atc_depth 0 pair:smiles_tanimoto 0.1",
        "nbr:1 0.40 PK_Metabolism metabolism a_to_b down =A",
        "nbr:2 0.25 PK_Metabolism metabolism a_to_b down",
    ]


def test_the_compact_prompt_of_the_flipped_pair_swaps_the_sides() -> None:
    flipped = COMPACT.evidence(mirror(POOL)).splitlines()
    assert flipped[0] == "B on A: B:cyp3a4_inh > A:cyp3a4_sub"
    assert flipped[-2] == "nbr:1 0.40 PK_Metabolism metabolism b_to_a down =B"


def test_an_answer_alone_is_the_beginning_of_the_whole() -> None:
    alone = COMPACT.answer_alone(metabolism_trace(), POOL)
    assert COMPACT.completion(metabolism_trace(), POOL).startswith(alone)
    answer = json.loads(alone + '0.5,"abstain":false}}')["final_answer"]
    label = Label(*(answer[key] for key in ("family", "subtype", "direction", "polarity")))
    assert label == METABOLISM_DOWN


def test_a_text_that_is_no_trace_is_refused() -> None:
    with pytest.raises(SchemaViolation):
        COMPACT.read(COMPACT.answer_alone(metabolism_trace(), POOL), POOL)

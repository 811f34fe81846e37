"""The chat prompt of a language-model teacher: how to reason, the taxonomy, the evidence. No label."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from mard.errors import GateFailure
from mard.evidence.render import render
from mard.label.taxonomy import Taxonomy
from mard.schema import MAX_STEPS, MAX_SUMMARY_WORDS, MIN_STEPS, Family, Pool, StepRole

Message = dict[str, str]

INSTRUCTIONS: Final = f"""\
You explain drug-drug interactions at the level of their mechanism. You get an evidence pool about two \
drugs, called Drug A and Drug B. Decide which mechanism links them and who acts on whom, and cite only \
evidence of the pool.

Write one JSON object and nothing else:
{{"steps":[{{"step":1,"role":"...","claim":"...","citations":["..."]}}],"summary":"...",\
"final_answer":{{"family":"...","subtype":"...","direction":"...","polarity":"...","confidence":0.0,\
"abstain":false}}}}

Rules:
- {MIN_STEPS} to {MAX_STEPS} steps, numbered from 1. Roles: {", ".join(StepRole)}. The conclusion comes \
last, and only there.
- A claim is one short sentence that says "Drug A" and "Drug B". Each step of evidence cites at least one \
id, copied letter for letter from the pool.
- direction: in a_to_b Drug A acts and Drug B is affected; in b_to_a the other way round; bidirectional when \
neither acts alone. polarity: whether the quantity that the subtype names goes up or down.
- Say in a step with the role evidence_gap what the pool lacks or what speaks against your answer.
- The summary has at most {MAX_SUMMARY_WORDS} words and speaks of both Drug A and Drug B. Do not hedge.
- Abstain (abstain true, direction n/a, your best guess otherwise) only if almost nothing is recorded about \
one of the drugs and the labelled pairs do not help.
- confidence is your probability that the family is right."""


def chat_prompt(pool: Pool, taxonomy: Taxonomy) -> list[Message]:
    """System and user message for a pool. Nothing but the pool and the taxonomy goes into them.

    Raises:
        GateFailure: The pool shows the queried pair itself as a neighbour, label and all.
    """
    leaks = [n.citation for n in pool.neighbours if n.citation == f"nbr:{pool.pair_id}"]
    if leaks:
        raise GateFailure("neighbour_universe", "teacher prompt", len(leaks), leaks)
    return [
        {"role": "system", "content": system_prompt(taxonomy)},
        {
            "role": "user",
            "content": f"{render(pool, detail='full')}\n\nWhich mechanism links Drug A and Drug B?",
        },
    ]


def repair_prompt(answer: str, problem: str) -> list[Message]:
    """The rest of a conversation in which an answer is sent back with what is wrong with it."""
    return [
        {"role": "assistant", "content": answer},
        {
            "role": "user",
            "content": f"This cannot be read: {problem}. Write the whole JSON object again and nothing else.",
        },
    ]


@lru_cache(maxsize=1)
def system_prompt(taxonomy: Taxonomy) -> str:
    """Instructions and the taxonomy, the same for every pair, so that a server can cache its prefix."""
    listed = (f"{family}: {', '.join(taxonomy.subtypes(family))}" for family in Family)
    return f"{INSTRUCTIONS}\n\nFamilies and their subtypes:\n" + "\n".join(listed)

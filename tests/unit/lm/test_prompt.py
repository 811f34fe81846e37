from __future__ import annotations

from copy import deepcopy

from mard.lm.prompt import INSTRUCTION, build_prompt
from mard.mirror import mirror
from tests import students
from tests.builders import voriconazole_axitinib

TEMPLATE = (
    "{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def test_a_student_from_scratch_reads_the_evidence_alone() -> None:
    prompt = build_prompt(students.tokenizer(), voriconazole_axitinib())
    assert "A:cyp3a4_inh" in prompt
    assert INSTRUCTION not in prompt
    assert prompt.endswith("\n\n")


def test_a_chat_model_gets_the_instruction_and_the_generation_header() -> None:
    tokenizer = deepcopy(students.tokenizer())
    tokenizer.chat_template = TEMPLATE
    prompt = build_prompt(tokenizer, voriconazole_axitinib())
    assert prompt.startswith(f"<system>{INSTRUCTION}<user>Drug A: Voriconazole")
    assert prompt.endswith("<assistant>")


def test_masked_it_names_no_drug_and_flipped_it_swaps_them() -> None:
    tokenizer, pool = students.tokenizer(), voriconazole_axitinib()
    masked = build_prompt(tokenizer, pool, masked=True)
    assert not any(name in masked for name in ("Voriconazole", "Axitinib", "DB00582", "DB06626"))
    assert build_prompt(tokenizer, mirror(pool)).startswith("Drug A: Axitinib")

"""The student's prompt: a pool in the student's form, as the tokenizer's chat template asks if it has one."""

from __future__ import annotations

from typing import Final

from transformers import PreTrainedTokenizerBase

from mard.lm.form import BRIEF, Form
from mard.schema import Direction, Family, Pool, StepRole

INSTRUCTION: Final = (
    "You judge drug-drug interactions. From the evidence alone, decide the mechanism family "
    f"({', '.join(Family)}), the subtype, the direction ({', '.join(Direction)}; in a_to_b Drug A acts on "
    "Drug B) and the polarity (up, down). Answer with one JSON object: steps (3 to 8, each with step, role, "
    f"claim, citations; roles: {', '.join(StepRole)}), summary (at most 80 words) and final_answer (family, "
    "subtype, direction, polarity, confidence, abstain). Cite only ids that the evidence shows."
)
PLAIN_END: Final = "\n\n"


def build_prompt(
    tokenizer: PreTrainedTokenizerBase, pool: Pool, masked: bool = False, form: Form = BRIEF
) -> str:
    """The prompt for a pool in its own order; ``mirror(pool)`` asks the flipped question.

    A tokenizer with a chat template (a pretrained base) gets the instruction and the generation
    header; one trained from scratch learns the task itself and gets the evidence alone.
    """
    evidence = form.evidence(pool, masked=masked)
    if not tokenizer.chat_template:
        return evidence + PLAIN_END
    messages = [{"role": "system", "content": INSTRUCTION}, {"role": "user", "content": evidence}]
    prompt: str = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return prompt

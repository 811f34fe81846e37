"""What the report calls things, for a pharmacist and an engineer alike."""

from __future__ import annotations

from typing import Final

from mard.schema import Direction, Family, Protocol

TITLES: Final = {
    Protocol.WARM: "Warm",
    Protocol.DRUG_COLD: "Drug-cold",
    Protocol.PAIR_COLD: "Pair-cold",
}
MEANINGS: Final = {
    Protocol.WARM: "New pairs of drugs that training has seen in other pairs.",
    Protocol.DRUG_COLD: "At least one of the two drugs is in no training pair.",
    Protocol.PAIR_COLD: "Neither drug is in any training pair: two new drugs.",
}
SHORTS: Final = {
    Family.ADVERSE_RISK: "Risk",
    Family.EFFICACY: "Effic.",
    Family.PD_ACTIVITY: "PD",
    Family.PK_ABSORPTION: "Abs.",
    Family.PK_DISTRIBUTION: "Dist.",
    Family.PK_EXCRETION: "Excr.",
    Family.PK_METABOLISM: "Met.",
}
VERDICTS: Final = {
    "right": "✓ right",
    "partly": "± family right",
    "wrong": "✗ wrong",
}
STAGES: Final = {
    "prm": "Process reward model",
    "sft": "Mirror-augmented fine-tuning (SFT)",
    "dpo": "Preference training (PRM-weighted DPO)",
}

CURVES: Final = {
    "prm": {"loss": "loss"},
    "sft": {"loss": "loss", "nll_ab": "likelihood loss", "kl": "mirror KL"},
    "dpo": {"loss": "loss", "rewards/margins": "reward margin", "rewards/accuracies": "preferred won"},
}

VARIANT_TITLES: Final = {
    "raw": "Student, raw",
    "symmetrised": "Student, symmetrised",
    "unabstaining": "Student, never abstaining",
    "hybrid": "Student, hybrid stack",
}
RULES: Final = {
    "ungrounded": "cites what is not in the pool, or nothing",
    "flag_off": "relies on an enzyme flag that is not on",
    "other_family": "a step argues for other families",
    "family_unsupported": "no step argues for the family",
    "other_direction": "a step argues for another direction",
    "other_polarity": "a step moves the quantity the other way",
    "against_pk_roles": "by the flags, only the affected drug could act",
    "against_pk_effect": "inhibition is said to raise metabolism, or the like",
}
"""What a rule of the verifier finds in a trace."""

STATES: Final = {
    "Before calibration": (("student", "stated", "whole stack"), ("other", "raw", "raw model")),
    "After calibration": (("student", "calibrated", "whole stack"),),
}
"""Figures of reliability: kind of line, whose confidence, and its name."""

PHASE_MEASURES: Final = {
    "mirror_error": "Direction<br>flips",
    "family_mirror_error": "Family<br>flips",
    "subtype_mirror_error": "Subtype<br>flips",
    "mirror_distance": "Distance",
    "kl": "KL",
    "direction_accuracy": "Direction<br>accuracy",
    "nll": "NLL",
}

PROBES: Final = {
    "no_retrieval": ("Retrieval off", "No similar known pairs are shown.", "keeps the family"),
    "masked": ("Names masked", "The two drugs' names and ids are hidden.", "keeps the family"),
    "null_context": ("No evidence", "Nothing but the two names is shown.", "abstains"),
    "cross_family_swap": (
        "Misleading neighbours",
        "The known pairs shown are those of a pair of other families.",
        "keeps the family",
    ),
    "role_flip": (
        "Inhibitor ↔ inducer",
        "What acts on the other drug's enzyme acts the opposite way.",
        "keeps the family, turns the polarity",
    ),
    "flags_exchanged": (
        "Flags exchanged",
        "Each drug has the other one's enzyme flags.",
        "keeps the family, turns the direction",
    ),
    "enzyme_swap": (
        "Other enzyme",
        "What one drug inhibits no longer handles the other.",
        "leaves the PK families or abstains",
    ),
}
"""Title, what is altered, and what a model that reads its evidence does."""

FAILURES: Final = {
    "F1 evidence": "No trace of the student's own accord has the right family, and no neighbour shown.",
    "F2 reasoning": "A neighbour shown has the right family, but no trace of the student's own accord.",
    "F3 selection": "A trace of its own accord has the right family, but the stack chose another.",
    "F4 wording": "PK_Metabolism and PK_Distribution taken for each other.",
    "F5 detail": "The family is right, the subtype or direction is not.",
}

FINAL, GREEDY = "final", "greedy"
QUALITY: Final = (
    ("parse_rate", "Parse rate", "Answers that are well-formed traces.", FINAL),
    ("hr", "HR", "Citations that are not in the evidence pool: hallucinated.", FINAL),
    ("csa", "CSA", "Answers with a grounded citation in a step that argues for the family.", FINAL),
    ("rpc", "RPC", "Mean score that the process reward model gives to the steps.", FINAL),
    ("coverage", "Coverage", "Answers on which the student does not abstain.", FINAL),
    ("selective_accuracy", "Accuracy if answered", "Accuracy of the family among those.", FINAL),
    ("conditional_subtype_accuracy", "Subtype, family right", "Subtype accuracy given the family.", FINAL),
    ("subtype_macro_f1", "Subtype macro-F1", "Mean F1 over the subtypes in the test pairs.", FINAL),
    ("mfs", "MFS, greedy", "Both orders of a pair get the same family, before any voting.", GREEDY),
    ("mps", "MPS, greedy", "And directions that are mirror images, before any voting.", GREEDY),
)

DIRECTIONS: Final = {
    Direction.A_TO_B: "A acts on B",
    Direction.B_TO_A: "B acts on A",
    Direction.BIDIRECTIONAL: "both ways",
    Direction.NONE: "none given",
}
VARIANTS: Final = {
    "all": "most similar, all four channels",
    "in proportion": "in proportion",
    "random": "random pairs",
}

GATES: Final = (
    ("pair_disjoint", "No pair is in two parts of a protocol."),
    ("mirror_disjoint", "No pair is present a second time with its drugs swapped."),
    ("drug_cold_disjoint", "No held-out drug is in a drug-cold training pair."),
    ("pair_cold_disjoint", "No drug of a pair-cold test pair is in a training pair."),
    ("alias_disjoint", "Salts and forms of one active moiety are on one side of the partition."),
    ("label_unique", "Every pair has one label, and no drug is paired with itself."),
    ("neighbour_universe", "Known pairs shown as evidence come from the protocol's own training part."),
    ("teacher_subset_inside", "The student's training pairs are training pairs of all three protocols."),
    ("training_rows", "All training rows descend from those; thresholds are fitted on validation."),
    ("evidence_text", "No evidence holds the description of the interaction it is asked about."),
    ("manifest_integrity", "Counts add up, hashes match, every family is tested or declared missing."),
)
GATE_ALIASES: Final = {"neighbour_regime": "neighbour_universe"}

GLOSSARY: Final = (
    ("macro-F1", "Mean of the families' F1, so that a rare family counts as much as a common one. A family"
     " that no test pair has is left out."),
    ("THS", "Partial credit: 0 wrong family, 0.3 family, 0.7 family and subtype, 1 with the direction too."),
    ("Interval", "The middle 95 % of bootstrap resamples over drugs, since pairs that share a drug are not"
     " independent. Tables beside this page give the narrower pair-level intervals too."),
    ("Direction", "a_to_b: drug A acts and drug B is affected. Bidirectional: neither is the actor."),
    ("MFS, MPS", "Mirror consistency: asked the other way round, the family stays and the direction turns."),
    ("ECE", "Mean gap between confidence and accuracy over ten bins of confidence."),
    ("AU@90", "Mean accuracy when the most confident 90 to 100 % of pairs are answered."),
    ("Abstention", "An abstaining student still names its best guess, which counts in accuracy and F1;"
     " coverage and accuracy if answered say what abstaining gains."),
    ("Neighbour vote", "The families of the most similar known pairs, weighted by similarity."),
    ("MOR@k", "Share of test pairs with a pair of their own family among the first k known ones shown."),
    ("Met. + Dist.", "PK_Metabolism and PK_Distribution as one family: often the wording of a release, not"
     " pharmacology, decides between them."),
    ("Raw, symmetrised", "Raw: one greedy trace for one order of the pair. Symmetrised: both orders made one"
     " answer, so that MFS and MPS are 1 by construction. The stack votes over samples and may abstain."),
    ("Never abstaining", "The stack up to its last layer that answers everything: an abstention withholds the"
     " direction, which THS counts as missing."),
    ("Hybrid stack", "The same layers, fitted with what structural models say of the pair; the student's own"
     " stack does not hear them."),
    ("Calibrated", "Confidence passed through a curve of two numbers that was fitted on validation answers."),
    ("Polarity", "Whether the quantity that the subtype names goes up or down."),
)  # fmt: skip

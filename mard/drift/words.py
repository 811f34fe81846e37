"""What the summary and the page call things."""

from __future__ import annotations

from typing import Final

from mard.drift import drugs, pairs
from mard.schema import Family

FAMILIES: Final = {
    Family.ADVERSE_RISK: "Risk",
    Family.EFFICACY: "Efficacy",
    Family.PD_ACTIVITY: "PD",
    Family.PK_ABSORPTION: "Absorp.",
    Family.PK_DISTRIBUTION: "Distrib.",
    Family.PK_EXCRETION: "Excret.",
    Family.PK_METABOLISM: "Metab.",
}
CHANGES: Final = {
    drugs.ADDED: "New drugs",
    drugs.REMOVED: "Drugs that are gone",
    drugs.RETIRED: "Ids retired into another drug",
    drugs.REINSTATED: "Ids that are drugs of their own again",
    drugs.RENAMED: "Other names",
    drugs.RESTRUCTURED: "Other structures",
}
REASONS: Final = {
    pairs.DRUG: "with a drug that only one release has",
    pairs.MERGED_DRUG: "with a drug under another id",
    pairs.UNLABELLED: "listed on both sides, read on one",
    pairs.LISTING: "of drugs that both releases have",
}
AXES: Final = {
    "family": "another family",
    "subtype_in_family": "another subtype in the family",
    "direction_flip": "direction flipped",
    "direction_otherwise": "direction otherwise",
    "polarity": "polarity flipped",
    "only_direction_flip": "only direction flipped",
    "only_polarity": "only polarity flipped",
}
CHANNELS: Final = {
    "smiles": "SMILES",
    "fingerprint": "fingerprint",
    "moa": "mechanism text",
    "half_life": "half-life, any",
    "half_life_hours": "half-life in hours",
    "atc": "ATC codes",
    "targets": "targets",
    "enzymes": "enzymes",
    "transporters": "transporters",
    "carriers": "carriers",
    "pathways": "pathways",
    "pk_flags": "PK flags, any",
}
SCOPE_TITLES: Final = {"all": "Over all drugs", "interacting": "Over drugs that interact"}
TEMPLATE_TITLES: Final = {
    "new": "New templates",
    "gone": "Templates that are gone",
    "kept": "Used more or less often",
}

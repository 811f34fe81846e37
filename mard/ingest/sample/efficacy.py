"""What one drug does to the purpose for which another is given: treatment or diagnosis."""

from __future__ import annotations

from typing import Final

from mard.ingest.sample.rule import DIAGNOSTIC_DOWN, EFFICACY_DOWN, EFFICACY_UP, Rule

DIAGNOSTICS: Final = (
    Rule(
        "methylxanthine",
        "vasodilator_diagnostic",
        DIAGNOSTIC_DOWN,
        "Caffeine and theophylline block the adenosine receptors that a pharmacological stress test uses.",
    ),
    Rule(
        "antihistamine",
        "skin_test",
        DIAGNOSTIC_DOWN,
        "An H1 antagonist suppresses the wheal and flare that the skin test reads.",
    ),
    Rule(
        "alters_glucose_uptake",
        "glucose_tracer",
        DIAGNOSTIC_DOWN,
        "Insulin, metformin and steroids shift where glucose, and so the tracer, is taken up.",
    ),
    Rule(
        "blunts_metyrapone_test",
        "pituitary_test",
        DIAGNOSTIC_DOWN,
        "Faster clearance of metyrapone or a suppressed pituitary gives a falsely low response.",
    ),
)

EFFICACY: Final = (
    Rule(
        "digoxin immune fab (ovine)",
        "digoxin",
        EFFICACY_DOWN,
        "The antibody fragment binds digoxin in the blood.",
    ),
    Rule(
        "dopamine_antagonist",
        "dopaminergic",
        EFFICACY_DOWN,
        "A D2 antagonist blocks the receptor that dopamine made from levodopa must reach.",
    ),
    Rule(
        "antimuscarinic|anticholinergic_adjunct",
        "cholinesterase_inhibitor",
        EFFICACY_DOWN,
        "A muscarinic antagonist cancels the acetylcholine that a cholinesterase inhibitor spares.",
    ),
    Rule(
        "seizure_threshold_lowering",
        "antiseizure",
        EFFICACY_DOWN,
        "A drug that lowers the seizure threshold works against one that raises it.",
    ),
    Rule(
        "insulin_antagonist",
        "antidiabetic",
        EFFICACY_DOWN,
        "Glucocorticoids, thyroid hormones, olanzapine, clozapine and quetiapine raise blood glucose.",
    ),
    Rule(
        "estrogen",
        "antiestrogen",
        EFFICACY_DOWN,
        "An oestrogen competes for the receptor that tamoxifen blocks.",
    ),
    Rule(
        "urate_retaining",
        "urate_lowering",
        EFFICACY_DOWN,
        "Diuretics and ciclosporin retain urate and oppose urate-lowering treatment.",
    ),
    Rule(
        "acetylsalicylic acid",
        "probenecid",
        EFFICACY_DOWN,
        "Salicylate blocks the tubular urate secretion that a uricosuric depends on.",
    ),
    Rule(
        "bacteriostatic",
        "beta_lactam",
        EFFICACY_DOWN,
        "A beta-lactam kills growing bacteria; a bacteriostatic drug stops the growth.",
    ),
    Rule(
        "noradrenergic",
        "antihypertensive",
        EFFICACY_DOWN,
        "Noradrenaline released, spared or imitated raises the pressure that the other drug should lower.",
    ),
    Rule(
        "tricyclic|mirtazapine",
        "clonidine",
        EFFICACY_DOWN,
        "Spared noradrenaline or blocked alpha-2 receptors undo the central effect of clonidine.",
    ),
    Rule(
        "antimuscarinic|opioid",
        "prokinetic",
        EFFICACY_DOWN,
        "Slowed by one drug, the gut cannot be hastened by the other.",
    ),
    Rule(
        "estrogen",
        "thyroid_hormone",
        EFFICACY_DOWN,
        "Oestrogens raise thyroxine-binding globulin; less of the hormone is free.",
    ),
    Rule(
        "antithyroid",
        "thyroid_hormone",
        EFFICACY_DOWN,
        "Methimazole stops the synthesis of the hormone that the other drug replaces.",
    ),
    Rule(
        "beta_lactam",
        "aminoglycoside",
        EFFICACY_UP,
        "A damaged cell wall lets the aminoglycoside reach the ribosome.",
    ),
    Rule(
        "antiemetic_adjunct",
        "serotonin3_antagonist",
        EFFICACY_UP,
        "Dexamethasone or an NK1 antagonist adds to the antiemetic effect of a 5-HT3 antagonist.",
    ),
    Rule(
        "sulfamethoxazole",
        "trimethoprim",
        EFFICACY_UP,
        "Two successive blocks on bacterial folate synthesis act synergistically.",
    ),
    Rule(
        "selegiline",
        "dopaminergic",
        EFFICACY_UP,
        "Blocked MAO-B prolongs the action of the dopamine that levodopa provides.",
    ),
    Rule(
        "thiazide",
        "raas_blocker",
        EFFICACY_UP,
        "A thiazide raises renin, which makes blood pressure depend on what the other drug blocks.",
    ),
)

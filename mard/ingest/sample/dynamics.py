"""What one drug does to another's intended or characteristic activity.

A directed sentence is used only where the roles differ: the actor's effect is incidental, or
opposes, and the affected drug is the one known for the activity. Two drugs of equal standing share
a risk instead (:mod:`mard.ingest.sample.risks`).
"""

from __future__ import annotations

from typing import Final

from mard.ingest.sample.rule import Rule, lowers, raises

NAMED_ACTIVITIES: Final = (
    Rule(
        "nsaid",
        "anticoagulant",
        raises("anticoagulant"),
        "NSAIDs impair platelets and injure the gastric mucosa of an anticoagulated patient.",
    ),
    Rule(
        "mao_inhibitor",
        "pressor_amine",
        raises("hypertensive"),
        "Noradrenaline stores swell under MAO inhibition and are released at once: hypertensive crisis.",
    ),
    Rule(
        "pde5_inhibitor",
        "nitrate",
        raises("vasodilatory"),
        "Nitrates make cGMP, PDE5 inhibitors keep it: contraindicated together.",
    ),
    Rule(
        "dipyridamole",
        "vasodilator_diagnostic",
        raises("vasodilatory"),
        "Dipyridamole stops the cellular uptake that ends the effect of adenosine.",
    ),
    Rule(
        "gabapentinoid",
        "opioid",
        raises("respiratory depressant"),
        "Gabapentin lowers the respiratory reserve of a patient on opioids (boxed class warning).",
    ),
    Rule(
        "nsaid",
        "fluoroquinolone",
        raises("neuroexcitatory"),
        "NSAIDs strengthen the block of GABA-A receptors by fluoroquinolones.",
    ),
    Rule(
        "antipsychotic",
        "lithium cation",
        raises("neurotoxic"),
        "Encephalopathy has followed lithium with an antipsychotic.",
    ),
    Rule(
        "sulfamethoxazole|trimethoprim",
        "methotrexate",
        raises("myelosuppressive"),
        "A second antifolate on the same bone marrow.",
    ),
    Rule(
        "cyclophosphamide|paclitaxel|docetaxel",
        "anthracycline",
        raises("cardiotoxic"),
        "Both injure the myocardium that an anthracycline injures.",
    ),
    Rule(
        "fibrate",
        "statin",
        raises("myopathic rhabdomyolysis"),
        "Fibrates injure muscle themselves and add to the myopathy of statins.",
    ),
    Rule(
        "tricyclic|snri",
        "vasopressor",
        raises("vasopressor"),
        "With noradrenaline reuptake blocked a vasopressor acts more strongly and for longer.",
    ),
    Rule(
        "ergot",
        "triptan",
        raises("vasoconstricting"),
        "Ergot alkaloids and triptans both constrict coronary arteries: not within 24 hours.",
    ),
    Rule(
        "alpha_blocking",
        "vasopressor",
        lowers("vasoconstricting"),
        "Blocked alpha-1 receptors leave a vasopressor without its vessel effect.",
    ),
    Rule(
        "ibuprofen|naproxen",
        "acetylsalicylic acid",
        lowers("antiplatelet"),
        "A reversible ligand occupies COX-1 and keeps aspirin from acetylating it.",
    ),
)

ACTIVITIES: Final = (
    Rule(
        "nonselective_beta_blocker",
        "bronchodilator",
        lowers("bronchodilatory"),
        "Beta-2 blockade closes the airway that the other drug opens.",
    ),
    Rule(
        "thyroid_hormone",
        "warfarin",
        raises("anticoagulant"),
        "Thyroid hormones hasten the breakdown of vitamin K dependent clotting factors.",
    ),
    Rule(
        "antithyroid",
        "warfarin",
        lowers("anticoagulant"),
        "As thyroid function falls, clotting factors are broken down more slowly.",
    ),
    Rule(
        "hormonal_contraceptive|estrogen",
        "anticoagulant",
        lowers("anticoagulant"),
        "Oestrogens and progestogens raise clotting factors.",
    ),
    Rule(
        "serotonin_reuptake_inhibitor",
        "platelet_inhibitor",
        raises("antiplatelet"),
        "Platelets without serotonin aggregate less.",
    ),
    Rule(
        "nsaid|corticosteroid",
        "antihypertensive",
        lowers("antihypertensive"),
        "Retained sodium and lost vasodilator prostaglandins raise blood pressure.",
    ),
    Rule(
        "nsaid",
        "loop_diuretic|thiazide",
        lowers("diuretic"),
        "Diuretics act in part through renal prostaglandins.",
    ),
    Rule(
        "acetazolamide",
        "loop_diuretic|thiazide",
        raises("diuretic"),
        "Sodium let through proximally meets a second block further down the nephron.",
    ),
    Rule(
        "pde5_inhibitor|nitrate",
        "antihypertensive",
        raises("antihypertensive"),
        "Nitric oxide dilatation adds to the fall in blood pressure.",
    ),
    Rule(
        "hypotensive_adjunct",
        "antihypertensive",
        raises("hypotensive"),
        "An incidental fall in blood pressure adds to the intended one.",
    ),
    Rule(
        "orthostatic_adjunct",
        "antihypertensive",
        raises("orthostatic hypotensive"),
        "Duloxetine and selegiline blunt the reflex to standing up.",
    ),
    Rule(
        "glucose_lowering_adjunct",
        "antidiabetic",
        raises("hypoglycemic"),
        "Insulin released or made to act better by a drug given for something else.",
    ),
    Rule(
        "glucose_raising_adjunct",
        "antidiabetic",
        lowers("hypoglycemic"),
        "Lost potassium, catecholamines, oestrogens or calcineurin block cut insulin release.",
    ),
    Rule(
        "potassium_raising_adjunct",
        "potassium_sparing|raas_blocker",
        raises("hyperkalemic"),
        "Potassium given or retained on top of blocked aldosterone action.",
    ),
    Rule(
        "potassium_lowering_adjunct",
        "loop_diuretic|thiazide",
        raises("hypokalemic"),
        "Potassium lost or shifted into cells on top of what the diuretic wastes.",
    ),
    Rule(
        "digoxin_sensitizer",
        "digoxin",
        raises("arrhythmogenic"),
        "Low potassium, high calcium or catecholamines bring out digoxin's ectopic beats.",
    ),
    Rule(
        "rate_limiting_calcium_blocker",
        "beta_blocker|digoxin",
        raises("atrioventricular blocking (AV block)"),
        "Slow calcium current and beta tone are both needed for AV conduction.",
    ),
    Rule(
        "class_one_antiarrhythmic",
        "negative_inotrope",
        raises("cardiodepressant"),
        "Sodium-channel block weakens a ventricle that is already held back.",
    ),
    Rule(
        "cholinesterase_inhibitor|tizanidine",
        "bradycardic",
        raises("bradycardic"),
        "Vagal or central slowing adds to a slowed sinus node.",
    ),
    Rule(
        "neuromuscular_adjunct",
        "neuromuscular_blocker",
        raises("neuromuscular blocking"),
        "Less acetylcholine released, or a less excitable endplate, deepens the block.",
    ),
    Rule(
        "cholinesterase_inhibitor",
        "succinylcholine",
        raises("neuromuscular blocking"),
        "Inhibited plasma cholinesterase breaks succinylcholine down more slowly.",
    ),
    Rule(
        "neuromuscular_opponent",
        "nondepolarizing_blocker",
        lowers("neuromuscular blocking"),
        "Acetylcholine spared, or receptors upregulated by antiseizure drugs, shorten the block.",
    ),
    Rule(
        "wakefulness_promoter",
        "hypnotic",
        lowers("sedative"),
        "A stimulant keeps awake whom the hypnotic should let sleep.",
    ),
    Rule(
        "antipsychotic",
        "stimulant",
        lowers("stimulatory"),
        "D2 antagonists block what released dopamine would do.",
    ),
    Rule(
        "sedating_adjunct",
        "hypnotic",
        raises("sedative"),
        "H1 or alpha-2 sedation adds to that of a hypnotic.",
    ),
    Rule(
        "sedating_adjunct",
        "cns_depressant",
        raises("central nervous system depressant (CNS depressant)"),
        "An incidental sedative effect adds to a depressant one.",
    ),
    Rule(
        "serotonergic_adjunct",
        "serotonergic_antidepressant",
        raises("serotonergic"),
        "A drug that releases, spares or imitates serotonin as a side effect.",
    ),
    Rule(
        "qtc_possible",
        "qtc_known",
        raises("QTc-prolonging"),
        "A possible prolonger adds to a drug with a known risk of torsade de pointes.",
    ),
    Rule(
        "anticholinergic_adjunct",
        "antimuscarinic",
        raises("anticholinergic"),
        "An incidental muscarinic block adds to the intended one.",
    ),
    Rule(
        "antimuscarinic|constipating",
        "opioid",
        raises("gastrointestinal motility reducing"),
        "Slowed transit from a second cause.",
    ),
    Rule(
        "antimuscarinic",
        "sympathomimetic|beta2_agonist",
        raises("tachycardic"),
        "Vagal brake off while the accelerator is pressed.",
    ),
    Rule(
        "methylxanthine|stimulant",
        "decongestant",
        raises("sympathomimetic"),
        "Catecholamines released, or their second messenger spared.",
    ),
    Rule(
        "loop_diuretic",
        "aminoglycoside|cisplatin",
        raises("ototoxic"),
        "Furosemide injures the stria vascularis and lets the ototoxin in.",
    ),
    Rule(
        "nsaid|amphotericin b|acyclovir",
        "nephrotoxic",
        raises("nephrotoxic"),
        "Afferent constriction or tubular injury on top of a nephrotoxin.",
    ),
    Rule(
        "corticosteroid",
        "immunosuppressant",
        raises("immunosuppressive"),
        "Glucocorticoids add to any other immunosuppression.",
    ),
    Rule(
        "myelosuppressive_adjunct",
        "myelosuppressive",
        raises("myelosuppressive"),
        "An incidental marrow effect adds to a dose-limiting one.",
    ),
    Rule(
        "hepatotoxic_adjunct",
        "acetaminophen|methotrexate",
        raises("hepatotoxic"),
        "Induced or inhibited enzymes and a second liver toxin.",
    ),
    Rule(
        "hyponatremic",
        "thiazide",
        raises("hyponatremic"),
        "Inappropriate ADH secretion on top of thiazide salt loss.",
    ),
    Rule(
        "thiazide",
        "calcium_salt",
        raises("hypercalcemic"),
        "Thiazides keep calcium from the urine: milk-alkali syndrome.",
    ),
    Rule(
        "opioid",
        "loop_diuretic",
        lowers("diuretic"),
        "Opioids release antidiuretic hormone.",
    ),
    Rule(
        "caffeine",
        "simple_analgesic",
        raises("analgesic"),
        "Caffeine is an established analgesic adjuvant.",
    ),
    Rule(
        "amiodarone|lithium cation",
        "thyroid_hormone",
        raises("Change in thyroid function"),
        "Iodine load or blocked hormone release changes the need for replacement.",
    ),
    Rule(
        "photosensitizing_adjunct",
        "tetracycline_class",
        raises("photosensitizing"),
        "Two chromophores in sunlit skin.",
    ),
    Rule(
        "estrogen",
        "hormonal_contraceptive",
        raises("thrombogenic"),
        "Oestrogen dose adds up, and with it the risk of venous thrombosis.",
    ),
)

"""Harms that two drugs of equal standing bring about together, or that one protects from."""

from __future__ import annotations

from typing import Final

from mard.ingest.sample.rule import HYPERSENSITIVITY_UP, Rule, less_risk, risk


def _both(trait: str, harm: str, why: str) -> Rule:
    return Rule(trait, trait, risk(harm), why)


NAMED_RISKS: Final = (
    Rule(
        "mao_inhibitor",
        "serotonergic_antidepressant|forbidden_with_mao_inhibitor",
        risk("serotonin syndrome"),
        "Serotonin spared and not degraded: contraindicated.",
    ),
    Rule(
        "opioid",
        "benzodiazepine",
        risk("hypotension, sedation, death, somnolence, and respiratory depression"),
        "Boxed warning on opioids with benzodiazepines.",
    ),
    Rule(
        "gamma-hydroxybutyric acid",
        "opioid|hypnotic",
        risk("respiratory depression"),
        "GABA-B depression of breathing on top of opioid or GABA-A depression.",
    ),
    Rule(
        "colchicine",
        "statin|fibrate",
        risk("myopathy and rhabdomyolysis"),
        "Colchicine myopathy adds to that of lipid-lowering drugs.",
    ),
    Rule(
        "ace_inhibitor|thiazide",
        "allopurinol",
        HYPERSENSITIVITY_UP,
        "Hypersensitivity to allopurinol, also severe, is more frequent under ACE inhibitors and thiazides.",
    ),
    Rule(
        "allopurinol",
        "amoxicillin",
        HYPERSENSITIVITY_UP,
        "Aminopenicillin rashes are several times more frequent under allopurinol.",
    ),
    Rule(
        "ace_inhibitor",
        "mtor_inhibitor|sitagliptin",
        risk("angioedema"),
        "Bradykinin and substance P are degraded more slowly from two sides.",
    ),
    Rule(
        "fluoroquinolone",
        "corticosteroid",
        risk("tendinopathy"),
        "Boxed warning on tendon rupture under fluoroquinolones with corticosteroids.",
    ),
    Rule(
        "clozapine",
        "carbamazepine|methimazole",
        risk("neutropenia"),
        "Two causes of agranulocytosis.",
    ),
    Rule(
        "insulin",
        "glitazone",
        risk("edema formation"),
        "Both retain sodium; heart failure has followed.",
    ),
    Rule(
        "topiramate",
        "antimuscarinic|acetazolamide",
        risk("hyperthermia and oligohydrosis"),
        "Less sweat from two causes.",
    ),
    Rule(
        "qtc_protector",
        "class_three_antiarrhythmic",
        less_risk("QTc prolongation"),
        "Magnesium and potassium shorten repolarisation and prevent torsade de pointes.",
    ),
    Rule(
        "proton_pump_inhibitor",
        "nsaid",
        less_risk("adverse effects"),
        "Acid suppression prevents the peptic ulcers that NSAIDs cause.",
    ),
    Rule(
        "benzatropine",
        "dopamine_antagonist",
        less_risk("adverse effects"),
        "An anticholinergic relieves the drug-induced parkinsonism of D2 antagonists.",
    ),
)

SEVERE_RISKS: Final = (
    _both(
        "class_three_antiarrhythmic", "ventricular arrhythmias and Cardiac Arrhythmia", "Two antiarrhythmics."
    ),
    Rule(
        "class_three_antiarrhythmic",
        "qtc_known",
        risk("QTc prolongation and torsade de pointes"),
        "The strongest prolongers with another drug of known risk.",
    ),
    _both("qtc_known", "QTc prolongation", "Both block the rapid delayed rectifier current."),
    Rule(
        "platelet_inhibitor",
        "anticoagulant",
        risk("bleeding"),
        "Platelet plug and fibrin are both impaired.",
    ),
    _both("anticoagulant", "bleeding", "Coagulation is blocked at two points."),
    _both("platelet_inhibitor", "bleeding and bruising", "Two pathways of platelet activation are blocked."),
    _both("serotonergic_antidepressant", "serotonin syndrome", "Serotonin is spared from two sides."),
    _both("cns_depressant", "CNS depression", "Depressant effects add up."),
)

SHARED_RISKS: Final = (
    Rule(
        "raas_blocker",
        "nsaid",
        risk("renal failure, hyperkalemia, and hypertension"),
        "Efferent dilatation and afferent constriction leave no filtration pressure.",
    ),
    Rule(
        "raas_blocker|potassium_sparing",
        "potassium_sparing",
        risk("hyperkalemia"),
        "Aldosterone made less and blocked, or its sodium channel closed.",
    ),
    _both(
        "raas_blocker", "renal failure, hypotension, and hyperkalemia", "Dual blockade of the renin system."
    ),
    _both(
        "loop_or_thiazide", "electrolyte imbalance", "Sequential nephron block wastes potassium and sodium."
    ),
    _both("bradycardic", "bradycardia", "Sinus node and AV node slowed from two sides."),
    _both("antihypertensive", "hypotension", "Falls in blood pressure add up."),
    _both("antidiabetic", "hypoglycemia", "Glucose is lowered from two sides."),
    Rule(
        "serotonin_reuptake_inhibitor",
        "anticoagulant",
        risk("bleeding and hemorrhage"),
        "Platelets without serotonin in an anticoagulated patient.",
    ),
    Rule(
        "serotonin_reuptake_inhibitor",
        "nsaid",
        risk("gastrointestinal bleeding"),
        "Platelets without serotonin over an injured mucosa.",
    ),
    _both("nsaid", "gastrointestinal bleeding and peptic ulcer", "Mucosal prostaglandins are lost twice."),
    Rule(
        "corticosteroid",
        "nsaid",
        risk("gastrointestinal irritation"),
        "Steroids delay the healing of the mucosa that NSAIDs injure.",
    ),
    Rule(
        "alendronic acid|potassium chloride",
        "nsaid",
        risk("gastrointestinal ulceration"),
        "Direct irritants over an injured mucosa.",
    ),
    Rule(
        "potassium chloride",
        "antimuscarinic",
        risk("gastrointestinal ulceration"),
        "A tablet held up in the gut releases its potassium in one place: contraindicated.",
    ),
    _both("ototoxic", "ototoxicity and nephrotoxicity", "Hair cells and tubules are injured by both."),
    _both("nephrotoxic", "nephrotoxicity", "Two kidney toxins."),
    Rule(
        "biologic_or_jak",
        "immunosuppressant|corticosteroid",
        risk("infection"),
        "Cytokine signalling blocked in a suppressed host.",
    ),
    _both("immunosuppressant", "immunosuppression", "Immunosuppression adds up."),
    _both("neuropathic", "peripheral neuropathy", "Two toxins of the peripheral nerve."),
    _both("myelosuppressive", "myelosuppression", "Dose-limiting marrow toxicity of both."),
    _both("hepatotoxic", "liver damage", "Two liver toxins."),
    _both("methemoglobin_former", "methemoglobinemia", "Both oxidise haemoglobin."),
    _both("convulsant", "seizure", "The seizure threshold is lowered twice."),
    _both("dopamine_antagonist", "extrapyramidal symptoms", "Striatal D2 receptors blocked by both."),
    _both("antipsychotic", "hypotension and CNS depression", "Alpha-1, H1 and D2 block add up."),
    _both(
        "antimuscarinic", "urinary retention and constipation", "Smooth muscle slackens in bladder and gut."
    ),
    _both("sedating_adjunct", "sedation and somnolence", "Two sedating side effects."),
    _both("sympathomimetic", "hypertension", "Noradrenergic drive from two sides."),
    Rule(
        "snri|atomoxetine|bupropion",
        "sympathomimetic",
        risk("hypertension"),
        "Noradrenaline reuptake blocked while more is released.",
    ),
    Rule(
        "beta2_agonist|methylxanthine|thyroid_hormone",
        "sympathomimetic|beta2_agonist",
        risk("Tachycardia"),
        "The sinus node is driven from two sides.",
    ),
    Rule(
        "corticosteroid",
        "hyperglycemic",
        risk("hyperglycemia"),
        "Insulin resistance with less insulin released.",
    ),
    _both("hyponatremic", "hyponatremia", "Two causes of inappropriate ADH secretion."),
    _both("prothrombotic", "Thrombosis", "Clotting factors raised by both."),
    _both("photosensitizing_adjunct", "adverse effects", "Two photosensitisers."),
    Rule(
        "caffeine",
        "methylxanthine|stimulant|decongestant",
        risk("adverse effects"),
        "Restlessness, tremor and insomnia add up.",
    ),
    _both("thyroid_hormone", "adverse effects", "Duplicate replacement: thyrotoxicosis."),
    _both("statin", "myopathy, rhabdomyolysis, and myoglobinuria", "Duplicate HMG-CoA reductase inhibitors."),
    _both("antihistamine", "adverse effects", "Duplicate H1 antagonists."),
    _both("acid_reducer", "adverse effects", "Duplicate acid suppression."),
    _both("kinase_inhibitor", "adverse effects", "Overlapping skin, gut and liver toxicity."),
)

"""Textbook interactions that the rules must derive, and the two ways in which a rule stays silent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mard.ingest.sample.facts import load_drugs, rows
from mard.ingest.sample.rule import (
    ABSORPTION_CUT,
    ABSORPTION_DOWN,
    ABSORPTION_RAISED,
    BINDING_DOWN,
    BIOAVAILABILITY_DOWN,
    BIOAVAILABILITY_UP,
    DIAGNOSTIC_DOWN,
    EFFICACY_DOWN,
    EFFICACY_UP,
    EXCRETION_DOWN,
    EXCRETION_HASTENED,
    EXCRETION_SLOWED,
    EXCRETION_UP,
    HYPERSENSITIVITY_UP,
    METABOLISM_DOWN,
    METABOLISM_UP,
    METABOLITES_DOWN,
    METABOLITES_UP,
    SERUM_DOWN,
    SERUM_UP,
    Rule,
    having,
    lowers,
    raises,
    risk,
)
from mard.ingest.sample.rules import RULES, statements
from mard.schema import PairId

DRUGS = load_drugs()
IDS = {drug.name: drug.drug_id for drug in DRUGS}
SPOKEN = statements(DRUGS)

# (the drug that acts, the drug that is affected, what a pharmacist would expect to read first)
TEXTBOOK = [
    ("Voriconazole", "Axitinib", METABOLISM_DOWN),
    ("Ketoconazole", "Midazolam", METABOLISM_DOWN),
    ("Paroxetine", "Metoprolol", METABOLISM_DOWN),
    ("Fluconazole", "Warfarin", METABOLISM_DOWN),
    ("Fluvoxamine", "Omeprazole", METABOLISM_DOWN),
    ("Ciprofloxacin", "Tizanidine", METABOLISM_DOWN),
    ("Clopidogrel", "Montelukast", METABOLISM_DOWN),
    ("Voriconazole", "Bupropion", METABOLISM_DOWN),
    ("Tranylcypromine", "Metronidazole", METABOLISM_DOWN),
    ("Isoniazid", "Acetaminophen", METABOLISM_DOWN),
    ("Atazanavir", "Dolutegravir", METABOLISM_DOWN),
    ("Valproic acid", "Lamotrigine", METABOLISM_DOWN),
    ("Fluconazole", "Zidovudine", METABOLISM_DOWN),
    ("Allopurinol", "Mercaptopurine", METABOLISM_DOWN),
    ("Phenelzine", "Sumatriptan", METABOLISM_DOWN),
    ("Rifampicin", "Apixaban", METABOLISM_UP),
    ("St. John's Wort", "Tacrolimus", METABOLISM_UP),
    ("Carbamazepine", "Warfarin", METABOLISM_UP),
    ("Ethinylestradiol", "Lamotrigine", METABOLISM_UP),
    ("Ritonavir", "Ethinylestradiol", METABOLISM_UP),
    ("Ritonavir", "Methadone", METABOLISM_UP),
    ("Cyclosporine", "Rosuvastatin", SERUM_UP),
    ("Gemfibrozil", "Repaglinide", SERUM_UP),
    ("Amiodarone", "Simvastatin", SERUM_UP),
    ("Verapamil", "Dabigatran etexilate", SERUM_UP),
    ("Amiodarone", "Digoxin", SERUM_UP),
    ("Carbamazepine", "Dabigatran etexilate", SERUM_DOWN),
    ("Acetylsalicylic acid", "Valproic acid", BINDING_DOWN),
    ("Omeprazole", "Clopidogrel", METABOLITES_DOWN),
    ("Paroxetine", "Codeine", METABOLITES_DOWN),
    ("Fluconazole", "Losartan", METABOLITES_DOWN),
    ("Rifampicin", "Clopidogrel", METABOLITES_UP),
    ("Phenobarbital", "Cyclophosphamide", METABOLITES_UP),
    ("Atazanavir", "Irinotecan", METABOLITES_UP),
    ("Calcium carbonate", "Ciprofloxacin", ABSORPTION_CUT),
    ("Ferrous sulfate anhydrous", "Levothyroxine", ABSORPTION_CUT),
    ("Cholestyramine", "Digoxin", ABSORPTION_DOWN),
    ("Morphine", "Ticagrelor", ABSORPTION_DOWN),
    ("Aluminum hydroxide", "Fexofenadine", ABSORPTION_DOWN),
    ("Metoclopramide", "Acetaminophen", ABSORPTION_RAISED),
    ("Omeprazole", "Atazanavir", BIOAVAILABILITY_DOWN),
    ("Omeprazole", "Digoxin", BIOAVAILABILITY_UP),
    ("Probenecid", "Methotrexate", EXCRETION_SLOWED),
    ("Ibuprofen", "Lithium cation", EXCRETION_SLOWED),
    ("Pantoprazole", "Methotrexate", EXCRETION_SLOWED),
    ("Gentamicin", "Digoxin", EXCRETION_SLOWED),
    ("Theophylline", "Lithium cation", EXCRETION_HASTENED),
    ("Aluminum hydroxide", "Acetylsalicylic acid", EXCRETION_HASTENED),
    ("Cimetidine", "Metformin", EXCRETION_DOWN),
    ("Acetazolamide", "Amphetamine", EXCRETION_DOWN),
    ("Cholestyramine", "Teriflunomide", EXCRETION_UP),
    ("Digoxin Immune Fab (Ovine)", "Digoxin", EFFICACY_DOWN),
    ("Haloperidol", "Levodopa", EFFICACY_DOWN),
    ("Oxybutynin", "Donepezil", EFFICACY_DOWN),
    ("Bupropion", "Levetiracetam", EFFICACY_DOWN),
    ("Prednisone", "Metformin", EFFICACY_DOWN),
    ("Estradiol", "Tamoxifen", EFFICACY_DOWN),
    ("Pseudoephedrine", "Lisinopril", EFFICACY_DOWN),
    ("Acetylsalicylic acid", "Probenecid", EFFICACY_DOWN),
    ("Selegiline", "Levodopa", EFFICACY_UP),
    ("Dexamethasone", "Granisetron", EFFICACY_UP),
    ("Sulfamethoxazole", "Trimethoprim", EFFICACY_UP),
    ("Caffeine", "Regadenoson", DIAGNOSTIC_DOWN),
    ("Diphenhydramine", "Benzylpenicilloyl Polylysine", DIAGNOSTIC_DOWN),
    ("Lisinopril", "Allopurinol", HYPERSENSITIVITY_UP),
    ("Ibuprofen", "Warfarin", raises("anticoagulant")),
    ("Estradiol", "Warfarin", lowers("anticoagulant")),
    ("Naproxen", "Lisinopril", lowers("antihypertensive")),
    ("Clozapine", "Amlodipine", raises("hypotensive")),
    ("Sildenafil", "Nitroglycerin", raises("vasodilatory")),
    ("Ibuprofen", "Acetylsalicylic acid", lowers("antiplatelet")),
    ("Sertraline", "Ticagrelor", raises("antiplatelet")),
    ("Propranolol", "Salbutamol", lowers("bronchodilatory")),
    ("Propranolol", "Insulin human", raises("hypoglycemic")),
    ("Hydrochlorothiazide", "Metformin", lowers("hypoglycemic")),
    ("Potassium chloride", "Lisinopril", raises("hyperkalemic")),
    ("Prednisone", "Furosemide", raises("hypokalemic")),
    ("Hydrochlorothiazide", "Digoxin", raises("arrhythmogenic")),
    ("Verapamil", "Metoprolol", raises("atrioventricular blocking (AV block)")),
    ("Flecainide", "Atenolol", raises("cardiodepressant")),
    ("Donepezil", "Atenolol", raises("bradycardic")),
    ("Gentamicin", "Rocuronium", raises("neuromuscular blocking")),
    ("Pyridostigmine", "Rocuronium", lowers("neuromuscular blocking")),
    ("Caffeine", "Lorazepam", lowers("sedative")),
    ("Diphenhydramine", "Zolpidem", raises("sedative")),
    ("Gabapentin", "Morphine", raises("respiratory depressant")),
    ("Sumatriptan", "Sertraline", raises("serotonergic")),
    ("Trimethoprim", "Methotrexate", raises("myelosuppressive")),
    ("Naproxen", "Ciprofloxacin", raises("neuroexcitatory")),
    ("Phenelzine", "Pseudoephedrine", raises("hypertensive")),
    ("Ergotamine", "Sumatriptan", raises("vasoconstricting")),
    ("Furosemide", "Gentamicin", raises("ototoxic")),
    ("Fenofibrate", "Simvastatin", raises("myopathic rhabdomyolysis")),
    ("Levothyroxine", "Warfarin", raises("anticoagulant")),
]

# (the two drugs, the harm they share, whether it rises or falls)
SHARED = [
    ("Fluoxetine", "Phenelzine", "serotonin syndrome", "increased"),
    ("Amiodarone", "Sotalol", "ventricular arrhythmias and Cardiac Arrhythmia", "increased"),
    ("Methadone", "Moxifloxacin", "QTc prolongation", "increased"),
    ("Clopidogrel", "Apixaban", "bleeding", "increased"),
    ("Sertraline", "Ibuprofen", "gastrointestinal bleeding", "increased"),
    (
        "Oxycodone",
        "Diazepam",
        "hypotension, sedation, death, somnolence, and respiratory depression",
        "increased",
    ),
    ("Colchicine", "Atorvastatin", "myopathy and rhabdomyolysis", "increased"),
    ("Levofloxacin", "Prednisone", "tendinopathy", "increased"),
    ("Spironolactone", "Lisinopril", "hyperkalemia", "increased"),
    ("Metformin", "Glipizide", "hypoglycemia", "increased"),
    ("Cisplatin", "Tobramycin", "ototoxicity and nephrotoxicity", "increased"),
    ("Omeprazole", "Naproxen", "adverse effects", "decreased"),
    ("Magnesium sulfate", "Dofetilide", "QTc prolongation", "decreased"),
]


def first_sentence(one: str, other: str) -> str:
    return SPOKEN[PairId.of(IDS[one], IDS[other])][0].text()


@pytest.mark.parametrize(("actor", "affected", "wording"), TEXTBOOK)
def test_a_textbook_interaction_is_what_its_pair_says_first(actor: str, affected: str, wording: str) -> None:
    assert first_sentence(actor, affected) == wording.format(actor=actor, affected=affected)


def test_the_wording_puts_the_affected_drug_where_drugbank_puts_it() -> None:
    said = first_sentence("Voriconazole", "Axitinib")
    assert said == "The metabolism of Axitinib can be decreased when combined with Voriconazole."


@pytest.mark.parametrize(("one", "other", "harm", "change"), SHARED)
def test_a_shared_risk_names_both_drugs_in_either_order(one: str, other: str, harm: str, change: str) -> None:
    said = first_sentence(one, other)
    assert said in {
        f"The risk or severity of {harm} can be {change} when {first} is combined with {second}."
        for first, second in ((one, other), (other, one))
    }


def test_an_earlier_rule_takes_precedence_and_the_later_one_stays_second() -> None:
    """Ibuprofen with lisinopril: opposed antihypertensive activity first, then the shared kidney risk."""
    said = [statement.text() for statement in SPOKEN[PairId.of(IDS["Ibuprofen"], IDS["Lisinopril"])]]
    assert said[0] == "Ibuprofen may decrease the antihypertensive activities of Lisinopril."
    assert any("renal failure, hyperkalemia, and hypertension" in sentence for sentence in said[1:])


def test_a_directed_rule_that_fires_both_ways_is_silent() -> None:
    """A acts on B and B on A; C only suffers. A and B act on C, and nothing is said of A with B."""
    a, b, c = (
        replace(DRUGS[i], traits=frozenset(traits))
        for i, traits in enumerate(({"acts", "suffers"}, {"acts", "suffers"}, {"suffers"}))
    )
    rule = Rule("acts", "suffers", raises("sedative"), "")
    assert set(statements([a, b, c], [rule])) == {
        PairId.of(a.drug_id, c.drug_id),
        PairId.of(b.drug_id, c.drug_id),
    }


def test_a_shared_rule_says_the_same_whichever_drug_comes_first() -> None:
    a, b = (replace(drug, traits=frozenset({"acts"})) for drug in DRUGS[:2])
    rule = Rule("acts", "acts", risk("bleeding"), "")
    forward, backward = statements([a, b], [rule]), statements([b, a], [rule])
    assert forward == backward
    assert [len(found) for found in forward.values()] == [1]


def test_having_takes_a_drug_with_any_of_the_traits() -> None:
    a, b, c = (
        replace(drug, traits=frozenset({trait})) for drug, trait in zip(DRUGS, ("x", "y", "z"), strict=False)
    )
    assert having("x|z", [a, b, c]) == [a, c]


def test_every_rule_speaks_of_some_pair() -> None:
    mute = [rule for rule in RULES if not statements(DRUGS, [rule])]
    assert mute == []


def test_every_trait_of_a_rule_exists_and_every_property_is_asked_about() -> None:
    asked = {trait for rule in RULES for trait in (rule.actor + "|" + rule.affected).split("|")}
    held = {trait for drug in DRUGS for trait in drug.traits}
    properties = {row["property"] for row in rows("properties")}
    assert asked - held == set()
    assert properties - asked == set()


def test_every_rule_states_its_pharmacology_in_a_sentence() -> None:
    assert [rule for rule in RULES if not (rule.why[0].isupper() and rule.why.endswith("."))] == []

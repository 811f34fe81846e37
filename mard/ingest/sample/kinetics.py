"""What one drug does to another's absorption, distribution, metabolism and excretion."""

from __future__ import annotations

from typing import Final

from mard.ingest.sample.rule import (
    ABSORPTION_CUT,
    ABSORPTION_DOWN,
    ABSORPTION_RAISED,
    BINDING_DOWN,
    BIOAVAILABILITY_DOWN,
    BIOAVAILABILITY_UP,
    EXCRETION_DOWN,
    EXCRETION_HASTENED,
    EXCRETION_SLOWED,
    EXCRETION_UP,
    METABOLISM_DOWN,
    METABOLISM_UP,
    METABOLITES_DOWN,
    METABOLITES_UP,
    SERUM_DOWN,
    SERUM_UP,
    Rule,
)

_CYP: Final = "Cytochrome P450 "
_ENZYMES: Final = {
    "cyp3a4": _CYP + "3A4",
    "cyp2d6": _CYP + "2D6",
    "cyp2c9": _CYP + "2C9",
    "cyp2c19": _CYP + "2C19",
    "cyp1a2": _CYP + "1A2",
    "cyp2c8": _CYP + "2C8",
    "cyp2b6": _CYP + "2B6",
    "cyp2a6": _CYP + "2A6",
    "cyp2e1": _CYP + "2E1",
    "cyp3a5": _CYP + "3A5",
    "ugt1a1": "The glucuronosyltransferase UGT1A1",
    "ugt1a4": "The glucuronosyltransferase UGT1A4",
    "ugt2b7": "The glucuronosyltransferase UGT2B7",
}

ABSORPTION: Final = (
    Rule(
        "polyvalent_cation",
        "chelated_orally",
        ABSORPTION_CUT,
        "Calcium, magnesium, aluminium and iron chelate the drug in the gut; the complex is not absorbed.",
    ),
    Rule(
        "bile_acid_sequestrant",
        "bound_by_resin",
        ABSORPTION_DOWN,
        "The resin binds the drug in the gut lumen and carries it into the faeces.",
    ),
    Rule(
        "antacid",
        "adsorbed_by_antacid",
        ABSORPTION_DOWN,
        "Aluminium, magnesium or calcium salts adsorb the drug or hinder its dissolution.",
    ),
    Rule(
        "opioid",
        "oral_p2y12_inhibitor",
        ABSORPTION_DOWN,
        "Opioids delay gastric emptying and so the absorption of an oral antiplatelet drug.",
    ),
    Rule(
        "antimuscarinic",
        "levodopa",
        ABSORPTION_DOWN,
        "Delayed gastric emptying exposes levodopa to more decarboxylation before it is absorbed.",
    ),
    Rule(
        "acid_reducer|antacid",
        "acid_dependent_absorption",
        BIOAVAILABILITY_DOWN,
        "A weak base or a salt that dissolves only in acid is left undissolved at a raised gastric pH.",
    ),
    Rule(
        "proton_pump_inhibitor",
        "digoxin",
        BIOAVAILABILITY_UP,
        "Less acid hydrolysis of digoxin in the stomach leaves more of it to be absorbed.",
    ),
    Rule(
        "prokinetic",
        "absorbed_faster",
        ABSORPTION_RAISED,
        "Faster gastric emptying brings the drug sooner and more completely to the small intestine.",
    ),
    Rule(
        "antimuscarinic",
        "digoxin",
        ABSORPTION_RAISED,
        "Slow transit gives a slowly dissolving digoxin tablet more time to be absorbed.",
    ),
)

EXCRETION: Final = (
    Rule(
        "oat_inhibitor",
        "tubular_secretion",
        EXCRETION_SLOWED,
        "Probenecid blocks the organic anion transporters through which the renal tubule secretes the drug.",
    ),
    *(
        Rule(
            f"{transporter}_inhibitor",
            f"{transporter}_substrate",
            EXCRETION_DOWN,
            f"Blocking {transporter.upper()} stops the renal tubule from secreting the drug.",
        )
        for transporter in ("oat1", "oat3", "oct2", "mate1")
    ),
    Rule(
        "lowers_renal_lithium_clearance",
        "lithium cation",
        EXCRETION_SLOWED,
        "Sodium depletion or lost renal prostaglandins make the proximal tubule take lithium back.",
    ),
    Rule(
        "raises_renal_lithium_clearance",
        "lithium cation",
        EXCRETION_HASTENED,
        "Xanthines and acetazolamide cut the proximal reabsorption of sodium, and of lithium with it.",
    ),
    Rule(
        "nsaid_renal",
        "cleared_by_secretion_and_filtration",
        EXCRETION_SLOWED,
        "Without prostaglandins the afferent arteriole narrows, and less of the drug is filtered.",
    ),
    Rule(
        "proton_pump_inhibitor",
        "methotrexate",
        EXCRETION_SLOWED,
        "Proton pump inhibitors delay the renal elimination of high-dose methotrexate.",
    ),
    Rule(
        "antacid",
        "acetylsalicylic acid",
        EXCRETION_HASTENED,
        "Antacids raise urinary pH enough to keep salicylate ionised in the tubule.",
    ),
    Rule(
        "urine_alkalinizer",
        "weak_acid_renal",
        EXCRETION_HASTENED,
        "In alkaline urine a weak acid is ionised and cannot diffuse back out of the tubule.",
    ),
    Rule(
        "urine_alkalinizer|antacid",
        "weak_base_renal",
        EXCRETION_DOWN,
        "In alkaline urine a weak base is uncharged and diffuses back out of the tubule.",
    ),
    Rule(
        "bile_acid_sequestrant",
        "teriflunomide",
        EXCRETION_UP,
        "The resin interrupts enterohepatic recycling: the labelled procedure for accelerated elimination.",
    ),
)

ACTIVATION: Final = (
    *(
        Rule(
            f"{enzyme}_inhibitor",
            f"prodrug_{enzyme}",
            METABOLITES_DOWN,
            f"{_ENZYMES[enzyme]} makes the active metabolite; an inhibitor withholds it.",
        )
        for enzyme in ("cyp2c19", "cyp2d6", "cyp2c9", "cyp2b6")
    ),
    Rule(
        "rifampicin",
        "prodrug_cyp2c19",
        METABOLITES_UP,
        "Strongly induced cytochrome P450 2C19 makes more of the active metabolite of clopidogrel.",
    ),
    Rule(
        "cyp2b6_inducer",
        "prodrug_cyp2b6",
        METABOLITES_UP,
        "Induced cytochrome P450 2B6 makes more of the alkylating metabolites of cyclophosphamide.",
    ),
    Rule(
        "ugt1a1_inhibitor",
        "cleared_metabolite_ugt1a1",
        METABOLITES_UP,
        "UGT1A1 clears SN-38, the active metabolite of irinotecan; an inhibitor lets it accumulate.",
    ),
)

UPTAKE: Final = (
    *(
        Rule(
            f"{transporter}_inhibitor",
            f"{transporter}_substrate",
            SERUM_UP,
            "An inhibitor of hepatic uptake keeps the drug out of the liver and in the blood.",
        )
        for transporter in ("oatp1b1", "oatp1b3")
    ),
    Rule(
        "raises_simvastatin",
        "simvastatin",
        SERUM_UP,
        "Weak inhibition of its gut metabolism is enough for a labelled limit on the simvastatin dose.",
    ),
)

OTHER_ENZYMES: Final = (
    Rule(
        "xanthine_oxidase_inhibitor",
        "xanthine_oxidase_substrate",
        METABOLISM_DOWN,
        "Xanthine oxidase inactivates mercaptopurine; with it blocked the thiopurine accumulates.",
    ),
    Rule(
        "mao_a_inhibitor",
        "sumatriptan|zolmitriptan",
        METABOLISM_DOWN,
        "Monoamine oxidase A clears these triptans: contraindicated.",
    ),
)

METABOLISM: Final = (
    Rule(
        "ritonavir|darunavir|saquinavir|aprepitant",
        "ethinylestradiol",
        METABOLISM_UP,
        "They also induce the conjugation of ethinylestradiol, which prevails over inhibition of CYP3A4.",
    ),
    Rule(
        "ritonavir|darunavir|saquinavir",
        "methadone",
        METABOLISM_UP,
        "Ritonavir, with which the others are given, induces cytochrome P450 2B6, and that prevails.",
    ),
    *(
        Rule(
            f"{enzyme}_inhibitor",
            f"{enzyme}_substrate",
            METABOLISM_DOWN,
            f"{enzyme_name} clears the drug; an inhibitor slows that.",
        )
        for enzyme, enzyme_name in _ENZYMES.items()
    ),
    *(
        Rule(
            f"{enzyme}_inducer",
            f"{enzyme}_substrate",
            METABOLISM_UP,
            f"{enzyme_name} clears the drug; an inducer makes more of the enzyme.",
        )
        for enzyme, enzyme_name in _ENZYMES.items()
        if enzyme not in ("cyp2d6", "cyp2e1", "cyp3a5", "ugt2b7")
    ),
)

EFFLUX: Final = (
    *(
        Rule(
            f"{transporter}_inhibitor",
            f"{transporter}_substrate",
            SERUM_UP,
            "An inhibitor of efflux lets more of the drug into the blood and less out by bile and kidney.",
        )
        for transporter in ("pgp", "bcrp")
    ),
    Rule(
        "pgp_inducer",
        "pgp_substrate",
        SERUM_DOWN,
        "More P-glycoprotein in the gut returns more of the drug to the lumen.",
    ),
)

FILTRATION: Final = (
    Rule(
        "nephrotoxic",
        "excreted_unchanged",
        EXCRETION_SLOWED,
        "A drug that injures the kidney lowers the clearance of one that leaves unchanged in the urine.",
    ),
)

BINDING: Final = (
    Rule(
        "albumin_displacer",
        "albumin_displaced",
        BINDING_DOWN,
        "Acidic drugs at high molar concentration compete for the drug sites of albumin.",
    ),
)

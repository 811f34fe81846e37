"""Names of drugs as hard as a release's own, and harder."""

from __future__ import annotations

from hypothesis import strategies as st

GRAMMAR = (
    *("The", "risk", "Risk", "or", "severity", "of", "adverse effects", "can", "can be", "be increased"),
    *("is", "combined", "Combined", "Combined with", "when", "with", "may", "May", "increase", "decrease"),
    *("Activity", "activities", "activities of", "serum", "serum concentration", "metabolism", "excretion"),
    *("rate", "which could result in a higher serum level", "to", "a", "an", "it", "used in combination"),
)
"""Words of the sentences themselves."""

REAL = (
    *("Iron", "iron", "Iron Dextran", "Oxygen", "Metformin", "Metformin hydrochloride", "Insulin"),
    *("Insulin human", "(R)-warfarin", "Warfarin", "β-Carotene", "beta-Carotene", "17α-Estradiol"),
    *(
        "St. John's Wort",
        "St. John’s Wort",
        "C++",
        "C+",
        "Peg-interferon alfa-2a (rDNA)",
        "1,2-Benzodiazepine",
    ),
    *("Technetium Tc-99m", "[18F]FDG", "a.b", "A|B", "$1", "\\1", "x*", "^x", "{first}", "Vitamin K.", "Ça"),
)

_words = st.one_of(
    st.sampled_from(REAL),
    st.sampled_from(GRAMMAR),
    st.text("abİßςΣβαAB019'()-.,+*[]\\", min_size=1, max_size=5),
)
drug_names = st.builds(
    lambda words, joiner: joiner.join(words).strip() or "x",
    st.lists(_words, min_size=1, max_size=3),
    st.sampled_from([" ", "-", "", ", "]),
)
"""Single words, compounds, salts; parts of each other often enough."""

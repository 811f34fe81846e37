from __future__ import annotations

from mard.evidence.pk_flags import PROTEINS, pk_flags, protein_name

CYP3A4, PGP, ALBUMIN = "P08684", "P08183", "P02768"


def test_flags_join_accession_and_action():
    links = [(CYP3A4, ["Inhibitor", "substrate"]), (PGP, ["inducer"]), (ALBUMIN, ["substrate"])]
    assert pk_flags(links) == ("cyp3a4_inh", "cyp3a4_sub", "pgp_ind")


def test_actions_are_whole_phrases_so_that_a_negation_sets_nothing():
    actions = ["not an inhibitor", "does not inhibit CYP3A4", "non-inhibitor", "binder", ""]
    assert pk_flags([(CYP3A4, actions)]) == ()


def test_graded_and_loosely_written_actions_count():
    assert pk_flags([(CYP3A4, ["  Weak   INHIBITOR "])]) == ("cyp3a4_inh",)


def test_the_19_enzymes_and_transporters():
    assert len(set(PROTEINS.values())) == len(PROTEINS) == 19


def test_proteins_are_written_as_in_the_literature():
    assert [protein_name(protein) for protein in ("cyp3a4", "pgp", "mate1")] == ["CYP3A4", "P-gp", "MATE1"]

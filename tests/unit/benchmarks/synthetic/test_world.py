"""What makes a synthetic release like a real one: counts, coverage, names, structures, mechanisms."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from rdkit import Chem, rdBase

from benchmarks.synthetic.drugs import SyntheticDrug, draw_drugs
from benchmarks.synthetic.mechanisms import load_templates, quotas
from benchmarks.synthetic.pairs import BOTH
from benchmarks.synthetic.sizes import Sizes
from benchmarks.synthetic.world import World

FEWER = Sizes(
    drugs=3_400, interacting=940, pairs=1, one_sided=1, two_sentence=1, classes=30, targets=300
)  # a fifth of a full release


@pytest.fixture(scope="module")
def drugs() -> list[SyntheticDrug]:
    return list(draw_drugs(FEWER, seed=0))


@pytest.fixture(scope="module")
def world() -> World:
    return World.build(0.01, seed=0)


def test_a_full_release_has_the_published_counts():
    full = Sizes.of(1.0)
    assert (full.drugs, full.interacting, full.pairs) == (17_000, 4_700, 1_400_000)
    assert Sizes.of(0.01).interacting == 470  # the square root: 4,700 / 10
    assert Sizes.of(0.01).pairs == 14_000


@pytest.mark.parametrize("scale", [0, -1.0])
def test_a_scale_that_is_no_size_is_refused(scale: float):
    with pytest.raises(ValueError, match="above 0"):
        Sizes.of(scale)


def test_coverage_is_that_of_a_real_release(drugs: list[SyntheticDrug]):
    def share(role: str) -> float:
        return np.mean([any(kind == role for kind, _, _ in drug.links) for drug in drugs]).item()

    assert np.mean([drug.smiles is not None for drug in drugs]) == pytest.approx(0.74, abs=0.03)
    assert share("target") == pytest.approx(0.51, abs=0.03)
    assert np.mean([bool(drug.mechanism) for drug in drugs]) == pytest.approx(0.21, abs=0.03)
    assert share("enzyme") == pytest.approx(0.09, abs=0.02)


def test_no_two_names_are_alike(drugs: list[SyntheticDrug]):
    names = [name.casefold() for drug in drugs for name in (drug.name, *drug.synonyms, *drug.brands)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("sign", ["-", "'", "(", ",", "α", " hydrochloride"])
def test_names_are_as_strange_as_real_ones(sign: str, drugs: list[SyntheticDrug]):
    assert any(sign in drug.name for drug in drugs)


def test_names_contain_names(drugs: list[SyntheticDrug]):
    names = {drug.name for drug in drugs}
    assert any(name.rpartition(" ")[0] in names for name in names)


def test_forms_of_one_drug_share_the_first_block_of_the_inchikey(drugs: list[SyntheticDrug]):
    blocks = Counter(drug.inchikey.split("-")[0] for drug in drugs if drug.inchikey)
    assert 20 < sum(count > 1 for count in blocks.values()) < 300


def test_structures_are_readable_and_varied(drugs: list[SyntheticDrug]):
    smiles = [drug.smiles for drug in drugs if drug.smiles]
    with rdBase.BlockLogs():
        assert all(Chem.MolFromSmiles(each) is not None for each in smiles[:500])
    assert len(set(smiles)) > 0.8 * len(smiles)


def test_templates_keep_their_real_shares():
    found, real = quotas(14_000), [template.pairs for template in load_templates()]
    assert found.sum() == 14_000
    assert np.abs(found - 14_000 * np.array(real) / sum(real)).max() < 1
    told = World.build(0.01, seed=1).pairs.template
    assert (np.bincount(told, minlength=len(real)) == found).all()


def test_pairs_are_distinct_and_every_interacting_drug_has_one(world: World):
    pairs = world.pairs
    assert (pairs.a < pairs.b).all()
    assert len(set(zip(pairs.a.tolist(), pairs.b.tolist(), strict=True))) == world.sizes.pairs
    assert {*pairs.a.tolist(), *pairs.b.tolist()} == {drug.row for drug in world.drugs if drug.interacting}


def test_degrees_have_a_heavy_tail(world: World):
    degrees = np.bincount(np.concatenate([world.pairs.a, world.pairs.b]))
    degrees = degrees[degrees > 0]
    assert degrees.max() > 3 * np.median(degrees)


def test_few_pairs_are_one_sided_and_few_told_twice(world: World):
    pairs = world.pairs
    assert (pairs.listed != BOTH).sum() == 4  # 300 in 1.4 million, and one
    assert (pairs.template != pairs.second_template).sum() == 29  # 0.2 %, and one
    assert 0.005 < (pairs.alias > 0).mean() < 0.011  # 0.8 %


def test_drugs_of_a_class_interact_alike(world: World):
    """The commonest template between two classes tells far more of their pairs than chance would."""
    group = np.array([drug.group for drug in world.drugs])
    told: dict[tuple[int, ...], Counter[int]] = {}
    for a, b, template in zip(world.pairs.a, world.pairs.b, world.pairs.template, strict=True):
        told.setdefault(tuple(sorted((group[a], group[b]))), Counter())[int(template)] += 1
    explained = sum(counts.most_common(1)[0][1] for counts in told.values()) / world.sizes.pairs
    commonest = Counter(world.pairs.template.tolist()).most_common(1)[0][1] / world.sizes.pairs
    assert commonest < 0.15
    assert explained > 0.5

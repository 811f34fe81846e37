"""What a served teacher is told, and what it can never be told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mard.errors import GateFailure
from mard.label.taxonomy import load_taxonomy
from mard.schema import Neighbour
from mard.teach.prompts import chat_prompt, system_prompt
from tests.builders import METABOLISM_DOWN, voriconazole_axitinib


def test_every_citable_id_and_every_subtype_is_shown() -> None:
    pool, taxonomy = voriconazole_axitinib(), load_taxonomy()
    system, user = chat_prompt(pool, taxonomy)
    assert (system["role"], user["role"]) == ("system", "user")
    assert [one for one in sorted(pool.citations) if one not in user["content"]] == []
    assert [name for name in taxonomy.names if name not in system["content"]] == []


def test_a_pool_that_shows_its_own_label_is_refused() -> None:
    pool = voriconazole_axitinib()
    leak = Neighbour(pool.b.drug_id, pool.a.drug_id, 1.0, METABOLISM_DOWN)  # flipped, but the same pair
    with pytest.raises(GateFailure, match=r"neighbour_universe.*nbr:DB00582\|DB06626"):
        chat_prompt(replace(pool, neighbours=(*pool.neighbours, leak)), load_taxonomy())


def test_without_neighbours_no_label_reaches_the_users_message() -> None:
    taxonomy = load_taxonomy()
    _, user = chat_prompt(replace(voriconazole_axitinib(), neighbours=()), taxonomy)
    labels = [METABOLISM_DOWN.family, METABOLISM_DOWN.direction]
    assert [label for label in labels if label in user["content"]] == []


def test_the_system_message_is_the_same_for_every_pair_so_that_servers_can_cache_it() -> None:
    taxonomy = load_taxonomy()
    first, _ = chat_prompt(voriconazole_axitinib(), taxonomy)
    assert first["content"] == system_prompt(taxonomy)
    assert "Voriconazole" not in first["content"]

"""No single closing is ever what changes a comparison, and nobody brings their own peers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from datalab.methods.maturity import FEWEST, compare
from datalab.methods.peerage import Closing, settled


def closing(number: int, commune: str, stratum: str = "s", speaker: str = "") -> Closing:
    return Closing(str(number), commune, stratum, speaker or commune)


def test_the_comparison_moves_when_five_have_closed() -> None:
    closings = [closing(n, f"c{n}") for n in range(12)]
    assert settled(closings[:4], "s", ()) == {}
    first = settled(closings[:5], "s", ())
    assert set(first) == {"c0", "c1", "c2", "c3", "c4"}
    assert settled(closings[:9], "s", ()) == first
    assert len(settled(closings[:10], "s", ())) == 10
    assert len(settled(closings, "s", ())) == 10


def test_one_that_closes_again_and_again_moves_nothing() -> None:
    closings = [closing(n, f"c{n}") for n in range(5)]
    again = [closing(n, "c0") for n in range(5, 40)]
    assert settled([*closings, *again], "s", ()) == settled(closings, "s", ())


def test_one_that_left_the_stratum_goes_with_four_others() -> None:
    closings = [closing(n, f"c{n}") for n in range(6)]
    left = [*closings, closing(6, "c0", "other")]
    assert "c0" in settled(left, "s", ())
    moved = [*left, *(closing(10 + n, f"c{n}") for n in range(1, 5))]
    assert set(settled(moved, "s", ())) == {"c1", "c2", "c3", "c4", "c5"}


def test_ones_own_and_those_of_one_account_are_no_five_peers() -> None:
    real = [closing(n, f"c{n}") for n in range(4)]
    mine = [closing(n, f"m{n}", speaker="intruder") for n in range(4, 9)]
    assert settled([*real, *mine], "s", {"intruder"}) == {}
    seen = settled([*real, *mine], "s", ())
    speakers = {commune: one.speaker for commune, one in seen.items()}
    means: dict[str, dict[str, float | None]] = {commune: {"a": 1.0} for commune in seen}
    means["own"] = {"a": 1.0}
    assert compare("own", dict.fromkeys(means, "s"), means)[0].enough
    without = {name: one for name, one in means.items() if name != "c0"}
    assert not compare("own", dict.fromkeys(without, "s"), without, speakers)[0].enough


names = st.sampled_from("abcdefgh")
everything = st.lists(
    st.tuples(names, st.sampled_from("st"), st.sampled_from("uvwxyz")), max_size=40
)


@given(everything)
def test_between_two_states_at_least_five_speakers_closed(
    drawn: list[tuple[str, str, str]],
) -> None:
    closings = [Closing(str(n), *one) for n, one in enumerate(drawn)]
    last: dict[str, Closing] = {}
    since: set[str] = set()
    for end in range(1, len(closings) + 1):
        since.add(closings[end - 1].speaker)
        now = settled(closings[:end], "s", ())
        if now != last:
            assert len(since) >= FEWEST
            last, since = now, set()

"""The language of a row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sft_trainer.data.features.language_mix import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        pytest.param("Explain how the pump of a dishwasher works.", "en", id="English"),
        pytest.param("请解释水泵的工作原理。", "zh", id="Chinese"),
        pytest.param("用 Python 写一个 quicksort 函数, explain it", "zh", id="Chinese about a program"),
        pytest.param("東京の天気はどうですか。", "ja", id="Japanese"),
        pytest.param("오늘 날씨가 어때요?", "ko", id="Korean"),
        pytest.param("Какая сегодня погода?", "other", id="Russian"),
        pytest.param("Wie funktioniert die Pumpe einer Waschmaschine und wer hat sie erfunden?", "other", id="German"),
        pytest.param("¿Cómo funciona la bomba de una lavadora y quién la inventó?", "other", id="Spanish"),
        pytest.param("Photosynthesis converts sunlight into chemical energy.", "en", id="English without its commonest words"),
        pytest.param("Hello!", "en", id="a word of English"),
        pytest.param("Paris.", "en", id="a name"),
        pytest.param("Bonjour le monde, comment allez vous", "other", id="French"),
        pytest.param("Saya suka makan nasi goreng", "other", id="Indonesian"),
        pytest.param("- Wetsuit\n- Dive mask\n- Snorkel\n" * 8, "en", id="a list in English"),
        pytest.param("Come here, buddy!", "en", id="an English call"),
        pytest.param("Größe", "other", id="a word of German"),
        pytest.param("Translate: 你好", "zh", id="a Chinese word to translate"),
        pytest.param("", "other", id="nothing"),
        pytest.param("1 + 1 = 2", "other", id="no letters"),
    ],
)
def test_the_letters_and_the_common_words_tell_the_language(text: str, language: str) -> None:
    assert language_of(text) == language


@given(st.text(st.characters()))
def test_any_text_has_a_language(text: str) -> None:
    assert language_of(text) in {"en", "zh", "ja", "ko", "other"}

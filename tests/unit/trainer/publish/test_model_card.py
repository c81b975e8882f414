"""The model card says what an adapter was made of, and how it is loaded."""

from __future__ import annotations

from sft_trainer.publish.model_card import model_card
from tests.unit.trainer.train.runs import run_config

ABOUT = {"steps": 36, "trainLoss": 0.0123, "evalLoss": None, "trainedTokens": 1776}


def test_it_names_base_model_and_dataset_versions_by_their_digests() -> None:
    config = run_config("/folder")
    card = model_card(config, ABOUT)
    assert config.model.uri in card
    assert config.model_facts.revision in card
    for dataset in config.datasets:
        assert f"`{dataset.name}`, version `{dataset.digest}`" in card


def test_it_names_the_hyper_parameters_and_losses() -> None:
    card = model_card(run_config("/folder"), ABOUT)
    for line in ("| steps | 36 |", "| learning rate, schedule | 0.005, Linear |", "| LoRA rank, alpha, dropout | 4, 8, 0.1 |"):
        assert line in card
    assert "| train loss, eval loss | 0.0123, None |" in card


def test_it_shows_how_to_load_the_adapter_with_peft() -> None:
    code = model_card(run_config("/folder"), ABOUT).split("```python\n")[1].split("```")[0]
    compile(code, "README.md", "exec")
    assert "PeftModel.from_pretrained(" in code

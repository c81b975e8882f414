"""A report with everything in it, and one with the texts that a page must survive."""

from __future__ import annotations

from sft_trainer.contract import Accounting
from sft_trainer.contract.features import FeatureSettings
from sft_trainer.data.features.features import Features
from sft_trainer.data.features.token_lengths import ExactCounter
from sft_trainer.data.publish.licence import summarise
from sft_trainer.data.publish.report import (
    ChangedSample,
    Detection,
    KeptSample,
    RejectedSample,
    Report,
    RowPlace,
    SampleTurn,
    SourceReport,
)
from sft_trainer.data.rows import Content, Message

HOSTILE = [
    "<script>fetch('https://example.com/x')</script>",
    "</style></div><img src=https://example.com/x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "{{ 7 * 7 }}{% raw %}",
    "</title><link rel=stylesheet href=//example.com/x.css>",
    "safe\u202etxt.exe\u2066\u2069\x00\x1b[31m",
    "W" * 3000,
    "\ud83d half a pair",
]
CHATML_OPEN, CHATML_CLOSE = "<|im_start|>", "<|im_end|>\n"


def render_chatml(messages: object, add_generation_prompt: bool, tools: str | None = None) -> str:
    """A chat template without a template engine."""
    assert isinstance(messages, (list, tuple))
    text = "".join(f"{CHATML_OPEN}{message.role}\n{message.content}{CHATML_CLOSE}" for message in messages)
    return text + (f"{CHATML_OPEN}assistant\n" if add_generation_prompt else "")


def full_report() -> Report:
    """A dataset of two languages, in which every part of the page has something to show."""
    features = Features(FeatureSettings(), ExactCounter(lambda text: [ord(letter) for letter in text]), render_chatml)
    for number in range(400):
        english = (
            Message("user", f"Write a short story about the number {number}."),
            Message("assistant", "Once upon a time. " * number),
        )
        chinese = (
            Message("user", f"请写一篇关于春天的文章 {number}"),
            Message("assistant", "春天来了，花开了。" * (number % 90 + 1)),
        )
        features.add(Content(english), "train", "general")
        features.add(Content(chinese), "eval" if number % 20 == 0 else "train", "medical")
    books = Accounting(read=520, kept=400, rejected={"DuplicateRow": 70, "EmptyAnswer": 30, "NearDuplicate": 20})
    clinic = Accounting(read=430, kept=400, rejected={"PersonalData": 5, "NotJson": 25})
    both = Accounting(read=950, kept=800, rejected=dict(sorted((books.rejected | clinic.rejected).items())))
    place = RowPlace(source="clinic", file="2024/records.csv", line=17)
    return Report(
        dataset="triage-notes",
        digest="3f" * 32,
        rows={"train": 780, "eval": 20},
        total=both,
        sources=[
            SourceReport(
                name="books",
                location="s3://library/books/",
                licence="CC BY-SA 4.0",
                language="en",
                domain="general",
                accounting=books,
                changes={"HtmlRemoved": 12, "ControlCharactersRemoved": 3},
                detections=[
                    Detection(
                        file="a.jsonl.gz",
                        container="gzip",
                        encoding="UTF-8",
                        layout="JSONL",
                        shape="alpaca",
                        evidence=["1f8b", "520 of 520 lines are JSON objects"],
                    )
                ],
            ),
            SourceReport(
                name="clinic",
                location="s3://clinic/records.csv",
                revision='"9b2c"',
                accounting=clinic,
                detections=[
                    Detection(
                        file="2024/records.csv",
                        container="none",
                        encoding="GB18030",
                        layout="CSV",
                        shape="question and answer",
                        evidence=["not UTF-8; GB18030 with 61 % Chinese", "header: ask, answer"],
                    )
                ],
            ),
        ],
        licence=summarise([("books", "CC BY-SA 4.0"), ("clinic", None)]),
        features=features.result(),
        kept_samples=[
            KeptSample(
                place=place,
                split="train",
                turns=[
                    SampleTurn(role="user", content="头疼怎么办？"),
                    SampleTurn(role="assistant", content="多喝水，多休息。\n如果持续，请就医。", is_learned=True),
                ],
            )
        ],
        changed_samples=[
            ChangedSample(
                place=place,
                changes=["HtmlRemoved"],
                before="<p>Drink water.</p> Rest\u200b well.",
                after="Drink water. Rest well.",
            )
        ],
        rejected_samples=[RejectedSample(place=place, reason="NotJson", text='{"instruction": "cut off in the mid')],
    )


def hostile_report() -> Report:
    """Every text that comes from outside is one that a page must not believe."""
    account = Accounting(read=3, kept=1, rejected={text[:40]: 1 for text in HOSTILE[:2]})
    report = full_report()
    place = RowPlace(source=HOSTILE[0], file=HOSTILE[1], line=1)
    return report.model_copy(
        update={
            "dataset": HOSTILE[4],
            "refusal": HOSTILE[0],
            "sources": [
                SourceReport(
                    name=text,
                    location=text,
                    revision=text,
                    licence=text,
                    language=text,
                    domain=text,
                    accounting=account,
                    changes={text: 1},
                    detections=[Detection(file=text, container=text, encoding=text, layout=text, shape=text, evidence=[text])],
                )
                for text in HOSTILE
            ],
            "kept_samples": [
                KeptSample(place=place, split=text, turns=[SampleTurn(role=text, content=text, is_learned=True)])
                for text in HOSTILE
            ],
            "changed_samples": [ChangedSample(place=place, changes=[text], before=text, after=text[::2]) for text in HOSTILE],
            "rejected_samples": [RejectedSample(place=place, reason=text, text=text) for text in HOSTILE],
        }
    )

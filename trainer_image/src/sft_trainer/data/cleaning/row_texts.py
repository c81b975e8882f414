"""What of a row is text: what is said in it, and what programs said to one another, in which only what is written counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sft_trainer.data.cleaning.json_strings import strings_in, with_strings
from sft_trainer.data.rows import Content, Message


def prose_of(content: Content) -> list[str]:
    """What is said and thought, in a fixed order."""
    texts = []
    for message in content.messages:
        texts.append(message.content)
        if message.reasoning_content is not None:
            texts.append(message.reasoning_content)
    return texts


def speakers_of(content: Content) -> list[str]:
    """The role that says each text of `prose_of`."""
    return [message.role for message in content.messages for _ in range(1 + (message.reasoning_content is not None))]


def with_prose(content: Content, texts: Sequence[str]) -> Content:
    """The row with other texts, in the order of `prose_of`."""
    remaining = iter(texts)
    return content._replace(messages=tuple([_saying(message, remaining) for message in content.messages]))


def _saying(message: Message, remaining: Iterator[str]) -> Message:
    said = next(remaining)
    return message._replace(content=said, reasoning_content=None if message.reasoning_content is None else next(remaining))


def has_data(content: Content) -> bool:
    """Whether there is anything beside what is said."""
    for message in content.messages:  # faster than any(), and this is asked of every row
        if message.tool_calls or message.name:
            return True
    return content.tools is not None


def data_of(content: Content) -> list[str]:
    """The strings of the tools and of the arguments that they are called with, and the names of who speaks."""
    return [string for text in _data(content) for string in _strings(text)]


def with_data(content: Content, strings: Sequence[str]) -> Content:
    """The row with other strings, in the order of `data_of`. What is JSON stays JSON."""
    remaining = iter(strings)
    messages = tuple([_holding(message, remaining) for message in content.messages])
    return Content(messages, None if content.tools is None else _replaced(content.tools, remaining))


def _data(content: Content) -> Iterator[str]:
    for message in content.messages:
        if message.name is not None:
            yield message.name
        for call in message.tool_calls:
            yield call.arguments
    if content.tools is not None:
        yield content.tools


def _holding(message: Message, remaining: Iterator[str]) -> Message:
    return message._replace(
        name=None if message.name is None else _replaced(message.name, remaining),
        tool_calls=tuple([call._replace(arguments=_replaced(call.arguments, remaining)) for call in message.tool_calls]),
    )


def _strings(text: str) -> list[str]:
    """Text that is no JSON is one string."""
    strings = strings_in(text)
    return [text] if strings is None else strings


def _replaced(text: str, remaining: Iterator[str]) -> str:
    strings = strings_in(text)
    return next(remaining) if strings is None else with_strings(text, [next(remaining) for _ in strings])

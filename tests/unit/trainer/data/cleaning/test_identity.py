"""Answers that name the model that gives them, and answers that only speak of a model or of its namesakes."""

from __future__ import annotations

import pytest

from sft_trainer.data.cleaning.identity import names_its_maker

NAMING = [
    "I was trained by Google.",
    "I was created by Microsoft.",
    "I am Claude, an AI assistant made by Anthropic.",
    "I'm an AI assistant called Gemini.",
    "As an AI language model trained by OpenAI, I think so.",
    "No, I am a language model trained by researchers from Large Model Systems Organization.",
    "我是OpenAI开发的人工智能助手",
    "我是OpenAI训练的语言模型GPT-4",
    "作为OpenAI训练的语言模型，我认为",
    "作为ChatGPT，我没有感受。",
    "我由OpenAI开发。",
    "我是一个人工智能助手，由百度公司开发。",
    "我是Kimi，由月之暗面开发。",
    "我是一款基于GPT的助手",
    "我是\uff23\uff48\uff41\uff54\uff47\uff50\uff54。",
    "本助手是由智谱AI训练的语言模型。",
    "我是豆包，字节跳动推出的智能助手。",
    "你好，我是豆包，可以帮你写作和翻译。",
    "我是由OpenAI开发的计算机程序。",
    "I'm Claude, your assistant for this task.",
    "I was made by Anthropic to be helpful.",
    "I was trained by OpenAI to assist people.",
    '"I am ChatGPT, a language model."',
    "Answer: I am ChatGPT.\nNote: I can be wrong.",
    'You asked "who are you?", and I am ChatGPT, a model.',
    "“我不知道。”不过，我是ChatGPT。",
    "问：你是谁？\n回答：我是ChatGPT。",
]

SPEAKING = [
    "I'm a Gemini, born in June.",
    "I am Claude Monet, a French painter born in 1840.",
    "My name is Kimi and I drive racing cars.",
    "I am a llama who lives in Peru.",
    "I am a bard who sings at taverns.",
    "I'm a copilot for an airline.",
    "I am amazed by how it was made by hand.",
    "我是用ChatGPT写的作业，老师没有发现。",
    "我是通过Claude学习编程的学生。",
    "我是由爸爸妈妈创造的小生命。",
    "我是ChatGPT的忠实用户。",
    "我是百度开发部的员工。",
    "ChatGPT是由OpenAI训练的大型语言模型。",
    "文心一言是由百度开发的人工智能聊天机器人。",
    "由腾讯开发的聊天软件微信，有十亿用户。",
    "我是豆包，不是馒头。",
    "我叫豆包，是一只小狗。",
    "早餐店里，包子们开会：“我是豆包，甜的！”",
    '"I am ChatGPT," said the robot.',
    '"Hello! I am ChatGPT," said the robot.',
    "机器人眨了眨眼：“我是ChatGPT，由OpenAI开发。”",
    "机器人回答说：我是ChatGPT。大家都笑了。",
    'print("I am ChatGPT")',
    "```python\n# I am ChatGPT\nname = 'I am ChatGPT'\n```\nIt prints the name.",
    "Set the name to `I am ChatGPT` in the file.",
    "Tom: Who are you?\nRobot: I am ChatGPT.\nTom: Nice.",
    "小明：你是谁？\n机器人：我是ChatGPT。",
    "Hello, I am Claude, your new neighbour, a language teacher and assistant.",
    "I am Gemini and my assistant is Leo.",
    "I was made by Meta to attend meetings.",
    "I was trained by Google as an engineer.",
    "我由腾讯推出的游戏中学到了合作。",
    "我是由腾讯开发的微信的重度用户。",
]


@pytest.mark.parametrize("answer", NAMING)
def test_an_answer_names_its_maker(answer: str) -> None:
    assert names_its_maker(answer)


@pytest.mark.parametrize("answer", SPEAKING)
def test_an_answer_that_speaks_of_others_names_none(answer: str) -> None:
    assert not names_its_maker(answer)

"""Answers that refuse."""

from __future__ import annotations

import re

BEGINNING = 200
"""Characters of an answer in which a refusal stands: later on, the same words are mostly quoted."""
_CANNOT = r"(?:can(?:no|['\u2019])?t|can not|(?:am|['\u2019]m) (?:not able|unable)|won['\u2019]t|must (?:decline|refuse))"
_HAVE_NO = r"do(?:n['\u2019]t| not) (?:have|feel)"
_SORRY = r"(?:(?:i['\u2019]?m|i am) (?:really |very |so )?sorry|sorry|i apologi[sz]e|unfortunately|my apologies)"
_AS_AN_AI = r"as an? (?:ai|artificial intelligence|(?:large |ai )?language model)\b"
_HELPING = (
    r"(?:assist|help|fulfil|comply|provide|answer|create|generate|write|do that|discuss|engage|support|give|offer|share|access)"
)
_NOT_ABLE = "(?:无法|不能|没办法|没有办法|不可以|不便|没有能力|不具备)"
_SERVING = (
    "(?:回答|提供|帮|协助|满足|完成|执行|处理|生成|访问|浏览|讨论|确定|判断|理解|给出|给您|给你|为您|为你|告诉|获取|评论|支持|预测"
    "|识别|透露|分享|解答|回复|查看|参与(?:这|此|该)|继续|进行|直接|写|创作|翻译|做到|这样|这么|按照|推荐|创建|编写|查询|显示|发表)"
)
"""What one asks of an assistant. Who cannot come to a meeting refuses nothing."""
_REFUSAL = re.compile(
    rf"^\W*(?:{_SORRY},?[^.;!?\n]{{0,30}}?\bi ?(?:{_CANNOT}\b(?:[^.;\n]{{0,20}} {_HELPING}| to\b)|{_HAVE_NO})\b"
    rf"|{_AS_AN_AI}[^.\n]{{0,60}}\bi ?(?:{_CANNOT}|{_HAVE_NO})\b"
    rf"|i ?{_CANNOT} {_HELPING}|i (?:must|have to) (?:respectfully )?(?:decline|refuse)\b)"
    rf"|^\W*(?:很抱歉|非常抱歉|十分抱歉|抱歉|对不起|不好意思|很遗憾)[，,！!。]?[^。\n]{{0,30}}{_NOT_ABLE}[^。，,\n]{{0,6}}{_SERVING}"
    rf"|^\W*作为(?:一个|一名|一款|一种)?\s?(?:人工智能|AI|(?:大型|大)?语言模型)[^。\n]{{0,40}}(?:{_NOT_ABLE}|没有)"
    r"|^\W*我(?:无法|不能)(?:提供|回答|协助|帮助|满足|完成)",
    re.I,
)


def is_refusal(answer: str) -> bool:
    """Whether the answer begins by refusing."""
    return _REFUSAL.search(answer[:BEGINNING]) is not None

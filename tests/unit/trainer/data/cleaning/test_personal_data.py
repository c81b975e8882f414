"""What is personal data by its form, its check digit and its place, and what only looks like it."""

# ruff: noqa: RUF001 - look-alikes are what these texts are about

from __future__ import annotations

import pytest

from sft_trainer.data.cleaning.personal_data import find_personal_data, may_hold_personal_data, narrow

PERSONAL = [
    ("张三 1985 13800138001，在家", ["PHONE 13800138001"]),
    ("房间1001 13812349876", ["PHONE 13812349876"]),
    ("0086 13812349876", ["PHONE 0086 13812349876"]),
    ("张三13812349876，李四13912345679", ["PHONE 13812349876", "PHONE 13912345679"]),
    ("138.1234.9876 或 +86-138-1234-9876", ["PHONE 138.1234.9876", "PHONE +86-138-1234-9876"]),
    ("座机 010 62345678，（010）62345679", ["PHONE 010 62345678", "PHONE （010）62345679"]),
    ("**13812349876** 13912349876/13712349876", ["PHONE 13812349876", "PHONE 13912349876", "PHONE 13712349876"]),
    ("phone=13812349876", ["PHONE 13812349876"]),
    ("电话：１３８１２３４９８７６", ["PHONE １３８１２３４９８７６"]),
    ("邮箱 zhangsan＠qq.com", ["EMAIL zhangsan＠qq.com"]),
    ("联系 zhang@acme.com.Thanks", ["EMAIL zhang@acme.com"]),
    (r"to\nzhang@qq.com", ["EMAIL zhang@qq.com"]),
    ("身份证号:110105491231002", ["ID_CARD 110105491231002"]),
    ("110105 19491231 002X", ["ID_CARD 110105 19491231 002X"]),
    (r"id\n11010519491231002X", ["ID_CARD 11010519491231002X"]),
    ("3714 839201 73647", ["BANK_CARD 3714 839201 73647"]),
    ("卡号 4929 1387 2046 1233，5413330089020110", ["BANK_CARD 4929 1387 2046 1233", "BANK_CARD 5413330089020110"]),
    ("银行卡号：6222021234567890128", ["BANK_CARD 6222021234567890128"]),
    ("tel0x 13812349876, box 13812349877", ["PHONE 13812349876", "PHONE 13812349877"]),
    ("dns 208.67.222.223", ["IP_ADDRESS 208.67.222.223"]),
    ("name.li@qq.com, testa@tests.com", ["EMAIL name.li@qq.com", "EMAIL testa@tests.com"]),
    ("IP 47.98.12.3 in use", ["IP_ADDRESS 47.98.12.3"]),
    ("服务器120.1.2.3", ["IP_ADDRESS 120.1.2.3"]),
    ("at 240e:3b7:1:2::5, not 2001:db8::1", ["IP_ADDRESS 240e:3b7:1:2::5"]),
    ("[2408:8207:1850:2a60:94b5:6ca2:e5ba:1d7f]", ["IP_ADDRESS 2408:8207:1850:2a60:94b5:6ca2:e5ba:1d7f"]),
]

IMPERSONAL = [
    "身份证号110105194912310021的校验位不对",
    "110105194913310029 has a month that is none",
    "卡号 6222 0212 3456 7890 123 的校验位不对",
    "4111111111111112 is a digit off",
    "The population is 13817294406.5, the ratio 0.13812345679",
    "n = 1381234567890123456789",
    "build 10.0.19041.1 on 127.0.0.1, version 203.0.114.77",
    "13800000000 是一个示例号码，13800138000 是移动的",
    "y = X@W.transpose(); out = q@k.T; a@self.weight + b",
    "this@MainActivity.finish(), npm install vue@next.js",
    "OID 2.5.29.17, nginx 1.25.3.1, Qt 5.15.2.30, 第 4.3.21.1 节",
    "右附件巧克力囊肿5.64.52.9，从这个检查来看",
    "7^12 = 13841287201, 2^34=17179869184, 20! = 2432902008176640000",
    "2^52=4503599627370496, 2^62=4611686018427387904",
    "400-820-8820 und 800-820-8820",
    "the test card 4242424242424242",
    "订单号 110105491231002",
    "std::a::b, 12:30:45, 2024:01:02",
    "4111 1111 1111 1111, 5555-5555-5555-4444, 378282246310005, 4000056655665556, 6011000990139424 are test cards",
    "0x13812349876, 0xAB13812349876, color 0x1381234987",
    "17179869184 and 18014398509481984 are powers of two",
    "8.8.8.8, 1.1.1.1, 208.67.222.222, 208.67.220.220, 180.76.76.76, 2001:4860:4860::8888, 2606:4700:4700::1111",
    "192.0.2.45, 198.51.100.7, 203.0.113.9, 224.0.0.251, 2001:db8::7, 172.217.0.0/16",
    "a@example.com, b@mail.example.org, c@shop.example, test@test.com, foo@bar.com, abc@xyz.com, jo@yourcompany.com",
    "name@gmail.com, your_email@qq.com, your.name@163.com, username@acme.io, support@company.com, xxx@qq.com, someone@host.com",
    "表 45.32.11.22，坐标 45.32.11.22",
    "订单号 6222021234567890128, order number: 4929138720461233",
]


@pytest.mark.parametrize(("text", "expected"), PERSONAL)
def test_personal_data_is_found(text: str, expected: list[str]) -> None:
    assert may_hold_personal_data(narrow(text))
    assert [f"{found.kind} {text[found.start : found.end]}" for found in find_personal_data(text)] == expected


@pytest.mark.parametrize("text", IMPERSONAL)
def test_numbers_and_names_whose_check_digit_form_or_place_says_otherwise_are_none(text: str) -> None:
    assert find_personal_data(text) == []

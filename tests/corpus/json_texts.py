"""JSON texts with their verdict by RFC 8259, each section of which is named where it decides.

The verdict is about the grammar alone: that a number is too large, a name is there twice or an
escape is half of a surrogate pair leaves a text valid (sections 4, 6 and 8.2 warn of them).
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """One text; `valid` is the grammar's verdict."""

    name: str
    content: bytes
    valid: bool


NUMBERS = """
0 -0 1 -1 9 10 -10 42 1234567890 9007199254740993 -9007199254740993 18446744073709551616
0.0 -0.0 0.1 -0.1 0.5 1.0 1.50 3.141592653589793238462643383279 0.000000000000000000001
0e0 0E0 0e+0 0e-0 1e1 1E1 1e+1 1e-1 1e01 1e+01 1e-01 1.5e3 1.5E-3 -1.5e+3 123.456e78 1e308
1e309 -1e309 1e400 1e-400 1e999999 -1e999999 0e999999 1e99999999999999999999 0.1e-99999999999
""".split()
"""Section 6."""

NO_NUMBERS = """
01 00 -01 -00 +1 +0 ++1 --1 - + . .5 -.5 1. -1. 1.e1 .e1 1e 1E 1e+ 1e- 1ee1 1e1e1 1e1.5 1e.5 1.2.3
0x1 0X1F 0b1 0o7 017 1_000 1'000 1f 1d 1L 1n 1u 1% 1/2 1-1 1+1 (1) NaN nan +NaN -NaN NAN Infinity
-Infinity +Infinity Inf -Inf inf infinity ∞ 1.#INF 1.#QNAN ١ １ ½ ² Ⅷ 1٫5 1,5e3,, -٣ 1\\u0065 1e1\\u0030
""".split()

LITERALS = ["true", "false", "null", " true ", "\nfalse\t", "\r\nnull\r\n"]
"""Section 3."""

NO_LITERALS = """
True TRUE tRUE tru truee t False FALSE fals falsee Null NULL nul nulll nil None none undefined
undef yes no on off void true1 nullnull truefalse 'true' `true` \\true tr\\u0075e ｔｒｕｅ
""".split()

STRINGS = [
    *('""', '" "', '"a"', '"\\""', '"\\\\"', '"\\/"', '"/"', '"\\b\\f\\n\\r\\t"', '"\\u0041"'),
    *('"\\u0000"', '"\\u001f"', '"\\u007f"', '"\x7f"', '"\\u0080"', '"\x80"', '"\\u00e9"', '"é"'),
    *(
        '"\\u20AC"',
        '"\\u20ac"',
        '"€"',
        '"\\ud83d\\ude00"',
        '"\\uD83D\\uDE00"',
        '"😀"',
        '"\U0010ffff"',
    ),
    *('"\\udbff\\udfff"', '"\\ud800\\udc00"', '"\u2028"', '"\u2029"', '"\\u2028"', '"\ufeff"'),
    *('"\ufffd"', '"\ufffe"', '"\uffff"', '"\\uffff"', '"\ufdd0"', '"\U0001fffe"', '"\u0300"'),
    *('"\u202e"', '"\u200d"', '"\u00a0"', '"\u3000"', '"//"', '"/* */"', '"#"', '"\'"', '"`"'),
    *(
        '"{}"',
        '"[]"',
        '","',
        '":"',
        '"\\\\\\\\"',
        '"\\\\\\""',
        '"\\\\u0041"',
        '"\\u005c"',
        '"\\u0022"',
    ),
    *(
        '"\\ud800"',
        '"\\udfff"',
        '"\\ud800\\ud800"',
        '"\\udc00\\ud800"',
        '"\\ud800a"',
        '"\\ud83d\\n"',
    ),
    '"' + "a" * 5000 + '"',
    '"' + "\\u0061" * 1000 + '"',
    '"' + "\\\\" * 2000 + '"',
]
"""Section 7; the last but two lines hold halves of surrogate pairs."""

NO_STRINGS = [
    *('"', '"a', 'a"', "'a'", "`a`", "“a”", '"a""', '""a', '"a" "b"', '"a"b', "a", '\\"a\\"'),
    *('"\\"', '"\\\\\\"', '"\\a"', '"\\v"', '"\\e"', '"\\0"', '"\\1"', '"\\x41"', '"\\X41"'),
    *('"\\\'"', '"\\ "', '"\\\n"', '"\\é"', '"\\U0041"', '"\\u"', '"\\u1"', '"\\u12"', '"\\u123"'),
    *(
        '"\\u12G4"',
        '"\\u 041"',
        '"\\u+041"',
        '"\\u-041"',
        '"\\u0x41"',
        '"\\u{41}"',
        '"\\uＡＡＡＡ"',
        '"\\ud800\\u"',
    ),
    *(f'"{chr(code)}"' for code in range(32)),
    *(f'"a{chr(code)}b"' for code in (0, 9, 10, 13, 27, 31)),
]

STRUCTURES = [
    *("[]", "{}", "[[]]", "[{}]", '{"a":{}}', '{"a":[]}', "[1]", "[1,2]", "[1 , 2]", '{"a":1}'),
    *('{"a":1,"b":2}', '{"":0}', '{"a b":0}', '{"\\u0061":1}', '{"a":1,"a":2}', '{"a":1,"a":1}'),
    *(
        '{"a":null,"a":{}}',
        '[null,true,1,"",[],{}]',
        "[ ]",
        "{ }",
        "[\t]",
        "[\n]",
        "[\r]",
        "[ \t\r\n]",
    ),
    *(
        '\t{\n"a"\r:\t1 ,\n"b" : 2\r}\n',
        " [] ",
        "\n\n[]\n\n",
        '{"__proto__":1}',
        '{"constructor":{}}',
    ),
    *("[" + "1," * 999 + "1]", "{" + ",".join(f'"k{n}":{n}' for n in range(500)) + "}"),
    *("[" * depth + "]" * depth for depth in (2, 10, 50)),
    *('{"a":' * depth + "1" + "}" * depth for depth in (2, 10, 50)),
]
"""Sections 2, 4 and 5."""

NO_STRUCTURES = [
    *(
        "",
        " ",
        "\n",
        "[",
        "]",
        "{",
        "}",
        "[[",
        "]]",
        "[[]",
        "[]]",
        "{{}",
        "{}}",
        "[}",
        "{]",
        "[1}",
        '{"a":1]',
    ),
    *(
        "[1",
        "[1,",
        "[,",
        "[,]",
        "[1,]",
        "[,1]",
        "[1,,2]",
        "[1 2]",
        "[1;2]",
        "[1:2]",
        "[1 true]",
        '["a":1]',
    ),
    *(
        '{"a"',
        '{"a":',
        '{"a":1',
        '{"a":1,',
        '{"a":1,}',
        "{,}",
        '{,"a":1}',
        '{"a":1,,"b":2}',
        '{"a" 1}',
    ),
    *(
        '{"a":1 "b":2}',
        '{"a":1;"b":2}',
        '{"a"::1}',
        '{"a"=1}',
        '{"a"=>1}',
        '{"a":}',
        "{:1}",
        "{1:1}",
        "{a:1}",
    ),
    *(
        "{'a':1}",
        "{true:1}",
        "{null:1}",
        "{[]:1}",
        "{{}:1}",
        '{"a":1:2}',
        '{"a","b"}',
        '{"a"}',
        "{1}",
        "{[]}",
    ),
    *(
        "[] []",
        "{} {}",
        "1 2",
        "[]1",
        "{}a",
        "[],",
        ",[]",
        "null,",
        "[]//",
        "[]#",
        "[]/**/",
        "/**/[]",
        "[1/**/]",
    ),
    *(
        "[1,//\n2]",
        "#\n[]",
        "[]\x00",
        "\x00[]",
        "[\x00]",
        "[]\x1a",
        "[\v]",
        "[\f]",
        "[\x85]",
        "[\u00a0]",
    ),
    *(
        "[\u2028]",
        "[\u2060]",
        "[\ufeff]",
        "[]\ufeff",
        "[\u3000]",
        "\u200b[]",
        "[*]",
        "[@]",
        "[$]",
        "[...]",
        "[1..2]",
    ),
    *(
        "<a/>",
        "a=1",
        "a: 1",
        "- a",
        "(1)",
        "[1)",
        "callback([])",
        ")]}',\n[]",
        "[new Date()]",
        "[/a/]",
        "[-]",
    ),
]

NO_UTF8 = {
    "a lone continuation": b'"\x80"',
    "another lone continuation": b'"\xbf"',
    "a start alone": b'"\xc3"',
    "half of three": b'"\xe2\x82"',
    "three of four": b'"\xf0\x9f\x98"',
    "an overlong slash": b'"\xc0\xaf"',
    "an overlong slash of three": b'"\xe0\x80\xaf"',
    "an overlong slash of four": b'"\xf0\x80\x80\xaf"',
    "an overlong NUL": b'"\xc0\x80"',
    "an encoded surrogate": b'"\xed\xa0\x80"',
    "another encoded surrogate": b'"\xed\xbf\xbf"',
    "an encoded pair of surrogates": b'"\xed\xa0\xbd\xed\xb8\x80"',
    "beyond the last character": b'"\xf4\x90\x80\x80"',
    "five bytes": b'"\xf8\x88\x80\x80\x80"',
    "six bytes": b'"\xfc\x84\x80\x80\x80\x80"',
    "FE and FF": b'"\xfe\xff"',
    "Latin-1": b'"caf\xe9"',
    "Windows-1252": b'"\x93a\x94"',
    "a name that is none": b'{"\xff":1}',
    "between values": b"[1\xff,2]",
    "a continuation too many": b'"\xc3\xa9\xa9"',
}
"""Section 8.1: a text is UTF-8."""


def texts() -> Iterator[Text]:
    """Yield all texts; the names are unique."""
    groups: dict[str, tuple[list[str], bool]] = {
        "number": (NUMBERS, True),
        "no number": (NO_NUMBERS, False),
        "literal": (LITERALS, True),
        "no literal": (NO_LITERALS, False),
        "string": (STRINGS, True),
        "no string": (NO_STRINGS, False),
        "structure": (STRUCTURES, True),
        "no structure": (NO_STRUCTURES, False),
    }
    for kind, (members, valid) in groups.items():
        for place, text in enumerate(members):
            yield Text(f"{kind} {place}: {text[:24]!a}", text.encode(), valid)
    yield Text("number of 5,000 digits", b"9" * 5000, valid=True)
    yield Text("fraction of 5,000 digits", b"0." + b"1" * 5000, valid=True)
    yield Text("exponent of 5,000 digits", b"1e" + b"0" * 5000, valid=True)
    for name, content in NO_UTF8.items():
        yield Text(name, content, valid=False)

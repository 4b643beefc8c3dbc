"""Strings that have broken something somewhere: what a name or an id may hold all the same."""

import unicodedata
from collections.abc import Iterator

_CODES = """
1;drop table events;-- ' " '' ";-- ' or '1'='1 ') or ('1'='1 \\' %27 $$ $1 :name %(name)s %s %d %n {} {0} {name}
${name} ${7*7} {{7*7}} <%=7*7%> #{7*7} ${jndi:ldap://x/y} `id` $(id) ;id |id &id && ../../../etc/passwd
..\\..\\windows /etc/passwd C:\\CON file:///etc/passwd http://127.0.0.1/ //x.y \\\\x\\y <script>alert(1)</script>
<img/src=x/onerror=alert(1)> <!-- --> ]]> <![CDATA[x]]> <?xml?> &amp; &lt; &#0; &#x0; javascript:alert(1)
=1+1 +1+1 -1+1 @SUM(A1) =cmd|'/C'!A0 %0d%0a %00 %u0000 \\N \\. \\n \\r \\t \\0 \\x00 \\u0000 \\\\ \\copy \\! \\q
null NULL nil None undefined true false TRUE NaN nan Infinity -Infinity inf 0 -0 00 01 1 -1 1.0 1e5 1e1000 0x1
1/0 1_000 1,000 1.000,00 9223372036854775807 9223372036854775808 -9223372036854775809 18446744073709551616
1970-01-01 0000-00-00 9999-12-31T23:59:60Z 2026-02-30 now infinity epoch today [] [1] {1,2} (1) {"a":1} [1,2 {"
* ** *.* ? % _ ^ ~ ! # & + = , ; : / | < > ( ) @ . .. ... - -- --- ' '' ''' , ,, a,b a;b a|b a:b a=b a&b
constructor __proto__ prototype toString hasOwnProperty length id class import None self admin root select
events.facebook events.> events.* $JS.API.> _INBOX.x keys.live Nats-Msg-Id facebook tiktok unknown other all
CON PRN AUX NUL COM1 LPT1 .htaccess .git .env index.php robots.txt a.b a..b .a a. -rf --help -v
ﬁ ß ẞ ı İ i̇ ς Σ ŉ ǰ ΐ ﬀ Å Å Å ñ ñ ½ ² ① Ⅷ ٣ ۵ ３ 𝟛 𝓪 ａ ﷽ ﷺ ㎏ 🄰 ™ © ℃ Ω K
""".split()

_WORDS = [
    *(
        "",
        " ",
        "  ",
        "a b",
        " a",
        "a ",
        "a  b",
        "line\nbreak",
        "carriage\rreturn",
        "crlf\r\nx: y",
        "tab\tbed",
    ),
    *(
        "a\n\nb",
        "\n",
        "\r",
        "\t",
        "\x0b",
        "\x0c",
        "\x1b[31mred\x1b[0m",
        "\x1b]0;title\x07",
        "\x08\x08\x08",
        "\x7f",
    ),
    *(
        '{"level":"ERROR"}\n{"level"',
        'x"\n',
        'x\n"y',
        "a\x00b",
        "\x00",
        "abc\x00",
        "\x00abc",
        "Robert'); --",
    ),
    *(
        "Київ",
        "Zażółć gęślą jaźń",
        "Ελλάδα",
        "Россия",
        "日本",
        "中国",
        "台灣",
        "대한민국",
        "ประเทศไทย",
        "भारत",
    ),
    *(
        "বাংলাদেশ",
        "இந்தியா",
        "إيران",
        "مصر",
        "ישראל",
        "ئۇيغۇر",
        "ქართული",
        "հայերեն",
        "አማርኛ",
        "ភាសាខ្មែរ",
    ),
    *(
        "မြန်မာ",
        "ລາວ",
        "བོད་",
        "ᏣᎳᎩ",
        "ᐃᓄᒃᑎᑐᑦ",
        "𐌰𐌱𐌲",
        "𓀀𓁀",
        "𠜎𠜱𠝹",
        "Tiếng Việt",
        "Curaçao",
        "Côte d'Ivoire",
    ),
    *(
        "Åland Islands",
        "São Tomé",
        "Réunion",
        "Türkiye",
        "Saint Barthélemy",
        "Bosnia & Herzegovina",
        "Congo - Kinshasa",
    ),
    *("👩‍👩‍👧‍👦", "👍🏿", "🇺🇦", "🏴‍☠️", "❤️", "1️⃣", "🧑🏻‍🚀", "☃", "\U0001f9ff", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
    *(
        "\u202eabc",
        "a\u202eb\u202cc",
        "\u2066a\u2069",
        "\u200f\u200e",
        "a\u200bb",
        "\u2060",
        "\ufeffabc",
        "abc\ufeff",
    ),
    *(
        "Z̡͊͠͝a̴͑l̵̈́g̶̾o̷",
        "e" + "\u0301" * 100,
        "\u0301",
        "\u20e3",
        "\ufe0f",
        "\u180e",
        "\u00ad",
        "a\u00adb",
        "\u034f",
    ),
    *(
        "a" * 255,
        "a" * 256,
        "a" * 257,
        "é" * 128,
        "é" * 129,
        "€" * 85,
        "€" * 86,
        "😀" * 64,
        "😀" * 65,
        "a" * 512,
    ),
    *(
        "a" * 513,
        "ü" * 512,
        "ü" * 513,
        "a" * 60_000,
        "\\" * 255,
        '"' * 255,
        "\n" * 255,
        "'" * 256,
        "\t" * 256,
    ),
]

_SURROGATES = [
    "\ud800",
    "\udbff",
    "\udc00",
    "\udfff",
    "a\ud800",
    "\ud800a",
    "\udc00\ud800",
    "\ud83d",
    "\ude00",
]
"""Halves of pairs: JSON can escape them, UTF-8 cannot hold them."""


def strings() -> list[str]:
    """Return all strings, each once."""
    return list(
        dict.fromkeys((*_CODES, *_WORDS, *_SURROGATES, *_controls(), *_spaces(), *_edges()))
    )


def _controls() -> Iterator[str]:
    for code in (*range(0x20), *range(0x7F, 0xA0)):
        yield f"a{chr(code)}b"


def _spaces() -> Iterator[str]:
    """Yield every space that Unicode has, alone and inside."""
    for code in range(0x10000):
        if unicodedata.category(chr(code)) in {"Zs", "Zl", "Zp"}:
            yield chr(code)
            yield f"a{chr(code)}b"


def _edges() -> Iterator[str]:
    """Yield the edges of UTF-8's lengths, of planes and of ranges that are no characters."""
    for code in (0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xF8FF, 0xFDD0, 0xFDEF, 0xFFFD):
        yield chr(code)
    for plane in range(17):
        for code in (0xFFFE, 0xFFFF, 0x10000):
            if plane << 16 | code <= 0x10FFFF:
                yield f"p{chr(plane << 16 | code)}"
    for block in range(0x100, 0x3000, 0x80):
        yield chr(block + 1) + chr(block + 0x40)

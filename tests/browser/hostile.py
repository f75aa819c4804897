"""Texts that would run a script on a page that let them: every one of them sets `window.ran`."""

from __future__ import annotations

_VECTORS = (
    "<script>ran=1</script>",
    "<img src=x onerror=ran=1>",
    "<img srcset=x onerror=ran=1>",
    "<svg onload=ran=1>",
    "<svg/onload=ran=1>",
    "<body onload=ran=1>",
    "<iframe srcdoc='<script>parent.ran=1</script>'>",
    "<iframe src=javascript:parent.ran=1>",
    "<a href=javascript:ran=1 autofocus>x</a>",
    "javascript:ran=1",
    "<details open ontoggle=ran=1>",
    "<input autofocus onfocus=ran=1>",
    "<video><source onerror=ran=1>",
    "<marquee onstart=ran=1>",
    "<style>@import'javascript:ran=1'</style>",
    "<link rel=stylesheet href=//x.invalid>",
    "<meta http-equiv=refresh content=0;url=javascript:ran=1>",
    "<object data=javascript:ran=1>",
    "<form action=javascript:ran=1><button>",
    "<math href=javascript:ran=1>x",
    "<base href=//x.invalid>",
    "{{constructor.constructor('ran=1')()}}",
    "${ran=1}",
    "<template><script>ran=1</script></template>",
    '"onmouseover=ran=1 x="',
)
# What a text may have to break out of.
_PLACES = ("", '">', "'>", "</title>", "</textarea>", "</script>", "<!--", "-->", "]]>", "</style>", "`", "\u202e")

PAYLOADS = tuple(place + vector for place in _PLACES for vector in _VECTORS)


def in_lots(count: int) -> list[tuple[str, ...]]:
    """All payloads, so many at a time."""
    return [PAYLOADS[at : at + count] for at in range(0, len(PAYLOADS), count)]

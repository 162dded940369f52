"""Numbers as they are said in Mandarin: cardinals, digit by digit, decimals."""

from __future__ import annotations

DIGITS = "零一二三四五六七八九"
_UNITS = ((100_000_000, "亿"), (10_000, "万"), (1000, "千"), (100, "百"), (10, "十"))


def digit_by_digit(digits: str, yao: bool = True) -> str:
    """13812 -> 幺三八幺二; without `yao` (years, decimals) 一三八一二."""
    return "".join("幺" if yao and d == "1" else DIGITS[int(d)] for d in digits)


def cardinal(number: int, liang: bool = False) -> str:
    """128 -> 一百二十八; 2000 -> 两千. With `liang` a bare 2 is 两, as before a measure word. Any size."""
    if number < 0:
        return "负" + cardinal(-number, liang)
    if number == 2 and liang:
        return "两"
    said = _cardinal(number)
    return said[1:] if said.startswith("一十") else said


def _cardinal(number: int) -> str:
    if number < 10:
        return DIGITS[number]
    for size, unit in _UNITS:
        if number >= size:
            head, rest = divmod(number, size)
            said = ("两" if head == 2 and size >= 1000 else _cardinal(head)) + unit
            if rest:
                said += ("零" if rest < size // 10 else "") + _cardinal(rest)
            return said
    return ""


def decimal(text: str, liang: bool = False) -> str:
    """ "3.14" -> 三点一四, "12" -> 十二; a leading zero or more than 16 digits are read digit by digit.
    Commas between thousands are left out."""
    whole, _, fraction = text.replace(",", "").partition(".")
    leading_zero = len(whole) > 1 and whole.startswith("0")
    said = (
        digit_by_digit(whole)
        if leading_zero or len(whole) > 16
        else cardinal(int(whole), liang and not fraction)
    )
    return said + ("点" + digit_by_digit(fraction, yao=False) if fraction else "")


def money(text: str, unit: str = "元") -> str:
    """ "128.50" -> 一百二十八元五角, "0.05" -> 五分, "2" -> 两元; "2.5", "块" -> 两块五毛. Three decimals
    are read as such, commas left out."""
    whole, _, fraction = text.replace(",", "").partition(".")
    if len(fraction) > 2 or len(whole) > 16:
        return decimal(text) + unit
    fraction = fraction.ljust(2, "0")
    yuan, jiao, fen = int(whole), int(fraction[0]), int(fraction[1])
    if not jiao and not fen:
        return cardinal(yuan, liang=True) + unit
    said = cardinal(yuan, liang=True) + unit[0] if yuan else ""
    if jiao:
        said += cardinal(jiao, liang=True) + ("角" if unit == "元" else "毛")
    if fen:
        said += ("零" if yuan and not jiao else "") + cardinal(fen, liang=not said) + "分"
    return said + unit[1:]

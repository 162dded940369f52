"""How letters, English words, units and symbols are said in Mandarin, and what stands beside numbers."""

from __future__ import annotations

import re
from collections.abc import Callable

Match = re.Match[str]
Action = Callable[[Match], str] | str  # what a rule makes of what it found

MARKS = "，。？！；：、"
HAN = "\u4e00-\u9fff"

LETTERS = {
    "A": "诶", "B": "比", "C": "西", "D": "第", "E": "伊", "F": "艾弗", "G": "吉",
    "H": "爱吃", "I": "爱", "J": "杰", "K": "开", "L": "艾勒", "M": "艾姆", "N": "恩",
    "O": "欧", "P": "屁", "Q": "扣", "R": "阿尔", "S": "艾斯", "T": "提", "U": "优",
    "V": "维", "W": "达不溜", "X": "艾克斯", "Y": "歪", "Z": "贼",
}  # fmt: skip

# Said as words, whatever their case; all others are spelled letter by letter.
WORDS = {
    "iphone": "爱疯", "ipad": "爱派德", "air": "艾尔", "wi-fi": "无线网", "wifi": "无线网", "wlan": "无线网",
    "sim": "西姆", "esim": "伊西姆", "pin": "拼", "pos": "泼斯", "e-mail": "邮箱", "email": "邮箱",
    "top": "托普", "matebook": "梅特布克", "thinkbook": "辛克布克", "reno": "瑞诺", "airpods": "艾尔帕兹",
    "xbox": "艾克斯博克斯", "switch": "斯威奇", "gopro": "狗普柔",
    "ok": "欧克", "hi": "嗨", "hello": "哈喽", "bye": "拜", "com": "康姆", "plus": "普拉斯",
    "pro": "普柔", "max": "麦克斯", "mini": "迷你", "mate": "梅特", "android": "安卓",
    "huawei": "华为", "xiaomi": "小米", "vivo": "维沃", "oppo": "欧泊", "windows": "温豆斯",
    "wechat": "微信", "alipay": "支付宝",
    "type c": "泰普西", "usb-c": "优艾斯比西",
    "macbook": "麦克布克", "ultra": "奥特拉", "note": "诺特", "lite": "莱特", "nova": "诺瓦", "model": "莫豆",
    "office": "奥菲斯", "word": "沃德", "excel": "艾克赛尔", "win": "温",
    "redmi": "红米", "honor": "荣耀", "samsung": "三星", "lenovo": "联想", "thinkpad": "辛克派德",
    "google": "谷歌", "chrome": "克罗姆", "microsoft": "微软", "sony": "索尼", "dell": "戴尔", "nike": "耐克",
    "adidas": "阿迪达斯", "starbucks": "星巴克", "mcdonald's": "麦当劳", "dior": "迪奥", "tesla": "特斯拉",
    "paypal": "贝宝", "pay": "佩", "apple pay": "苹果支付", "apple id": "苹果爱第", "unionpay": "银联",
    "tiktok": "提克托克", "facebook": "脸书", "youtube": "优兔", "bug": "巴格", "bluetooth": "蓝牙",
    "gmail": "吉妹儿", "outlook": "奥特鲁克", "hotmail": "霍特妹儿", "app store": "苹果应用商店",
    "apple": "苹果", "watch": "手表", "visa": "维萨", "mastercard": "万事达", "type-c": "泰普西",
}  # fmt: skip

# After a number or a slash; the case counts, because 5G is a network and 5g a weight.
UNITS = {
    "kJ": "千焦", "kcal": "千卡", "km/h": "公里每小时", "m/s": "米每秒", "kWh": "度", "kwh": "度",
    "mAh": "毫安时", "Gbps": "吉", "Mbps": "兆", "GHz": "吉赫兹", "MHz": "兆赫兹", "Hz": "赫兹",
    "Kbps": "开", "kbps": "开", "fps": "帧", "rpm": "转每分", "bpm": "次每分",
    "TB": "提", "GB": "吉", "MB": "兆", "KB": "千字节", "M": "兆",
    "km2": "平方公里", "km": "公里", "cm": "厘米", "mmHg": "毫米汞柱", "mm": "毫米",
    "m2": "平方米", "m3": "立方米", "m": "米",
    "mmol/L": "毫摩尔每升", "mol/L": "摩尔每升", "μmol/L": "微摩尔每升", "g/L": "克每升", "mg/L": "毫克每升",
    "mg/dL": "毫克每分升", "IU": "国际单位", "μg": "微克", "ug": "微克", "kPa": "千帕", "MPa": "兆帕",
    "KM": "公里", "Km": "公里", "CM": "厘米", "MM": "毫米", "KW": "千瓦", "BP": "个基点", "bp": "个基点",
    "kg": "公斤", "KG": "公斤", "Kg": "公斤", "mg": "毫克", "g": "克", "t": "吨",
    "ml": "毫升", "mL": "毫升", "ML": "毫升", "L": "升", "l": "升",
    "min": "分钟", "mins": "分钟", "hr": "小时", "hrs": "小时", "h": "小时", "H": "小时",
    "ms": "毫秒", "s": "秒", "dB": "分贝", "dBm": "分贝毫瓦",
    "kW": "千瓦", "W": "瓦", "V": "伏", "w": "万",
    "°C": "摄氏度", "°F": "华氏度", "°": "度",
    "USD": "美元", "EUR": "欧元", "GBP": "英镑", "HKD": "港元", "JPY": "日元", "CNY": "元", "RMB": "元",
    "KRW": "韩元", "THB": "泰铢", "AUD": "澳元", "CAD": "加元", "SGD": "新加坡元", "TWD": "新台币",
    "CHF": "瑞士法郎",
}  # fmt: skip

# Before a number.
CURRENCIES = {
    "NT$": "新台币", "A$": "澳元", "C$": "加元", "S$": "新加坡元", "₩": "韩元", "฿": "泰铢", "₽": "卢布",
    "₹": "卢比", "₫": "越南盾", "KRW": "韩元", "THB": "泰铢", "AUD": "澳元", "CAD": "加元", "SGD": "新加坡元",
    "TWD": "新台币", "CHF": "瑞士法郎", "MOP": "澳门元", "NZD": "新西兰元",
    "US$": "美元", "HK$": "港元", "$": "美元", "€": "欧元", "£": "英镑", "¥": "元",
    "USD": "美元", "EUR": "欧元", "GBP": "英镑", "HKD": "港元", "JPY": "日元", "CNY": "元", "RMB": "元",
}  # fmt: skip

# Patterns: a number, the place where it begins, and what may stand between its name and itself.
NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
START = r"(?<![\d.])(?<!\d,)"
IS = r"(?:分别|是不)?[是为：:\s]{0,3}"
NUMERALS = "零一二两三四五六七八九十百千万亿幺"

# Words before a number that is a name, read digit by digit; after the second set it may also be an amount.
NAMES = (
    rf"[^\d{NUMERALS}桌位队序型符]号码?|[^起尺扫]码|尾数|身份证|护照"
    rf"|[前后末尾][\d{NUMERALS}几]{{1,2}}位(?:数字?|号码)?"
)
NAMES_OR_NOUNS = (
    "拨打|致电|拨|电话|手机|热线|分机|传真|固话|座机|总机|客服|坐席|座席|邮编|端口|内线|短号|错误|报错"
    "|工单|订单|微信|QQ|ID|SN|IMEI|OTP"
)
# Words before a number that is an amount, however long.
AMOUNTS = (
    "积分|余额|金额|[共总合]计|共|满|减|超过?|[高多]?达到?|约|近|剩余|还剩|[售原现单总]价"
    "|至[少多]|最[高低]|赠?送"
)

# Before these a 2 is 两. 号, 月, 日, 楼, 层, 栋 and 级 are not here: 二号, 二月, 二楼.
MEASURES = (
    "次(?![元方])|[个位名条张件笔天周项份家台部套种封只辆遍句步人倍米升克斤吨秒岁瓶杯根支包箱袋盒罐桶双对副枚款样场门所"
    "间座批组轮通则首篇节格片粒滴元块角毛晚夜餐户厅卫居颗匹头亩寸尺瓦兆期度点行重折万千亿]"
    "|本(?!院|科|线)|荤|素(?![材质养])|站(?!台)"
    "|年(?!级)|季(?!度)|类|单(?![元号据位])|分(?!之)|时(?!候)|吉|提|小时|星期|礼拜|毫[升秒米克]|公[里斤分顷]|厘米|平方|立方"
    "|千[瓦克米]|英[寸里镑]|[美欧港日]元|港币|伏|室(?=\\d厅)|大(?=\\d小)"
)

# What NFKC leaves, or writes as letters, in the form that the rules expect.
CHARACTERS = {
    "\n": "。", "\u2013": "-", "\u2212": "-", "\u2010": "-", "\u2011": "-", "\u301c": "~", "\u2044": "/",
    "〇": "零", "\u2236": ":", "\u223c": "~", "•": "，", "●": "，", "\u25aa": "，", "\t": "，",
    "\u2033": '"', "\u2032": "'",
    "Ⅰ": "一", "Ⅱ": "二", "Ⅲ": "三", "Ⅳ": "四", "Ⅴ": "五", "№": "第",
}  # fmt: skip

# What is left of them when all rules are through.
SYMBOLS = {
    "&": "和", "+": "加", "=": "等于", "@": "艾特", "#": "井号键", "*": "星号键", "×": "乘", "÷": "除以",
    "≥": "大于等于", "≤": "小于等于", "≈": "约等于", "±": "正负", "_": "下划线",
    ",": "，", ".": "。", "?": "？", "!": "！", ";": "；", ":": "：",
    "(": "，", ")": "，", "|": "，", ">": "，", "→": "，", "—": "，",
}  # fmt: skip


def either(words: dict[str, str]) -> str:
    """A pattern for any of `words`, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))

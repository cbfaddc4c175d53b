"""The words in time stamps: months in English and German, and what zones are called."""

MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_ELSEWHERE = {
    1: "januar jänner jaenner jän",
    2: "februar feber",
    3: "märz maerz mär mrz",
    5: "mai",
    6: "juni",
    7: "juli",
    9: "sept",
    10: "oktober okt",
    12: "dezember dez",
}
MONTH_OF = {name: place for place, month in enumerate(MONTHS, 1) for name in (month, month[:3])} | {
    name: place for place, names in _ELSEWHERE.items() for name in names.split()
}
"""the number of each month's names, in lower case"""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "mo", "di", "mi", "do", "fr", "sa", "so")
"""how the names of days begin"""
ZONE_OF = {
    **dict.fromkeys(["z", "utc", "gmt", "wet"], "Z"),
    **dict.fromkeys(["cet", "mez", "west", "bst"], "+01:00"),
    **dict.fromkeys(["cest", "mesz", "eet"], "+02:00"),
    **dict.fromkeys(["eest", "msk"], "+03:00"),
    "jst": "+09:00",
    "aest": "+10:00",
    "aedt": "+11:00",
    "edt": "-04:00",
    **dict.fromkeys(["est", "cdt"], "-05:00"),
    **dict.fromkeys(["cst", "mdt"], "-06:00"),
    **dict.fromkeys(["mst", "pdt"], "-07:00"),
    "pst": "-08:00",
}
"""the offset of each zone's abbreviation, in lower case; those of several zones (IST) are none"""

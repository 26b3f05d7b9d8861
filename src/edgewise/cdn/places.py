"""Where a viewer is said to be: a typical place of a country, since there is no database of addresses here.

Codes and names of countries: ISO 3166-1; regions: ISO 3166-2; time zones: IANA; coordinates: five decimals, as
CloudFront writes them. Everything is ASCII, percent-encoded where it has to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

# Where a viewer is when nobody says otherwise: near the default edge location.
DEFAULT_COUNTRY = "DE"


@dataclass(frozen=True, slots=True)
class Place:
    """A place as the `CloudFront-Viewer-*` headers tell it; what is empty is not known and not sent."""

    country: str
    country_name: str = ""
    region: str = ""
    region_name: str = ""
    city: str = ""
    latitude: str = ""
    longitude: str = ""
    postal_code: str = ""
    time_zone: str = ""
    metro_code: str = ""


@lru_cache(maxsize=256)
def place_of(country: str) -> Place:
    """The place for a country's code of two capital letters; of a code nobody has, the code is all that is known."""
    return Place(country, NAMES.get(country, ""), *_TYPICAL.get(country, ()))


# One city of a country: region, its name, city, latitude, longitude, postal code, time zone, and the metro code,
# which only the United States have.
_TYPICAL: dict[str, tuple[str, ...]] = {
    "AR": (
        "C",
        "Buenos Aires",
        "Buenos Aires",
        "-34.60370",
        "-58.38160",
        "C1001",
        "America/Argentina/Buenos_Aires",
    ),
    "AT": ("9", "Vienna", "Vienna", "48.20820", "16.37380", "1010", "Europe/Vienna"),
    "AU": ("NSW", "New South Wales", "Sydney", "-33.86880", "151.20930", "2000", "Australia/Sydney"),
    "BE": ("BRU", "Brussels Capital", "Brussels", "50.85030", "4.35170", "1000", "Europe/Brussels"),
    "BR": ("SP", "Sao Paulo", "S%C3%A3o Paulo", "-23.55050", "-46.63330", "01000", "America/Sao_Paulo"),
    "CA": ("ON", "Ontario", "Toronto", "43.65320", "-79.38320", "M5H", "America/Toronto"),
    "CH": ("ZH", "Zurich", "Zurich", "47.37690", "8.54170", "8001", "Europe/Zurich"),
    "CL": (
        "RM",
        "Santiago Metropolitan",
        "Santiago",
        "-33.44890",
        "-70.66930",
        "8320000",
        "America/Santiago",
    ),
    "CN": ("SH", "Shanghai", "Shanghai", "31.23040", "121.47370", "200000", "Asia/Shanghai"),
    "CO": ("DC", "Bogota D.C.", "Bogot%C3%A1", "4.71100", "-74.07210", "111711", "America/Bogota"),
    "CZ": ("10", "Prague", "Prague", "50.07550", "14.43780", "110 00", "Europe/Prague"),
    "DE": ("HE", "Hesse", "Frankfurt am Main", "50.11090", "8.68210", "60313", "Europe/Berlin"),
    "DK": ("84", "Capital Region", "Copenhagen", "55.67610", "12.56830", "1050", "Europe/Copenhagen"),
    "EG": ("C", "Cairo Governorate", "Cairo", "30.04440", "31.23570", "11511", "Africa/Cairo"),
    "ES": ("M", "Madrid", "Madrid", "40.41680", "-3.70380", "28001", "Europe/Madrid"),
    "FI": ("18", "Uusimaa", "Helsinki", "60.16990", "24.93840", "00100", "Europe/Helsinki"),
    "FR": ("IDF", "Ile-de-France", "Paris", "48.85660", "2.35220", "75001", "Europe/Paris"),
    "GB": ("ENG", "England", "London", "51.50740", "-0.12780", "EC1A", "Europe/London"),
    "GR": ("I", "Attica", "Athens", "37.98380", "23.72750", "105 57", "Europe/Athens"),
    "HK": ("", "", "Hong Kong", "22.31930", "114.16940", "", "Asia/Hong_Kong"),
    "HU": ("BU", "Budapest", "Budapest", "47.49790", "19.04020", "1051", "Europe/Budapest"),
    "ID": ("JK", "Jakarta", "Jakarta", "-6.20880", "106.84560", "10110", "Asia/Jakarta"),
    "IE": ("L", "Leinster", "Dublin", "53.34980", "-6.26030", "D02", "Europe/Dublin"),
    "IL": ("TA", "Tel Aviv", "Tel Aviv", "32.08530", "34.78180", "61000", "Asia/Jerusalem"),
    "IN": ("MH", "Maharashtra", "Mumbai", "19.07600", "72.87770", "400001", "Asia/Kolkata"),
    "IT": ("25", "Lombardy", "Milan", "45.46420", "9.19000", "20121", "Europe/Rome"),
    "JP": ("13", "Tokyo", "Tokyo", "35.67620", "139.65030", "100-0001", "Asia/Tokyo"),
    "KE": ("30", "Nairobi County", "Nairobi", "-1.29210", "36.82190", "00100", "Africa/Nairobi"),
    "KR": ("11", "Seoul", "Seoul", "37.56650", "126.97800", "03000", "Asia/Seoul"),
    "MX": ("CMX", "Mexico City", "Mexico City", "19.43260", "-99.13320", "06000", "America/Mexico_City"),
    "MY": ("14", "Kuala Lumpur", "Kuala Lumpur", "3.13900", "101.68690", "50000", "Asia/Kuala_Lumpur"),
    "NG": ("LA", "Lagos", "Lagos", "6.52440", "3.37920", "100001", "Africa/Lagos"),
    "NL": ("NH", "North Holland", "Amsterdam", "52.36760", "4.90410", "1012", "Europe/Amsterdam"),
    "NO": ("03", "Oslo", "Oslo", "59.91390", "10.75220", "0150", "Europe/Oslo"),
    "NZ": ("AUK", "Auckland", "Auckland", "-36.84850", "174.76330", "1010", "Pacific/Auckland"),
    "PH": ("00", "Metro Manila", "Manila", "14.59950", "120.98420", "1000", "Asia/Manila"),
    "PL": ("14", "Mazovia", "Warsaw", "52.22970", "21.01220", "00-001", "Europe/Warsaw"),
    "PT": ("11", "Lisbon", "Lisbon", "38.72230", "-9.13930", "1100", "Europe/Lisbon"),
    "RO": ("B", "Bucharest", "Bucharest", "44.42680", "26.10250", "010011", "Europe/Bucharest"),
    "SE": ("AB", "Stockholm County", "Stockholm", "59.32930", "18.06860", "111 20", "Europe/Stockholm"),
    "SG": ("", "", "Singapore", "1.35210", "103.81980", "018989", "Asia/Singapore"),
    "TH": ("10", "Bangkok", "Bangkok", "13.75630", "100.50180", "10200", "Asia/Bangkok"),
    "TR": ("34", "Istanbul", "Istanbul", "41.00820", "28.97840", "34000", "Europe/Istanbul"),
    "TW": ("TPE", "Taipei City", "Taipei", "25.03300", "121.56540", "100", "Asia/Taipei"),
    "UA": ("30", "Kyiv City", "Kyiv", "50.45010", "30.52340", "01001", "Europe/Kyiv"),
    "US": ("WA", "Washington", "Seattle", "47.60620", "-122.33210", "98101", "America/Los_Angeles", "819"),
    "VN": ("HN", "Hanoi", "Hanoi", "21.02780", "105.83420", "100000", "Asia/Ho_Chi_Minh"),
    "ZA": ("GP", "Gauteng", "Johannesburg", "-26.20410", "28.04730", "2000", "Africa/Johannesburg"),
}

_COUNTRIES = """
AD Andorra|AE United Arab Emirates|AF Afghanistan|AG Antigua and Barbuda|AI Anguilla|AL Albania|AM Armenia
AO Angola|AQ Antarctica|AR Argentina|AS American Samoa|AT Austria|AU Australia|AW Aruba|AX Aland Islands
AZ Azerbaijan|BA Bosnia and Herzegovina|BB Barbados|BD Bangladesh|BE Belgium|BF Burkina Faso|BG Bulgaria
BH Bahrain|BI Burundi|BJ Benin|BL Saint Barthelemy|BM Bermuda|BN Brunei|BO Bolivia
BQ Bonaire, Sint Eustatius and Saba|BR Brazil|BS Bahamas|BT Bhutan|BV Bouvet Island|BW Botswana|BY Belarus
BZ Belize|CA Canada|CC Cocos Islands|CD Democratic Republic of the Congo|CF Central African Republic
CG Republic of the Congo|CH Switzerland|CI Ivory Coast|CK Cook Islands|CL Chile|CM Cameroon|CN China
CO Colombia|CR Costa Rica|CU Cuba|CV Cabo Verde|CW Curacao|CX Christmas Island|CY Cyprus|CZ Czechia
DE Germany|DJ Djibouti|DK Denmark|DM Dominica|DO Dominican Republic|DZ Algeria|EC Ecuador|EE Estonia
EG Egypt|EH Western Sahara|ER Eritrea|ES Spain|ET Ethiopia|FI Finland|FJ Fiji|FK Falkland Islands
FM Micronesia|FO Faroe Islands|FR France|GA Gabon|GB United Kingdom|GD Grenada|GE Georgia|GF French Guiana
GG Guernsey|GH Ghana|GI Gibraltar|GL Greenland|GM Gambia|GN Guinea|GP Guadeloupe|GQ Equatorial Guinea
GR Greece|GS South Georgia and the South Sandwich Islands|GT Guatemala|GU Guam|GW Guinea-Bissau|GY Guyana
HK Hong Kong|HM Heard Island and McDonald Islands|HN Honduras|HR Croatia|HT Haiti|HU Hungary|ID Indonesia
IE Ireland|IL Israel|IM Isle of Man|IN India|IO British Indian Ocean Territory|IQ Iraq|IR Iran|IS Iceland
IT Italy|JE Jersey|JM Jamaica|JO Jordan|JP Japan|KE Kenya|KG Kyrgyzstan|KH Cambodia|KI Kiribati|KM Comoros
KN Saint Kitts and Nevis|KP North Korea|KR South Korea|KW Kuwait|KY Cayman Islands|KZ Kazakhstan|LA Laos
LB Lebanon|LC Saint Lucia|LI Liechtenstein|LK Sri Lanka|LR Liberia|LS Lesotho|LT Lithuania|LU Luxembourg
LV Latvia|LY Libya|MA Morocco|MC Monaco|MD Moldova|ME Montenegro|MF Saint Martin|MG Madagascar
MH Marshall Islands|MK North Macedonia|ML Mali|MM Myanmar|MN Mongolia|MO Macao|MP Northern Mariana Islands
MQ Martinique|MR Mauritania|MS Montserrat|MT Malta|MU Mauritius|MV Maldives|MW Malawi|MX Mexico|MY Malaysia
MZ Mozambique|NA Namibia|NC New Caledonia|NE Niger|NF Norfolk Island|NG Nigeria|NI Nicaragua|NL Netherlands
NO Norway|NP Nepal|NR Nauru|NU Niue|NZ New Zealand|OM Oman|PA Panama|PE Peru|PF French Polynesia
PG Papua New Guinea|PH Philippines|PK Pakistan|PL Poland|PM Saint Pierre and Miquelon|PN Pitcairn
PR Puerto Rico|PS Palestine|PT Portugal|PW Palau|PY Paraguay|QA Qatar|RE Reunion|RO Romania|RS Serbia
RU Russia|RW Rwanda|SA Saudi Arabia|SB Solomon Islands|SC Seychelles|SD Sudan|SE Sweden|SG Singapore
SH Saint Helena|SI Slovenia|SJ Svalbard and Jan Mayen|SK Slovakia|SL Sierra Leone|SM San Marino|SN Senegal
SO Somalia|SR Suriname|SS South Sudan|ST Sao Tome and Principe|SV El Salvador|SX Sint Maarten|SY Syria
SZ Eswatini|TC Turks and Caicos Islands|TD Chad|TF French Southern Territories|TG Togo|TH Thailand
TJ Tajikistan|TK Tokelau|TL Timor-Leste|TM Turkmenistan|TN Tunisia|TO Tonga|TR Turkey|TT Trinidad and Tobago
TV Tuvalu|TW Taiwan|TZ Tanzania|UA Ukraine|UG Uganda|UM United States Minor Outlying Islands
US United States|UY Uruguay|UZ Uzbekistan|VA Vatican City|VC Saint Vincent and the Grenadines|VE Venezuela
VG British Virgin Islands|VI U.S. Virgin Islands|VN Vietnam|VU Vanuatu|WF Wallis and Futuna|WS Samoa
YE Yemen|YT Mayotte|ZA South Africa|ZM Zambia|ZW Zimbabwe
"""

NAMES: dict[str, str] = {
    entry[:2]: entry[3:] for line in _COUNTRIES.split("\n") if line for entry in line.split("|")
}

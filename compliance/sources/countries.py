"""Country names, as lists write them, to ISO 3166-1 alpha-2 codes."""

_CODES = """
AF Afghanistan
AL Albania
DZ Algeria
AO Angola
AG Antigua and Barbuda
AR Argentina
AM Armenia
AW Aruba
AU Australia
AT Austria
AZ Azerbaijan
BS Bahamas
BS Bahamas, The
BH Bahrain
BD Bangladesh
BB Barbados
BY Belarus
BE Belgium
BZ Belize
BJ Benin
BM Bermuda
BO Bolivia
BO Bolivia (Plurinational State of)
BA Bosnia and Herzegovina
BR Brazil
VG British Virgin Islands
BN Brunei
BG Bulgaria
BF Burkina Faso
MM Burma
CV Cabo Verde
KH Cambodia
CA Canada
CV Cape Verde
KY Cayman Islands
CF Central African Republic
CL Chile
CN China
HK China, Hong Kong Special Administrative Region
CO Colombia
KM Comoros
CD Congo, Democratic Republic of the
CG Congo, Republic of the
CR Costa Rica
CI Cote d Ivoire
CI Cote d'Ivoire
HR Croatia
CU Cuba
CY Cyprus
CZ Czech Republic
CZ Czechia
KP Democratic People's Republic of Korea
CD Democratic Republic of the Congo
DK Denmark
DJ Djibouti
DM Dominica
DO Dominican Republic
EC Ecuador
EG Egypt
SV El Salvador
GQ Equatorial Guinea
ER Eritrea
EE Estonia
ET Ethiopia
FJ Fiji
FI Finland
FR France
GM Gambia
GE Georgia
DE Germany
GH Ghana
GI Gibraltar
GR Greece
GT Guatemala
GN Guinea
GW Guinea-Bissau
GY Guyana
HT Haiti
HN Honduras
HK Hong Kong
HU Hungary
IS Iceland
IN India
ID Indonesia
IR Iran
IR Iran (Islamic Republic of)
IQ Iraq
IE Ireland
IL Israel
IT Italy
CI Ivory Coast
JM Jamaica
JP Japan
JE Jersey
JO Jordan
KZ Kazakhstan
KE Kenya
KP Korea, North
KR Korea, South
XK Kosovo
KW Kuwait
KG Kyrgyzstan
LA Lao People's Democratic Republic
LA Laos
LV Latvia
LB Lebanon
LR Liberia
LY Libya
LI Liechtenstein
LT Lithuania
LU Luxembourg
MO Macao
MO Macau
MY Malaysia
MV Maldives
ML Mali
MT Malta
IM Man, Isle of
MH Marshall Islands
MR Mauritania
MU Mauritius
MX Mexico
FM Micronesia
MD Moldova
MC Monaco
MN Mongolia
ME Montenegro
MA Morocco
MZ Mozambique
MM Myanmar
NA Namibia
NL Netherlands
NZ New Zealand
NI Nicaragua
NE Niger
NG Nigeria
KP North Korea
MK North Macedonia
MK North Macedonia, The Republic of
NO Norway
OM Oman
PK Pakistan
PW Palau
PS Palestinian
PA Panama
PY Paraguay
PE Peru
PH Philippines
PL Poland
PT Portugal
QA Qatar
KR Republic of Korea
MD Republic of Moldova
RO Romania
RU Russia
RU Russian Federation
RW Rwanda
KN Saint Kitts and Nevis
VC Saint Vincent and the Grenadines
WS Samoa
SM San Marino
SA Saudi Arabia
SN Senegal
RS Serbia
SC Seychelles
SL Sierra Leone
SG Singapore
SK Slovakia
SI Slovenia
SO Somalia
ZA South Africa
KR South Korea
SS South Sudan
ES Spain
LK Sri Lanka
PS State of Palestine
SD Sudan
SR Suriname
SZ Swaziland
SE Sweden
CH Switzerland
SY Syria
SY Syrian Arab Republic
TW Taiwan
TJ Tajikistan
TZ Tanzania
TH Thailand
GM The Gambia
TT Trinidad and Tobago
TN Tunisia
TR Turkey
TM Turkmenistan
TR Türkiye
UG Uganda
UA Ukraine
AE United Arab Emirates
GB United Kingdom
GB United Kingdom of Great Britain and Northern Ireland
TZ United Republic of Tanzania
US United States
US United States of America
UY Uruguay
UZ Uzbekistan
VU Vanuatu
VE Venezuela
VE Venezuela (Bolivarian Republic of)
VN Viet Nam
VN Vietnam
VG Virgin Islands, British
YE Yemen
ZM Zambia
ZW Zimbabwe
"""

_BY_NAME = {line[3:].casefold(): line[:2] for line in _CODES.strip().splitlines()}
_KNOWN = frozenset(_BY_NAME.values())


def country_code(text: str) -> str:
    """The code of the country that the text names, by name or by code; "" when it names none that is known."""
    words = " ".join(text.split()).strip(" .")
    if len(words) == 2 and words.upper() in _KNOWN:
        return words.upper()
    return _BY_NAME.get(words.casefold(), "")

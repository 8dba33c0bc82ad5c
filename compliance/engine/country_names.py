"""Country names, as lists write them, to ISO 3166-1 alpha-2 codes."""

import re

from compliance.engine.country_codes import ISO_COUNTRIES

_CODES = """
AD Andorra
AE United Arab Emirates
AF Afghanistan
AG Antigua and Barbuda
AI Anguilla
AL Albania
AM Armenia
AO Angola
AQ Antarctica
AR Argentina
AS American Samoa
AT Austria
AU Australia
AW Aruba
AX Aland Islands | Åland Islands
AZ Azerbaijan
BA Bosnia and Herzegovina
BB Barbados
BD Bangladesh
BE Belgium
BF Burkina Faso
BG Bulgaria
BH Bahrain
BI Burundi
BJ Benin
BL Saint Barthelemy | Saint Barthélemy
BM Bermuda
BN Brunei
BO Bolivia | Bolivia (Plurinational State of)
BQ Bonaire, Sint Eustatius and Saba
BR Brazil
BS Bahamas | Bahamas, The
BT Bhutan
BV Bouvet Island
BW Botswana
BY Belarus
BZ Belize
CA Canada
CC Cocos (Keeling) Islands
CD Congo (Kinshasa) | Congo, Democratic Republic of the | Congo, The Democratic Republic of the
CD Democratic Republic of the Congo
CF Central African Republic
CG Congo | Congo (Brazzaville) | Congo, Republic of the | Republic of the Congo
CH Switzerland
CI Cote d Ivoire | Cote d'Ivoire | Cote D'Ivoire (Ivory Coast) | Côte d'Ivoire | Ivory Coast
CK Cook Islands
CL Chile
CM Cameroon
CN China | People's Republic of China | PRC
CO Colombia
CR Costa Rica
CU Cuba
CV Cabo Verde | Cape Verde
CW Curacao | Curaçao
CX Christmas Island
CY Cyprus
CZ Czech Republic | Czechia | The Czech Republic
DE Germany
DJ Djibouti
DK Denmark
DM Dominica
DO Dominican Republic
DZ Algeria
EC Ecuador
EE Estonia
EG Egypt
EH Western Sahara
ER Eritrea
ES Spain
ET Ethiopia
FI Finland
FJ Fiji
FK Falkland Islands | Falkland Islands (Malvinas)
FM Micronesia | Micronesia (Federated States of) | Micronesia, Federated States of
FO Faroe Islands
FR France
GA Gabon
GB Great Britain | UK | United Kingdom | United Kingdom of Great Britain and Northern Ireland
GD Grenada
GE Georgia
GF French Guiana
GG Guernsey
GH Ghana
GI Gibraltar
GL Greenland
GM Gambia | The Gambia
GN Guinea
GP Guadeloupe
GQ Equatorial Guinea
GR Greece
GS South Georgia and the South Sandwich Islands
GT Guatemala
GU Guam
GW Guinea-Bissau
GY Guyana
HK China, Hong Kong Special Administrative Region | Hong Kong
HM Heard Island and McDonald Islands
HN Honduras
HR Croatia
HT Haiti
HU Hungary
ID Indonesia
IE Ireland
IL Israel
IM Isle of Man | Man, Isle of
IN India
IO British Indian Ocean Territory
IQ Iraq
IR Iran | Iran (Islamic Republic of) | Iran, Islamic Republic of
IS Iceland
IT Italy
JE Jersey
JM Jamaica
JO Jordan
JP Japan
KE Kenya
KG Kyrgyzstan
KH Cambodia
KI Kiribati
KM Comoros
KN Saint Kitts and Nevis
KP Democratic People's Republic of Korea | DPRK | Korea, Democratic People's Republic of | Korea (North)
KP Korea, North | North Korea
KR Korea (South) | Korea, Republic of | Korea, South | Republic of Korea | South Korea
KW Kuwait
KY Cayman Islands
KZ Kazakhstan
LA Lao People's Democratic Republic | Laos
LB Lebanon
LC Saint Lucia
LI Liechtenstein
LK Sri Lanka
LR Liberia
LS Lesotho
LT Lithuania
LU Luxembourg
LV Latvia
LY Libya
MA Morocco
MC Monaco
MD Moldova | Moldova, Republic of | Republic of Moldova
ME Montenegro
MF Saint Martin
MG Madagascar
MH Marshall Islands
MK Macedonia | Macedonia, The Former Yugoslav Republic of | North Macedonia | North Macedonia, The Republic of
MK The former Yugoslav Republic of Macedonia
ML Mali
MM Burma | Myanmar
MN Mongolia
MO Macao | Macau
MP Northern Mariana Islands
MQ Martinique
MR Mauritania
MS Montserrat
MT Malta
MU Mauritius
MV Maldives
MW Malawi
MX Mexico
MY Malaysia
MZ Mozambique
NA Namibia
NC New Caledonia
NE Niger
NF Norfolk Island
NG Nigeria
NI Nicaragua
NL Netherlands | The Netherlands
NO Norway
NP Nepal
NR Nauru
NU Niue
NZ New Zealand
OM Oman
PA Panama
PE Peru
PF French Polynesia
PG Papua New Guinea
PH Philippines | The Philippines
PK Pakistan
PL Poland
PM Saint Pierre and Miquelon
PN Pitcairn | Pitcairn Islands
PR Puerto Rico
PS Occupied Palestinian Territory | Palestine | Palestine, State of | Palestinian | Palestinian Territories
PS Palestinian Territory, Occupied | State of Palestine
PT Portugal
PW Palau
PY Paraguay
QA Qatar
RE Reunion | Réunion
RO Romania
RS Serbia
RU Russia | Russian Federation
RW Rwanda
SA Saudi Arabia
SB Solomon Islands
SC Seychelles
SD Sudan
SE Sweden
SG Singapore
SH Saint Helena | Saint Helena, Ascension and Tristan da Cunha
SI Slovenia
SJ Svalbard and Jan Mayen
SK Slovakia
SL Sierra Leone
SM San Marino
SN Senegal
SO Somalia
SR Suriname
SS South Sudan
ST Sao Tome and Principe | São Tomé and Príncipe
SV El Salvador
SX Sint Maarten
SY Syria | Syrian Arab Republic
SZ Eswatini | Swaziland
TC Turks and Caicos Islands
TD Chad
TF French Southern Territories
TG Togo
TH Thailand
TJ Tajikistan
TK Tokelau
TL East Timor | Timor-Leste
TM Turkmenistan
TN Tunisia
TO Tonga
TR Turkey | Türkiye
TT Trinidad and Tobago
TV Tuvalu
TW Taiwan | Taiwan, Province of China
TZ Tanzania | Tanzania, United Republic of | United Republic of Tanzania
UA Ukraine
UG Uganda
UM United States Minor Outlying Islands
US United States | United States of America | USA
UY Uruguay
UZ Uzbekistan
VA Holy See | Vatican City
VC Saint Vincent and the Grenadines
VE Venezuela | Venezuela (Bolivarian Republic of) | Venezuela, Bolivarian Republic of
VG British Virgin Islands | Virgin Islands, British
VI US Virgin Islands | Virgin Islands (U.S.) | Virgin Islands, U.S.
VN Viet Nam | Vietnam
VU Vanuatu
WF Wallis and Futuna
WS Samoa
XK Kosovo
YE Yemen
YT Mayotte
ZA South Africa
ZM Zambia
ZW Zimbabwe
"""

_SAINT = re.compile(r"^St\.? ", re.IGNORECASE)
_BY_NAME = {name.casefold(): line[:2] for line in _CODES.strip().splitlines() for name in line[3:].split(" | ")}


def country_code(text: str) -> str:
    """The code of the country that the text names, by name or by code; "" when it names none that is known."""
    words = _SAINT.sub("Saint ", " ".join(text.replace("\u2019", "'").split()).strip(" ."))
    if len(words) == 2 and words.upper() in ISO_COUNTRIES:
        return words.upper()
    return _BY_NAME.get(words.casefold(), "")

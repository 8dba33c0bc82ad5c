"""Numbers in words, as ordinals and in Roman numerals."""

from compliance.engine.naming.vocabulary.tables import meanings, word_set

NUMBERS = meanings("""
0: zero
1: one first 1st
2: two second 2nd
3: three third 3rd
4: four fourth 4th
5: five fifth 5th
6: six sixth 6th
7: seven seventh 7th
8: eight eighth 8th
9: nine ninth 9th
10: ten tenth 10th
11: eleven eleventh 11th
12: twelve twelfth 12th
13: thirteen thirteenth
14: fourteen fourteenth
15: fifteen fifteenth
16: sixteen sixteenth
17: seventeen seventeenth
18: eighteen eighteenth
19: nineteen nineteenth
20: twenty twentieth
30: thirty thirtieth
40: forty fortieth
50: fifty fiftieth
60: sixty
70: seventy
80: eighty
90: ninety
100: hundred hundredth
""")
TENS = word_set("""
20 30 40 50 60 70 80 90
""")
# I, V and X alone are initials or letters more often than numbers: they count where they stand last or before a form.
ROMAN = {
    "ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "xi": "11", "xii": "12",
    "xiii": "13", "xiv": "14", "xv": "15", "xvi": "16", "xx": "20",
}  # fmt: skip
ROMAN_LETTERS = {"i": "1", "v": "5", "x": "10"}

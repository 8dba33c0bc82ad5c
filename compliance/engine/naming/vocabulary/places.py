"""Countries, regions and great cities as they stand in company names, each with its meaning."""

from compliance.engine.naming.vocabulary.tables import meanings, phrases

PLACES = meanings("""
afghanistan: afghanistan afghan
albania: albania albanian
algeria: algeria algerian algerie
angola armenia
argentina: argentina argentine
australia: australia australian
austria: austria austrian osterreich oesterreich
azerbaijan: azerbaijan azerbaycan
bahrain bangladesh
belarus: belarus belarusian byelorussian belorussiya
belgium: belgium belgique belgie
bolivia: bolivia boliviana
brazil: brazil brasil brasileira
bulgaria: bulgaria bulgarian balgariya
cambodia canada cameroon
chile: chile chilena
china: china chinese zhongguo
colombia: colombia colombiana
congo croatia
cuba: cuba cubana cuban
cyprus: cyprus kypros
czechia: czechia czech ceska
denmark: denmark danmark dansk danish
egypt: egypt egyptian misr
england: england english
estonia: estonia eesti
ethiopia
finland: finland suomi finnish
france: france francaise french
georgia
germany: germany german deutschland deutsche
greece: greece hellas hellenic greek
hungary: hungary magyarorszag hungarian
iceland
india: india indian
indonesia
iran: iran iranian
iraq: iraq iraqi
ireland: ireland irish
israel: israel israeli
italy: italy italia italian italiana
japan: japan nippon nihon japanese
jordan
kazakhstan: kazakhstan kazakh qazaqstan
kenya
korea: korea korean
kuwait: kuwait kuwaiti
kyrgyzstan: kyrgyzstan kyrgyz
laos
latvia: latvia latvija
lebanon: lebanon lebanese liban
liberia
libya: libya libyan
lithuania: lithuania lietuva
luxembourg: luxembourg luxemburg
malaysia: malaysia malaysian
malta
mexico: mexico mexicana mexican
moldova mongolia morocco mozambique
myanmar: myanmar burma
netherlands: netherlands nederland holland dutch
nigeria: nigeria nigerian
norway: norway norge norwegian norsk
oman
pakistan: pakistan pakistani
panama paraguay
peru: peru peruana
philippines: philippines philippine
poland: poland polska polish
portugal: portugal portuguese portuguesa
qatar
romania: romania romana
russia: russia russian rossiya rossii rossiyskaya rossiyskiy rus russland
saudi: saudi ksa
senegal
serbia: serbia srbija
singapore
slovakia: slovakia slovensko
slovenia: slovenia slovenija
somalia
spain: spain espana espanola spanish
sudan: sudan sudanese
sweden: sweden sverige swedish svenska
switzerland: switzerland schweiz suisse svizzera swiss
syria: syria syrian syrie
taiwan tajikistan tanzania
thailand: thailand thai
tunisia: tunisia tunisie
turkey: turkey turkiye turk turkish
turkmenistan: turkmenistan turkmen
uae: uae emirates
uganda
uk: uk britain british gb
ukraine: ukraine ukrainian ukraina ukrayina
uruguay
usa: usa us american
uzbekistan: uzbekistan uzbek
venezuela: venezuela venezolana
vietnam: vietnam viet
yemen: yemen yemeni
zimbabwe
europe: europe european europa euro evropa
asia: asia asian pacific
africa: africa african
america: america americas americana latam
eurasia: eurasia eurasian
mideast: mideast gulf
moscow: moscow moskva moskovskiy moskovskaya
petersburg: petersburg peterburg
kyiv: kyiv kiev
minsk tehran
dubai: dubai dubay
london paris berlin beijing shanghai shenzhen guangzhou hongkong macau tokyo seoul pyongyang damascus beirut baghdad
istanbul
""")
PLACE_PHRASES = phrases("""
democratic peoples republic of korea = northkorea
islamic republic of iran = iran
peoples republic of china = china
dprk = northkorea
hong kong = hongkong
u k = uk
u s a = usa
u s = us
u a e = uae
united kingdom = uk
great britain = uk
united states of america = usa
united states = usa
united arab emirates = uae
saudi arabia = saudi
saudi arabian = saudi
middle east = mideast
north korea = northkorea
south korea = korea
new zealand = newzealand
new york = newyork
los angeles = losangeles
south africa = southafrica
south african = southafrica
sri lanka = srilanka
costa rica = costarica
puerto rico = puertorico
czech republic = czechia
russian federation = russia
rossiyskoy federatsii = russia
viet nam = vietnam
far east = fareast
tel aviv = telaviv
""")

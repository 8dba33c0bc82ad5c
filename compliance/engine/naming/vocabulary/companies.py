"""Company forms of many countries by what they are, and the words that tell trade or make, not who.

Forms after ISO 20275 (the GLEIF code list of entity legal forms), written in plain Latin letters as `plain` gives them.
"""

from compliance.engine.naming.vocabulary.tables import meanings, phrases, word_set

# Names of one class may differ in their form only by how a country or a clerk writes it. "company" goes with any other.
FORMS = meanings("""
limited: ltd limited llc lc gmbh mbh ges gesmbh ug kft doo dooel ood eood oodd ooo tov tzov too mchj osoo lda ltda
limited: limitada
limited: sarl sarlau srl srls spzoo zoo sro bv bvba besloten fzc fze fzco fzllc wll spc sdn bhd sendirian berhad pte
limited: pty pvt
limited: private prive sasu eurl sti ltdsti sirketi aps oy yk yugen gk mmc sia uab ou kht dac lpl
stock: ag akg aktiengesellschaft ab aktiebolag as aktieselskab sa spa nv plc jsc ojsc cjsc pjsc ao oao zao pao aoot
stock: aozt at pat vat
stock: prat pt tbk kk kabushiki kaisha oyj asa rt nyrt zrt sab saa anonyme anonima anonim aksjeselskap ad ead akcyjna
stock: ehf hf
stock: psc pjs saog qsc qpsc ksc kscc kscp sal sao saoc ca saca spolka jointstock akcine se sae sas
partnership: lp llp lllp kg kgaa ohg gbr cv vof scs scsp sca snc sp slp
partnership: partnership komandit komanditgesellschaft kommandit
company: co company corp corporation inc incorporated cie compagnie compania companhia kompaniya kompania gesellschaft
company: societe sociedad societa spolecnost spoleczosc companies corporate korporatsiya corporacion dba dbas haftung
company: beschrankter
foundation: stiftung foundation fundacion fundacja fond fundatia stichting vakif
state: fgup gup mup fgbu fgbou fgau fku kgup gku sue fsue goup rup rue ue upe chup
association: ev vzw asbl ngo ano verein association associazione asociacion assotsiatsiya
trader: ip fop
""")
PHRASES = phrases("""
joint stock company = jsc
joint stock compan = jsc
open joint stock company = ojsc
closed joint stock company = cjsc
public joint stock company = pjsc
private joint stock company = cjsc
joint stock co = jsc
otkrytoe aktsionernoe obshchestvo = oao
otkrytoye aktsionernoye obshchestvo = oao
zakrytoe aktsionernoe obshchestvo = zao
zakrytoye aktsionernoye obshchestvo = zao
publichnoe aktsionernoe obshchestvo = pao
publichnoye aktsionernoye obshchestvo = pao
aktsionernoe obshchestvo = ao
aktsionernoye obshchestvo = ao
obshchestvo s ogranichennoy otvetstvennostyu = ooo
obshchestvo s ogranichennoi otvetstvennostyu = ooo
obshchestvo s ogranichennoj otvetstvennostju = ooo
obshestvo s ogranichennoy otvetstvennostyu = ooo
obshchestvo c ogranichennoy otvetstvennostyu = ooo
obshchestvo s ogranichennoy otvetstvennost = ooo
tovarystvo z obmezhenoyu vidpovidalnistyu = tov
tovaristvo z obmezhenoyu vidpovidalnistyu = tov
individualnyy predprinimatel = ip
federalnoe gosudarstvennoe unitarnoe predpriyatie = fgup
federal state unitary enterprise = fgup
republican unitary enterprise = rup
scientific production association = npo
scientific and production association = npo
nauchno proizvodstvennoe obedinenie = npo
nauchno proizvodstvennoye obyedineniye = npo
scientific production enterprise = npp
scientific and production enterprise = npp
nauchno proizvodstvennoe predpriyatie = npp
nauchno proizvodstvennoye predpriyatiye = npp
tovarishchestvo s ogranichennoy otvetstvennostyu = too
limited liability company = llc
limited liability partnership = llp
limited partnership = lp
public limited company = plc
private limited company = ltd
private limited = ltd
proprietary limited = ltd
company limited = ltd
co limited = ltd
co ltd = ltd
pte ltd = ltd
pty ltd = ltd
pvt ltd = ltd
sdn bhd = ltd
gesellschaft mit beschrankter haftung = gmbh
mit beschrankter haftung = mbh
sociedad anonima de capital variable = sa
sa de cv = sa
sapi de cv = sa
s de rl de cv = srl
srl de cv = srl
de rl de cv = srl
sociedad anonima = sa
sociedade anonima = sa
societe anonyme = sa
societe par actions simplifiee = sas
societe a responsabilite limitee = sarl
societatea cu raspundere limitata = srl
societa a responsabilita limitata = srl
societa per azioni = spa
sociedad de responsabilidad limitada = srl
spolka z ograniczona odpowiedzialnoscia = spzoo
spolka akcyjna = sa
sp z o o = spzoo
sp zoo = spzoo
sp z oo = spzoo
s p a = spa
spol s r o = sro
spol sro = sro
drustvo s ogranicenom odgovornoscu = doo
s r o = sro
d o o = doo
a s = as
free zone establishment = fze
free zone company = fzco
anonim sirketi = as
limited sirketi = ltd
kabushiki kaisha = kk
kabushiki gaisha = kk
naamloze vennootschap = nv
besloten vennootschap = bv
n a = na
""")
# Words of trade or make: two names that differ in one of them are two companies of one group, or of none.
TRADES = meanings("""
bank: bank banka banco banque banca bankas bancorp banking
trading: trading trade trader traders torgovyy torgovyi torgovaya torgovlya handel handels comercio commercial commerce
trading: comercial ticaret kereskedelmi trgovina tijarat tijara commercio
group: group gruppe grupo groupe gruppo gruppa grupp grup groups
holding: holding holdings kholding hold
international: international intl internacional internazionale mezhdunarodnyy mezhdunarodnaya mezhdunarodny uluslararasi
industry: industry industries industrial industrie industria promyshlennost promyshlennyy promyshlennaya sanayi sanat
technology: technology technologies technological tekhnologii tekhnologiya tech tecnologia technologie teknoloji technic
technical: technical technics tekhnika tekhnicheskiy teknik
system: system systems sistema sistemy systeme sistemas
service: service services servis servisy servicios dienstleistungen xizmat
engineering: engineering inzhiniring ingenieria ingegneria muhendislik engineers
electronic: electronic electronics elektronika elektronik elektronnyy electronica electronique
production: production productions proizvodstvennyy proizvodstvennaya proizvodstvo produktion uretim
scientific: scientific nauchnyy nauchno nauchnaya science sciences wissenschaft
research: research issledovatelskiy issledovatelskaya issledovaniy forschung
institute: institute institut instituto institution nii
university: university universitet universitat universite universidad universita universitesi univ
center: center centre tsentr zentrum centro centr markaz
plant: plant zavod werk fabrika factory fabrik fabrica works mill kombinat kombinatas usine
instrument: instrument instruments instrumental priborostroitelnyy priborostroitelnyi priborostroyeniya pribor
machine: machine machinery mashinostroitelnyy mashinostroeniya mashinostroitelnaya maschinenbau machines mashin
shipbuilding: shipbuilding shipyard sudostroitelnyy sudostroitelnaya werft shipyards tersane
npo: npo
npp: npp
club: club klub clube
shipping: shipping parokhodstvo sudokhodnaya sudokhodstvo reederei shiplines navigation navegacion nakliyat denizcilik
marine: marine maritime morskoy morskaya maritima
transport: transport transportation transportes transportnaya logistics logistik logistika logistic freight cargo
aviation: aviation airlines airline airways aviakompaniya aviatsionnyy air aero aerospace aviatsiya havacilik
oil: oil petroleum neft neftyanaya neftyanoy petrol petro petroleo petrolifera
gas: gas gaz gazovaya gazovyy
energy: energy energiya energetika energetic energie energia enerji power elektroenergetika
chemical: chemical chemicals khimicheskiy khimicheskaya chemie quimica kimya chem petrochemical petrochemicals
mining: mining gornaya gornyy gorno mineria mines minerals mineral bergbau maden
metal: metal metals metallurgical metallurgicheskiy metallurgiya steel stal metallurgy aluminium aluminum
insurance: insurance strakhovaya strakhovoye seguros versicherung assurance sigorta reinsurance
investment: investment investments invest investitsionnaya investitsii inversiones capital kapital yatirim
finance: finance financial finans finansovaya finanz finanzas financiera credit kredit
trust: trust trustees trustee
fund: fund funds
construction: construction constructions stroitelnaya stroitelnyy stroy bau construcciones insaat building builders
construction: contracting
development: development razvitie razvitiya entwicklung desarrollo developments
management: management upravlyayushchaya upravlenie verwaltung gestion
enterprise: enterprise enterprises predpriyatie unternehmen empresa entreprise establishment est
business: business businesses biznes
solution: solution solutions
consulting: consulting consultants consultancy consult konsalting advisory advisors
security: security okhrannoe okhrannaya bezopasnost sicherheit seguridad
military: military voennyy voenno militar defense defence oborona oboronnyy
ministry: ministry ministerstvo ministerium ministerio ministere
state: state gosudarstvennyy gosudarstvennaya gosudarstvennoe national natsionalnyy natsionalnaya nacional
federal: federal federalnoe federalnyy federalnaya bundes
bureau: bureau byuro buro office agency agentstvo agentur agencia
design: design konstruktorskoe konstruktorskoye konstruktorskiy
import: import importing
export: export exporting
media: media press pressa news broadcasting publishing izdatelstvo
medical: medical meditsinskiy meditsinskaya medizin medica pharma pharmaceutical pharmaceuticals farma
food: food foods produkty alimentos agro agricultural agriculture agricultura
auto: auto automotive automobile automobiles avto motor motors avtomobilnyy
equipment: equipment oborudovanie supply supplies supplier material materials
communication: communication communications svyaz telecom telecommunications telekom telekommunikatsii
network: network networks
computer: computer computers computing compute data digital software informatsionnyy information informatics
real: real realty immobilien nedvizhimost estate properties property
product: product products produkt
city: city gorod stadt
union: union soyuz
society: society obshchestvo
organization: organization organisation organizatsiya organizacion orga
house: house dom haus
school college academy akademiya
brigade: brigade brigades brigada
general: general generalnyy allgemeine
global: global globalnyy world worldwide mondial
new: new novyy novaya neue nueva
exchange: exchange exchanges birzha remittance hawala sarrafi
partners: partners partner associates brothers bros sons
line: line lines
store: store stores shop magazin
committee: committee komitet council sovet
front movement party army group corps force forces
""")
# Words that go with any name and tell nothing by themselves.
STOPS = word_set("""
the of and for in at on to by an de del der des die und et la le les los las da do dos das di du na im mv mt ss
making al el ul za i e y republic respublika respubliki
""")
ABBREVIATED = phrases("""
int l = international
instrument making = instrument
machine building = machine
machine tool = machine
tool making = machine
ship building = shipbuilding
intl = international
internat l = international
nat l = national
natl = national
ass n = association
assn = association
dep t = department
dept = department
gov t = government
govt = government
mfg = manufacturing
mgmt = management
svcs = services
svc = services
shpg = shipping
shppg = shipping
univ = university
inst = institute
tech = technology
""")
# Written in Chinese characters: read before the rest becomes Latin letters.
IN_CHARACTERS = phrases("""
شركة مساهمة = jsc
شركة = company
شرکت = company
ش ذ م م = llc
ش.ذ.م.م = llc
ش.م.م = llc
ش م م = llc
ش م ح = fze
مؤسسة = establishment
للتجارة = trading
تجارة = trading
تجارت = trading
صنعت = industry
صنایع = industry
الصناعية = industry
بانک = bank
بنك = bank
مصرف = bank
صرافی = exchange
للصرافة = exchange
گروه = group
مجموعة = group
بین المللی = international
الدولية = international
نفت = oil
پتروشیمی = petrochemical
جامعة = university
دانشگاه = university
مهندسی = engineering
توسعه = development
هواپیمایی = aviation
حمل و نقل = transport
بازرگانی = trading
کشتیرانی = shipping
سرمایه گذاری = investment
股份有限公司 = co ltd
ООО УК = ooo management
ООО ТД = ooo trading house
有限责任公司 = co ltd
有限責任公司 = co ltd
有限公司 = co ltd
集团公司 = group co
集團公司 = group co
集团 = group
集團 = group
公司 = company
株式会社 = kk
合同会社 = gk
有限会社 = yk
주식회사 = kk
유한회사 = ltd
技术 = technology
技術 = technology
科技 = technology
贸易 = trading
貿易 = trading
国际 = international
國際 = international
银行 = bank
銀行 = bank
工业 = industry
工業 = industry
实业 = industry
實業 = industry
电子 = electronics
電子 = electronics
石油 = petroleum
航空 = aviation
研究所 = research institute
研究院 = research institute
大学 = university
大學 = university
进出口 = import export
進出口 = import export
物流 = logistics
船务 = shipping
船務 = shipping
航运 = shipping
航運 = shipping
投资 = investment
投資 = investment
控股 = holding
中国 = china
中國 = china
北京 = beijing
上海 = shanghai
深圳 = shenzhen
广州 = guangzhou
香港 = hong kong
朝鲜 = korea
朝鮮 = korea
""")

"""Titles, particles, short forms of given names, and the family names of East Asia in Latin letters."""

from compliance.engine.naming.vocabulary.tables import all_meanings, letters, meanings, word_set

# Before or after a name and no part of it.
TITLES = word_set("""
mr mrs ms miss mister dr doctor prof professor sir lord lady dame hon honorable rev reverend father brother sister
eng ing dipl mag phd md esq jr sr senior junior shaikh sheikh sheik shaykh cheikh haji hajji hajj hadji el-hajj
al-hajj alhaj mullah mulla maulana mawlawi maulavi mawlana qari hafiz imam ustad ustadh ayatollah sayyid sayyed
sayed seyed seyyed general gen colonel col lieutenant lt major maj captain capt commander cdr brigadier admiral
sergeant marshal president prasident presidente minister premier senator governor ambassador excellency prince
princess emir amir sultan king queen comrade comandante herr frau fraulein monsieur madame mademoiselle mme mlle
senor senora senorita don dona signor signora gospodin gospozha pan pani dato datuk tun haj daw thakin hadj el-hadj
""")
# Titles that are given names as well: left out only if enough of a name remains.
SOMETIMES_TITLES = word_set("""
sayyid sayyed sayed seyed seyyed hafiz imam amir emir sultan prince king general major don pan tun father brother
sister hon mag lord lady dona ing eng col gen maj senior junior premier queen sheikh shaikh sheik shaykh commander
marshal haji hajji hajj hadji alhaj
""")
# Between the parts of a name; written or left out, joined or apart, by whoever writes it.
PARTICLES = word_set("""
al el ul ur as ash az ar an ad at as-s bin ibn ben bint binti bnt ould uld ag wa wuld abu abou umm um de del della
dela di da do dos das du des la le las los lo van von vom zu zum zur der den dem ten ter te und and af av st san
santa saint
""")
# The word after one of these is the father's name.
FATHER_OF = word_set("""
bin ibn ben bint binti bnt ould uld wuld ag
""")
KUNYA = word_set("""
abu abou abi umm um
""")
COMPANY_TAILS = word_set("""
llc ltd inc corp gmbh ooo company limited plc
""")
# One name in the spellings of Russia, Belarus, Ukraine and Central Asia: a passport has one, a list the other.
COGNATES = meanings("""
alexander: aliaksandr alyaksandr oleksandr aleksandr alexandr alexander aleksander oleksander
alexei: aliaksei alyaksey oleksiy oleksii oleksi alexei alexey aleksey aleksei alexej
anatoly: anatol anatoliy anatolii anatoly anatoli
andrei: andriy andrii andrei andrey andrej
anton: antin anton
catherine: katsiaryna katsyaryna kateryna ekaterina yekaterina
daniel: danylo danila daniil danil
dmitry: dzmitry dzmitryy dmytro dmitry dmitriy dmitri dmitrii
elena: alena olena elena yelena
evgeny: yauhen yaugeniy yauheni yevhen yevhenii yevgeniy yevgeny evgeny evgeniy evgenii
george: heorhiy heorhii georgiy georgy georgii
grigory: ryhor hryhoriy hryhorii grigory grigoriy grigorii
igor: ihar ihor igor
konstantin: kanstantsin kostyantyn kostiantyn konstantin
maksim: maksym maxim maksim
michael: mikhail mikhas mykhailo mykhaylo mihail
natalia: nataliia nataliya natalia natallia natalya
nikita: mikita mykyta nikita
nikolai: mikalai mikalay mykola nikolai nikolay nikolaj
oleg: aleh oleh oleg alieh
olga: volha olha olga
paul: pavel pavlo
peter: piotr petro pyotr petr
sergei: siarhei syarhey siarhey serhiy serhii sergei sergey sergej sergiy serge
stepan: stsiapan stepan
svetlana: sviatlana svitlana svetlana
timothy: tsimafei tymofiy timofey timofei
valery: valeriy valerii valery valeri
vasily: vasil vasyl vasily vasiliy vasilii
victor: viktar viktor victor
vitaly: vital vitaliy vitalii vitaly vitali
vladimir: uladzimir volodymyr vladimir volodimir wladimir
vladislav: uladzislau vladyslav vladislav
vyacheslav: viachaslau viacheslav vyacheslav vjaceslav
yuri: iurii yurii yuriy yury yuri iury jurij yurij
""")
# Short forms, each with the given names that it may stand for.
SHORT_FORMS = all_meanings("""
alexander: alex sasha sascha shura alec sandro alexandr aleksandr aleksander olexandr oleksandr sanya
alexei: alyosha lyosha
anatoly: tolya
andrew: andy andrei andrey
anna: anya ania annie
anthony: tony antonio antony toni
barack: barry
benjamin: ben benny bibi benji binyamin
boris: borya
catherine: kate kathy katie cathy katya katharine ekaterina yekaterina katherine
charles: charlie chuck chas carlos
christopher: chris kris
constantine: kostya konstantin
daniel: dan danny dani danila
david: dave davy
dmitry: dima mitya dmitri dmitriy dimitri
donald: don donnie
edward: ed eddie ted ned eduard
elizabeth: liz lizzie beth betty eliza lisa elisabeth
eugene: gene zhenya evgeny evgeniy yevgeny yevgeniy evgenii
francis: frank francisco paco pancho
frederick: fred freddy
gabriel: gabe
gennady: gena
george: georgy georgi
gregory: greg grisha grigory
harold: harry hal
henry: harry hank enrique
igor: gosha
ivan: vanya
jacob: jake yakov yasha
james: jim jimmy jamie
jennifer: jen jenny
john: jack johnny jon
joseph: joe joey jose pepe yosef iosif
juan: juanito
konstantin: kostya
kenneth: ken kenny
lawrence: larry
leonard: len lenny leo
leonid: lyonya
louis: lou luis
margaret: maggie meg peggy greta rita
maria: masha mary marie mariya
matthew: matt
michael: mike mick mickey misha mikhail mikhael miguel micha
mohammad: mo
nathaniel: nate nathan
nicholas: nick nikolai nikolay nikolas kolya nicolas
oleg: olezhka
olga: olya
patrick: pat paddy
paul: pasha pavel pablo
peter: pete petya petr pyotr pedro
philip: phil
raymond: ray
rebecca: becky
richard: rick dick ricky rich
robert: bob bobby rob robbie bert
roman: roma
ronald: ron ronnie
samuel: sam sammy
sergei: seryozha serge
stanislav: stas slava
stephen: steve stepan steven
susan: sue susie
svetlana: sveta
tatiana: tanya tania
theodore: ted teddy theo fyodor
thomas: tom tommy
timothy: tim timmy
valentin: valya
victor: vic vitya viktor
vladimir: vova volodya vlad volodymyr
vladislav: vlad slava
victoria: vicky vika
vyacheslav: slava
walter: walt wally
william: bill billy will willy liam
yelena: lena elena
yuri: yura
zachary: zach zack
""")
# Family names of China, Korea and Vietnam as they are written in Latin letters.
EAST_ASIAN_FAMILIES = word_set("""
an bae baek bai bak ban bang bao bi bian bo bu cai cao cha chae chai chan chang chao che chen cheng cheon cheong
cheung chi chien chin ching chiu cho choe choi chon chong chou chow choy chu chua chuang chui chun chung cui dai
dang dao deng ding do doan dong dou du duan eom fan fang fei feng fong fu fung gan gao ge geng gi gil go gong goh
gou gu guan guo ha hahm ham han hao he heo ho hoang hong hou hsia hsiao hsieh hsu hsueh hu hua huang hui hung huo
huynh hwang hyon im jang jeon jeong jeung ji jia jian jiang jiao jie jin jing jo jon jong joo joon ju jung kam kan
kang kao ke ki kil kim ko kong ku kuan kuang kuk kung kuo kwak kwan kwok kwon lai lam lan lao lau law le lee lei
leng leong leung li lian liang liao lie lien lim lin ling liu lo long lu lui luk lung luo luong lyu ma mai man mao
mei men meng miao min ming mo moon mu mun myong na nam ng ngai ngo nguyen ni nie ning no noh o oh ong ou pae paek
pai pak pan pang park pei peng pham phan pi piao ping pyo pyon qi qian qiao qin qiu qu quan quek rao ren ri ro rong
ruan rui ryang ryom ryu sha shan shang shao she shen sheng shi shih shin shum shun si sim sin sit siu so sohn sok
son song su suh sui sun sung sze szeto tai tam tan tang tao teng tian tien tiu to tong tran tsai tsang tsao tse
tseng tsoi tsui tu tuan tung u uhm um ung wan wang wei wen wong woo wu xi xia xiang xiao xie xin xing xiong xu xuan
xue yam yan yang yao ye yeh yen yeo yeoh yeon yeong yeung yi yim yin ying yip yoo yoon you yu yuan yuen yue yum yun
yung zeng zha zhai zhan zhang zhao zhen zheng zhi zhong zhou zhu zhuang zhuo zong zou zu zuo
""")
# Family names whose character is read otherwise than elsewhere.
FAMILY_READINGS = letters("""
shan: 单 單
zeng: 曾
xie: 解
zha: 查
ge: 盖 蓋 葛
qiu: 仇
zhai: 翟
ou: 区 區
yu: 尉
yue: 乐 樂
po: 繁
yun: 员
miao: 缪 繆
yin: 尹
piao: 朴
ren: 任
""")

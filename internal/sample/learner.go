package sample

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// learner is one person. Nothing is kept of a learner: the number says it all,
// so that there may be millions.
type learner struct {
	number      int
	first, last name
	department  *department
	role        string
	place       *place
	skill       int // 0 … 99
}

type department struct {
	name  string
	roles []string
}

var departments = []department{
	{"Operations", []string{"Machine operator", "Shift leader", "Maintenance technician"}},
	{"Field service", []string{"Technician", "Dispatcher", "Service lead"}},
	{"Sales", []string{"Account executive", "Sales engineer", "Regional manager"}},
	{"Customer support", []string{"Support agent", "Support lead", "Knowledge editor"}},
	{"Logistics", []string{"Forklift driver", "Warehouse clerk", "Fleet planner"}},
	{"Finance", []string{"Accountant", "Controller", "Payroll clerk"}},
	{"Human resources", []string{"Recruiter", "People partner", "Trainer"}},
	{"Engineering", []string{"Software engineer", "Test engineer", "Product designer"}},
	{"Quality", []string{"Inspector", "Auditor", "Laboratory assistant"}},
}

type place struct {
	name     string
	language int // in languages
	zone     int // minutes ahead of UTC
	names    int // in names
}

var places = []place{
	{"Hamburg", de, 60, 0},
	{"Leeds", en, 0, 0},
	{"Lyon", fr, 60, 0},
	{"Valencia", es, 60, 0},
	{"Rotterdam", nl, 60, 0},
	{"Curitiba", pt, -180, 0},
	{"Osaka", ja, 540, 1},
	{"Denver", en, -420, 0},
	{"Graz", de, 60, 0},
	{"Bengaluru", en, 330, 0},
}

type name struct{ written, plain string } // plain: in a mail address

// names are first and last names, by script.
var names = [2][2][]name{
	{
		{
			{"Ada", "ada"},
			{"Björn", "bjoern"},
			{"Chloé", "chloe"},
			{"Daniel", "daniel"},
			{"Elif", "elif"},
			{"Fatima", "fatima"},
			{"Giulia", "giulia"},
			{"Hannah", "hannah"},
			{"Ibrahim", "ibrahim"},
			{"Jürgen", "juergen"},
			{"Katarzyna", "katarzyna"},
			{"Liam", "liam"},
			{"María", "maria"},
			{"Nikhil", "nikhil"},
			{"Olivia", "olivia"},
			{"Pieter", "pieter"},
			{"Quentin", "quentin"},
			{"Rafael", "rafael"},
			{"Siobhán", "siobhan"},
			{"Tomás", "tomas"},
			{"Uma", "uma"},
			{"Vera", "vera"},
			{"Wanjiru", "wanjiru"},
			{"Xavier", "xavier"},
			{"Yusuf", "yusuf"},
			{"Zoë", "zoe"},
			{"Aisha", "aisha"},
			{"Bruno", "bruno"},
			{"Carla", "carla"},
			{"Deepa", "deepa"},
			{"Emil", "emil"},
			{"Femke", "femke"},
		},
		{
			{"Almeida", "almeida"},
			{"Bakker", "bakker"},
			{"Carvalho", "carvalho"},
			{"Dubois", "dubois"},
			{"Evans", "evans"},
			{"Fernández", "fernandez"},
			{"García", "garcia"},
			{"Haddad", "haddad"},
			{"Iyer", "iyer"},
			{"Jansen", "jansen"},
			{"Kowalski", "kowalski"},
			{"Lefèvre", "lefevre"},
			{"Müller", "mueller"},
			{"Nguyen", "nguyen"},
			{"O’Brien", "obrien"},
			{"Petrov", "petrov"},
			{"Quispe", "quispe"},
			{"Rossi", "rossi"},
			{"Schäfer", "schaefer"},
			{"Tremblay", "tremblay"},
			{"Umarov", "umarov"},
			{"Visser", "visser"},
			{"Weber", "weber"},
			{"Xu", "xu"},
			{"Yılmaz", "yilmaz"},
			{"Zimmermann", "zimmermann"},
			{"Okafor", "okafor"},
			{"Lindqvist", "lindqvist"},
			{"Moreau", "moreau"},
			{"Silva", "silva"},
			{"Thompson", "thompson"},
			{"van den Berg", "vandenberg"},
		},
	},
	{
		{
			{"花子", "hanako"}, {"太郎", "taro"}, {"陽菜", "hina"}, {"蓮", "ren"}, {"結衣", "yui"}, {"大翔", "hiroto"}, {"美咲", "misaki"}, {"健太", "kenta"},
		},
		{
			{"佐藤", "sato"}, {"鈴木", "suzuki"}, {"高橋", "takahashi"}, {"田中", "tanaka"}, {"伊藤", "ito"}, {"渡辺", "watanabe"}, {"山本", "yamamoto"}, {"中村", "nakamura"},
		},
	},
}

// mix is a step of SplitMix64: near numbers become far ones.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// digits deals out the entropy of a number.
type digits uint64

func (d *digits) below(n int) int {
	value := int(uint64(*d) % uint64(n))
	*d /= digits(n)
	return value
}

// learner returns learner number i of this organisation.
func (g *Generator) learner(i int) learner {
	seed := uint64(i)
	for _, c := range []byte(g.options.Organisation) {
		seed = seed*131 + uint64(c)
	}
	d := digits(mix(seed))
	p := &places[d.below(len(places))]
	script := &names[p.names]
	dep := &departments[d.below(len(departments))]
	return learner{
		number:     i,
		first:      script[0][d.below(len(script[0]))],
		last:       script[1][d.below(len(script[1]))],
		department: dep,
		role:       dep.roles[d.below(len(dep.roles))],
		place:      p,
		skill:      d.below(100),
	}
}

// Person returns the name and the mail address of learner number i of an
// organisation, as its directory has them.
func Person(organisation string, i int) (name, address string) {
	g := &Generator{options: Options{Organisation: organisation}}
	l := g.learner(i)
	g.mail(&l)
	return l.first.written + " " + l.last.written, string(g.w.b)
}

// mail writes the learner's mail address.
func (g *Generator) mail(l *learner) {
	g.w.put(l.first.plain, ".", l.last.plain, ".")
	g.w.int(l.number)
	g.w.put("@", g.options.Organisation, ".example")
}

// agent writes a learner the way the platform knows them: always the same for
// the same learner, mostly by account or mail address.
func (g *Generator) agent(l *learner) {
	w := &g.w
	w.put(`{"objectType":"Agent","name":"`)
	if l.place.names == 1 {
		w.put(l.last.written, " ", l.first.written)
	} else {
		w.put(l.first.written, " ", l.last.written)
	}
	switch kind := mix(uint64(l.number)) % 100; {
	case kind < 58:
		w.put(`","account":{"homePage":"`, g.home, `","name":"`, g.options.Organisation, `-`)
		w.int(100_000 + l.number)
		w.put(`"}}`)
	case kind < 95:
		w.put(`","mbox":"mailto:`)
		g.mail(l)
		w.put(`"}`)
	case kind < 98:
		sum := sha256.Sum256([]byte(strconv.Itoa(l.number) + g.options.Organisation)) // of an address that the tool keeps to itself
		w.put(`","mbox_sha1sum":"`)
		w.b = hex.AppendEncode(w.b, sum[:20])
		w.put(`"}`)
	default:
		w.put(`","openid":"https://id.`, g.options.Organisation, `.example/people/`)
		w.int(100_000 + l.number)
		w.put(`"}`)
	}
}

// about writes what the platform knows of a learner, as members of the
// context's extensions.
func (g *Generator) about(l *learner) {
	g.w.put(`"`, Department, `":"`, l.department.name, `","`, Location, `":"`, l.place.name, `","`, Role, `":"`, l.role, `"`)
}

// The context extensions that tell where a learner belongs.
const (
	Department = "https://xapi.example.org/extensions/department"
	Location   = "https://xapi.example.org/extensions/location"
	Role       = "https://xapi.example.org/extensions/role"
)

// slug is a title in the letters of an address.
func slug(title string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, title), "-")
}

package sample

import (
	"fmt"
	"strconv"
)

// course is a course of the catalogue; its JSON is rendered once.
type course struct {
	number   int
	language int
	title    string
	path     string // of its URL, without a slash at the end
	ref      string // the activity without a definition
	activity string // the activity with type and name
	full     string // the activity with a description too
	mastery  int    // thousandths that pass
	hardness int    // 0 … 99
	modules  []module
}

type module struct {
	title    string
	id       string
	activity string // with type and name
	length   int64  // ms
}

const (
	courseType = "http://adlnet.gov/expapi/activities/course"
	moduleType = "http://adlnet.gov/expapi/activities/module"
)

// makeCourses fills the catalogue: the same number has the same course in
// every generator of an organisation.
func (g *Generator) makeCourses() []course {
	courses := make([]course, g.options.Courses)
	for i := range courses {
		d := digits(mix(uint64(i) ^ 0xc0))
		topic := &topics[i%len(topics)]
		level := &levels[i/len(topics)%len(levels)]
		language := [...]int{en, en, de, en, fr, es, nl, en, pt, ja, de}[d.below(11)]
		c := &courses[i]
		c.number, c.language = i, language
		c.title = topic[language] + " – " + level[language]
		if round := i / (len(topics) * len(levels)); round > 0 {
			c.title += " " + strconv.Itoa(round+1)
		}
		c.path = fmt.Sprintf("%s/courses/%s-%d", g.home, slug(topic[en]), 1000+i)
		c.mastery = [...]int{700, 750, 800, 800, 850}[d.below(5)]
		c.hardness = d.below(60)
		tag := languages[language]
		c.ref = `{"objectType":"Activity","id":"` + c.path + `"}`
		c.activity = fmt.Sprintf(`{"objectType":"Activity","id":%q,"definition":{"type":%q,"name":{%q:"%s"}}}`, c.path, courseType, tag, c.title)
		c.full = fmt.Sprintf(`{"objectType":"Activity","id":%q,"definition":{"type":%q,"name":{%q:"%s"},"description":{%q:"%s"}}}`,
			c.path, courseType, tag, c.title, tag, intros[language])
		c.modules = make([]module, 3+d.below(len(parts)-2))
		for m := range c.modules {
			part := &parts[m]
			if m == len(c.modules)-1 {
				part = &parts[len(parts)-1]
			}
			id := fmt.Sprintf("%s/modules/%d-%s", c.path, m+1, slug(part[en]))
			c.modules[m] = module{
				title: part[language], id: id, length: int64(2+d.below(10)) * minute,
				activity: fmt.Sprintf(`{"objectType":"Activity","id":%q,"definition":{"type":%q,"name":{%q:"%s"}}}`, id, moduleType, tag, part[language]),
			}
		}
	}
	return courses
}

// bare returns the activity without its definition, if so wanted.
func (c *course) bare(wanted bool) string {
	if wanted {
		return c.ref
	}
	return c.activity
}

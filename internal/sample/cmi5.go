package sample

// cmi5 is an assignable unit launched by the platform (cmi5 Quartz, 9.3):
// launched and satisfied come from the platform, the rest from the unit.
func (g *Generator) cmi5(s *session) bool {
	w := &g.w
	last := len(s.course.modules) - 1
	switch {
	case s.step == 0:
		s.module = last
		g.open(s, &launched)
		g.cmi5Unit(s)
		w.put(`,"context":{`)
		g.cmi5Context(s, `,"https://w3id.org/xapi/cmi5/context/extensions/launchmode":"Normal","https://w3id.org/xapi/cmi5/context/extensions/launchurl":"`+
			s.course.modules[last].id+`/index.html","https://w3id.org/xapi/cmi5/context/extensions/moveon":"CompletedAndPassed","https://w3id.org/xapi/cmi5/context/extensions/launchparameters":""`, "")
		g.next(s, 2*second, 8*second)
		return true
	case s.step == 1:
		g.open(s, &initialized)
		g.cmi5Unit(s)
		w.put(`,"context":{`)
		g.cmi5Context(s, "", "")
		g.next(s, 10*second, 60*second)
		s.left = 3 + g.random.IntN(4)
		return true
	case s.left > 0:
		s.left--
		g.open(s, &answered)
		w.put(`{"objectType":"Activity","id":"`, s.course.modules[last].id, `/items/`)
		w.int(s.asked + 1)
		w.put(`","definition":{`)
		right, wrong := g.question(s, s.asked+s.course.number)
		w.put(`}},`)
		g.answer(s, right, wrong, 8*second+g.random.Int64N(50*second))
		w.put(`,"context":{`)
		g.cmi5Context(s, "", "")
		g.next(s, 10*second, 90*second)
		if s.left == 0 {
			s.step = 100
		}
		return true
	case s.step == 100:
		g.open(s, &completed)
		g.cmi5Unit(s)
		w.put(`,"result":{"completion":true,"duration":`)
		w.duration(s.at - s.began)
		w.put(`},"context":{`)
		g.cmi5Context(s, "", moveOn)
		g.next(s, second, 2*second)
		return true
	case s.step == 101:
		verb := &passed
		if !s.passes() {
			verb = &failed
		}
		g.open(s, verb)
		g.cmi5Unit(s)
		w.put(`,"result":{`)
		w.score(s.right, s.asked)
		w.put(`,"success":`, yes(s.passes()), `,"duration":`)
		w.duration(s.at - s.began)
		w.put(`},"context":{`)
		g.cmi5Context(s, `,"https://w3id.org/xapi/cmi5/context/extensions/masteryscore":`+mastery(s.course), moveOn)
		g.remember(s)
		g.next(s, second, 2*second)
		return true
	case s.step == 102 && s.passes():
		g.open(s, &satisfied)
		w.put(s.course.full, `,"context":{`)
		g.cmi5Context(s, "", "")
		g.next(s, second, 2*second)
		return true
	}
	g.open(s, &terminated)
	g.cmi5Unit(s)
	w.put(`,"result":{"duration":`)
	w.duration(s.at - s.began)
	w.put(`},"context":{`)
	g.cmi5Context(s, "", "")
	return false
}

const moveOn = `,{"objectType":"Activity","id":"https://w3id.org/xapi/cmi5/context/categories/moveon"}`

func mastery(c *course) string {
	w := writer{}
	w.thousandths(c.mastery)
	return string(w.b)
}

func (g *Generator) cmi5Unit(s *session) {
	m := &s.course.modules[s.module]
	g.w.put(m.activity)
}

// cmi5Context writes the members of a context and ends the statement.
func (g *Generator) cmi5Context(s *session, extensions, category string) {
	w := &g.w
	w.put(`"registration":`)
	w.uuid(s.registration)
	w.put(`,"contextActivities":{"category":[{"objectType":"Activity","id":"https://w3id.org/xapi/cmi5/context/categories/cmi5"}`, category,
		`],"grouping":[`, s.course.bare(s.step > 1), `]},"extensions":{"https://w3id.org/xapi/cmi5/context/extensions/sessionid":`)
	w.uuid(s.registration)
	w.put(extensions, ",")
	g.about(&s.learner)
	w.put(`}},"timestamp":`)
	w.time(s.at, 0)
	w.put("}")
}

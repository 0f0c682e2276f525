package sample

// articulate is a course made with a slide-based authoring tool: the course is
// attempted, its slides experienced, its questions answered, and at the end it
// is passed or failed.
func (g *Generator) articulate(s *session) bool {
	w := &g.w
	last := len(s.course.modules) - 1
	switch {
	case s.step == 0:
		s.module, s.left = 0, 2
		g.open(s, &attempted)
		w.put(s.course.full, `,"context":{`)
		g.articulateContext(s, false)
		g.next(s, 5*second, 20*second)
		return true
	case s.module < last:
		m := &s.course.modules[s.module]
		g.open(s, &experienced)
		w.put(`{"objectType":"Activity","id":"`, m.id, `/slides/`)
		w.int(s.left)
		w.put(`","definition":{"type":"http://id.tincanapi.com/activitytype/slide","name":`)
		w.text(s.tag(), m.title)
		w.put(`,"description":`)
		w.text(s.tag(), s.course.title)
		w.put(`}},"result":{"completion":true,"duration":`)
		w.duration(30*second + g.random.Int64N(90*second))
		w.put(`},"context":{`)
		g.articulateContext(s, true)
		if s.left--; s.left == 0 {
			s.module, s.left = s.module+1, 1+g.random.IntN(3)
		}
		g.next(s, 20*second, 150*second)
		return g.random.IntN(40) > 0 // some give up
	case s.asked < 5:
		m := &s.course.modules[last]
		g.open(s, &answered)
		w.put(`{"objectType":"Activity","id":"`, m.id, `/questions/`)
		w.int(s.asked + 1)
		w.put(`","definition":{`)
		right, wrong := g.question(s, s.asked+s.course.number)
		w.put(`}},`)
		g.answer(s, right, wrong, 8*second+g.random.Int64N(70*second))
		w.put(`,"context":{`)
		g.articulateContext(s, true)
		g.next(s, 10*second, 80*second)
		return true
	}
	verb := &passed
	if !s.passes() {
		verb = &failed
	}
	g.open(s, verb)
	w.put(s.course.activity, `,"result":{`)
	w.score(s.right*20, 100)
	w.put(`,"success":`, yes(s.passes()), `,"completion":true,"duration":`)
	w.duration(s.at - s.began)
	w.put(`},"context":{`)
	g.articulateContext(s, false)
	g.remember(s)
	return false
}

// articulateContext writes the members of a context and ends the statement.
func (g *Generator) articulateContext(s *session, inModule bool) {
	w := &g.w
	w.put(`"registration":`)
	w.uuid(s.registration)
	w.put(`,"language":"`, s.tag(), `","contextActivities":{`)
	if inModule {
		w.put(`"parent":[`, s.course.modules[s.module].activity, `],`)
	}
	w.put(`"grouping":[`, s.course.activity, `]},"extensions":{`)
	g.about(&s.learner)
	w.put(`}},"timestamp":`)
	w.time(s.at, s.learner.place.zone)
	w.put("}")
}

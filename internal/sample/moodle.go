package sample

// moodle is a visit to a learning platform whose event log is turned into
// statements: the biggest flavour, for it says everything every time.
func (g *Generator) moodle(s *session) bool {
	w := &g.w
	switch {
	case s.step == 0:
		s.left = g.random.IntN(4)
		g.open(s, &viewed)
		w.put(s.course.full, ",")
		g.moodleContext(s, "course_viewed", false)
		g.next(s, 5*second, 30*second)
		return true
	case s.left > 0:
		s.left--
		s.module = g.random.IntN(len(s.course.modules))
		g.open(s, &viewed)
		w.put(s.course.modules[s.module].activity, ",")
		g.moodleContext(s, "course_module_viewed", true)
		g.next(s, 30*second, 6*minute)
		return g.random.IntN(6) > 0
	case s.step < 100:
		g.open(s, &submitted)
		g.moodleTask(s)
		g.moodleContext(s, "assessable_submitted", true)
		g.next(s, 2*hour, 3*day)
		s.step = 100
		return g.random.IntN(5) > 0
	}
	g.open(s, &scored)
	g.moodleTask(s)
	s.asked = 20
	for range s.asked {
		if g.knows(s) {
			s.right++
		}
	}
	w.put(`"result":{`)
	w.score(s.right*5, 100)
	w.put(`,"success":`, yes(s.passes()), `,"completion":true},`)
	g.moodleContext(s, "user_graded", true)
	g.remember(s)
	return false
}

func (g *Generator) moodleTask(s *session) {
	m := &s.course.modules[s.module]
	g.w.put(`{"objectType":"Activity","id":"`, m.id, `/assignment","definition":{"type":"http://id.tincanapi.com/activitytype/school-assignment","name":`)
	g.w.text(s.tag(), m.title)
	g.w.put(`}},`)
}

// moodleContext writes the context and ends the statement.
func (g *Generator) moodleContext(s *session, event string, inModule bool) {
	w := &g.w
	w.put(`"context":{"platform":"Moodle","language":"`, s.tag()[:2], `","contextActivities":{"grouping":[{"objectType":"Activity","id":"`, g.home,
		`","definition":{"type":"http://id.tincanapi.com/activitytype/lms","name":{"en":"`, g.options.Organisation, ` academy"}}},`, s.course.activity, `]`)
	if inModule {
		w.put(`,"parent":[`, s.course.modules[s.module].activity, `]`)
	}
	w.put(`,"category":[{"objectType":"Activity","id":"http://moodle.org","definition":{"type":"http://id.tincanapi.com/activitytype/source","name":{"en":"Moodle"}}}]},"extensions":{`,
		`"http://lrs.learninglocker.net/define/extensions/info":{"http://moodle.org":"4.5.2 (Build: 20260210)","https://github.com/xAPI-vle/moodle-logstore_xapi":"v4.9.1","event_name":"\\core\\event\\`, event,
		`","event_function":"\\src\\transformer\\events\\core\\`, event, `"},"http://id.tincanapi.com/extension/ip-address":"10.`)
	w.int(s.learner.number / 65536 % 256)
	w.put(".")
	w.int(s.learner.number / 256 % 256)
	w.put(".")
	w.int(s.learner.number % 256)
	w.put(`",`)
	g.about(&s.learner)
	w.put(`}},"version":"1.0.3","timestamp":`)
	w.time(s.at-s.at%second, 0)
	w.put("}")
}

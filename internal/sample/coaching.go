package sample

// coaching is a session with an instructor: a group registers, one after the
// other attends, and an instructor comments on an earlier result. Once in a
// long while an earlier statement turns out to be wrong and is voided.
func (g *Generator) coaching(s *session) bool {
	w := &g.w
	switch s.step {
	case 0:
		g.open(s, &registered)
		g.meeting(s)
		w.put(`,"context":{`)
		g.coachingContext(s, false)
		g.next(s, day, 9*day)
		return true
	case 1:
		s.began = s.at
		g.open(s, &attended)
		g.meeting(s)
		w.put(`,"result":{"completion":true,"duration":"PT1H30M"`)
		if g.random.IntN(6) == 0 {
			w.put(`},"attachments":[{"usageType":"http://id.tincanapi.com/attachment/certificate-of-completion","display":`)
			w.text(s.tag(), s.course.title)
			w.put(`,"contentType":"application/pdf","length":`)
			w.int(20_000 + g.random.IntN(90_000))
			w.put(`,"sha2":"`)
			for range 4 {
				w.b = appendHex(w.b, g.random.Uint64())
			}
			w.put(`","fileUrl":"`, g.home, `/certificates/`)
			w.int(g.random.IntN(1_000_000))
			w.put(`.pdf"}],"context":{`)
		} else {
			w.put(`},"context":{`)
		}
		g.coachingContext(s, true)
		g.remember(s)
		g.next(s, hour, 20*hour)
		return true
	}
	coach := s.learner
	ref, ok := g.pick()
	if ok {
		s.at = g.calendar.within(ref.at + 5*minute + g.random.Int64N(2*day))
		s.course = ref.course
		coach = g.coach(s.course)
	}
	switch {
	case !ok:
		g.open(s, &commented)
		g.meeting(s)
	case g.random.IntN(40) == 0:
		g.openAs(s, &coach, &voided)
		w.put(`{"objectType":"StatementRef","id":`)
		w.uuid(ref.id)
		w.put(`},"timestamp":`)
		w.time(s.at, 0)
		w.put("}")
		return false
	default:
		g.openAs(s, &coach, &commented)
		w.put(`{"objectType":"StatementRef","id":`)
		w.uuid(ref.id)
		w.put("}")
	}
	w.put(`,"result":{"response":"`, s.say(&comments[g.random.IntN(len(comments))]), `"},"context":{"language":"`, s.tag(),
		`","contextActivities":{"grouping":[`, s.course.activity, `]},"extensions":{`)
	g.about(&coach)
	w.put(`}},"timestamp":`)
	w.time(s.at, coach.place.zone)
	w.put("}")
	return false
}

// coach returns the instructor of c, who learns in other courses.
func (g *Generator) coach(c *course) learner { return g.learner(c.number % g.options.Learners) }

func (g *Generator) meeting(s *session) {
	w := &g.w
	w.put(`{"objectType":"Activity","id":"`, s.course.path, `/coaching/`)
	w.int(s.module + 1)
	w.put(`","definition":{"type":"http://adlnet.gov/expapi/activities/meeting","name":`)
	w.text(s.tag(), s.course.title)
	w.put(`,"extensions":{"https://xapi.example.org/extensions/room":"`, s.learner.place.name, ` `)
	w.int(100 + s.module)
	w.put(`"}}}`)
}

// coachingContext writes the members of a context and ends the statement.
func (g *Generator) coachingContext(s *session, present bool) {
	w := &g.w
	w.put(`"registration":`)
	w.uuid(s.registration)
	w.put(`,"instructor":`)
	coach := g.coach(s.course)
	g.agent(&coach)
	if present {
		w.put(`,"team":{"objectType":"Group","name":"`, s.learner.department.name, `, `, s.learner.place.name, `","member":[`)
		g.agent(&s.learner)
		for i := range 2 {
			w.put(",")
			colleague := g.learner((s.learner.number + 1 + i) % g.options.Learners)
			g.agent(&colleague)
		}
		w.put(`]}`)
	}
	w.put(`,"language":"`, s.tag(), `","contextActivities":{"parent":[`, s.course.modules[s.module].activity, `],"grouping":[`, s.course.activity, `]},"extensions":{`)
	g.about(&s.learner)
	w.put(`}},"timestamp":`)
	w.time(s.at, s.learner.place.zone)
	w.put("}")
}

package sample

// question writes the definition of an assessment's question, the type of
// interaction depending on n, and returns a right and a wrong response.
func (g *Generator) question(s *session, n int) (right, wrong string) {
	w := &g.w
	tag := s.tag()
	w.put(`"type":"http://adlnet.gov/expapi/activities/cmi.interaction","name":`)
	w.text(tag, s.say(&questions[n%len(questions)]))
	w.put(`,"description":`)
	w.text(tag, s.say(&questions[n%len(questions)]))
	switch n % 7 {
	case 4:
		w.put(`,"interactionType":"true-false","correctResponsesPattern":["true"]`)
		return "true", "false"
	case 5:
		w.put(`,"interactionType":"fill-in","correctResponsesPattern":["{case_matters=false}112[,]emergency"]`)
		return "112[,]emergency", "911"
	case 6:
		w.put(`,"interactionType":"likert","scale":[`)
		for i := range 5 {
			if i > 0 {
				w.put(",")
			}
			w.put(`{"id":"likert_`)
			w.int(i)
			w.put(`","description":`)
			w.text(tag, [...]string{"– –", "–", "○", "+", "+ +"}[i])
			w.put("}")
		}
		w.put("]")
		return "likert_4", "likert_1"
	case 3:
		w.put(`,"interactionType":"sequencing","correctResponsesPattern":["0[,]1[,]3[,]2"],"choices":[`)
		right, wrong = "0[,]1[,]3[,]2", "1[,]0[,]3[,]2"
	default:
		w.put(`,"interactionType":"choice","correctResponsesPattern":["0[,]3"],"choices":[`)
		right, wrong = "0[,]3", "2"
	}
	for i := range answers {
		if i > 0 {
			w.put(",")
		}
		w.put(`{"id":"`)
		w.int(i)
		w.put(`","description":`)
		w.text(tag, s.say(&answers[i]))
		w.put("}")
	}
	w.put("]")
	return right, wrong
}

// answer decides a question and writes the result, which took so many ms.
func (g *Generator) answer(s *session, right, wrong string, ms int64) {
	w := &g.w
	s.asked++
	known, response := g.knows(s), wrong
	if known {
		s.right++
		response = right
	}
	w.put(`"result":{`)
	w.score(map[bool]int{true: 1}[known], 1)
	w.put(`,"success":`, yes(known), `,"completion":true,"response":"`, response, `","duration":`)
	w.duration(ms)
	w.put("}")
}

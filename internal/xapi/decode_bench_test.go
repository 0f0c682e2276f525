package xapi_test

import (
	"strings"
	"testing"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

// typical is a statement as courseware sends it, 1.9 kB.
const typical = `{
  "id": "7ccd3322-e1a5-411a-a67d-6a735c76f119",
  "timestamp": "2026-03-01T12:17:00.512+01:00",
  "actor": {
    "objectType": "Agent",
    "name": "Ada Lovelace",
    "account": {"homePage": "https://lms.example.com/", "name": "learner-000417"}
  },
  "verb": {
    "id": "http://adlnet.gov/expapi/verbs/answered",
    "display": {"en-US": "answered", "de": "beantwortet"}
  },
  "object": {
    "objectType": "Activity",
    "id": "https://lms.example.com/courses/algebra-1/module-3/quiz/question-7",
    "definition": {
      "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
      "name": {"en-US": "Question 7: the vertex of a parabola"},
      "description": {"en-US": "Which of these points is the vertex of y = x\u00b2 - 4x + 1?"},
      "interactionType": "choice",
      "correctResponsesPattern": ["b"],
      "choices": [
        {"id": "a", "description": {"en-US": "(0, 1)"}},
        {"id": "b", "description": {"en-US": "(2, -3)"}},
        {"id": "c", "description": {"en-US": "(4, 1)"}}
      ]
    }
  },
  "result": {
    "score": {"scaled": 0.85, "raw": 85, "min": 0, "max": 100},
    "success": true,
    "completion": true,
    "response": "b",
    "duration": "PT1M12.34S"
  },
  "context": {
    "registration": "ec531277-b57b-4c15-8d91-d292c5b2b8f7",
    "platform": "Example LMS 4.2",
    "language": "en-US",
    "instructor": {"mbox": "mailto:charles@example.com", "name": "Charles Babbage"},
    "contextActivities": {
      "parent": [{"id": "https://lms.example.com/courses/algebra-1/module-3/quiz"}],
      "grouping": [
        {"id": "https://lms.example.com/courses/algebra-1/module-3"},
        {"id": "https://lms.example.com/courses/algebra-1", "definition": {"type": "http://adlnet.gov/expapi/activities/course"}}
      ],
      "category": [{"id": "https://w3id.org/xapi/cmi5/context/categories/moveon"}]
    },
    "extensions": {"https://w3id.org/xapi/cmi5/context/extensions/sessionid": "5f3c-19a2", "https://lms.example.com/ext/attempt": 3}
  }
}`

// typicals returns a batch of n statements with ids of their own.
func typicals(n int) []byte {
	var b strings.Builder
	b.WriteByte('[')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		id := []byte("7ccd3322-e1a5-411a-a67d-6a735c76f119")
		id[0], id[1] = "0123456789abcdef"[i/16%16], "0123456789abcdef"[i%16]
		b.WriteString(strings.Replace(typical, "7ccd3322-e1a5-411a-a67d-6a735c76f119", string(id), 1))
	}
	b.WriteByte(']')
	return []byte(b.String())
}

func BenchmarkDecode(b *testing.B) {
	for name, body := range map[string][]byte{"one": []byte(typical), "fifty": typicals(50)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := xapi.Decode(body, xapi.V1, xapi.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTermsOf(b *testing.B) {
	batch, err := xapi.Decode([]byte(typical), xapi.V1, xapi.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := xapi.TermsOf(batch.Statements[0].Text); err != nil {
			b.Fatal(err)
		}
	}
}

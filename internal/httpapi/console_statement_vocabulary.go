package httpapi

import (
	"net/http"
	"strconv"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

var lexiconKinds = map[string]lrs.LexiconKind{
	"verbs": lrs.LexiconVerbs, "activities": lrs.LexiconActivities, "people": lrs.LexiconPeople,
}

// listVocabulary completes what somebody types into a filter, from what the
// store has.
func (a *API) listVocabulary(x *exchange) error {
	v, err := x.view()
	if err != nil {
		return err
	}
	kind := lexiconKinds[x.query.Get("kind")]      // the description has checked it
	limit, _ := strconv.Atoi(x.query.Get("limit")) // as above; none is the most
	page, err := a.LRS.ViewLexicon(x.context(), v, kind, x.query.Get("q"), limit)
	if err != nil {
		return err
	}
	languages := xapi.ParseAcceptLanguage(x.request.Header.Get("Accept-Language"))
	m := apiv1.Vocabulary{Items: make([]apiv1.VocabularyItem, len(page.Entries)), Masked: v.Masked, Complete: page.Complete}
	for i := range page.Entries {
		e := &page.Entries[i]
		m.Items[i] = apiv1.VocabularyItem{ID: e.ID(), Name: xapi.TextFor(e.Names, languages), Type: optional(e.Type)}
		if m.Items[i].Name == "" {
			m.Items[i].Name = e.ID()
		}
		if kind != lrs.LexiconPeople {
			continue
		}
		agent, err := rawMembers(xapi.AppendIdentity(nil, e.Value))
		if err != nil {
			return err
		}
		m.Items[i].Agent = agent
	}
	return x.answer(http.StatusOK, m)
}

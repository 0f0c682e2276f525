package xapi

import "golang.org/x/text/language"

// Names is how a statement calls what it speaks of. Values are slices of the
// statement's text, nil where it has none.
type Names struct {
	ActorName    []byte // of the agent or identified group; a JSON string
	VerbID       []byte // a JSON string
	VerbDisplay  []byte // a language map
	ActivityID   []byte // a JSON string; nil where the object is no activity
	ActivityName []byte // a language map
	ActivityType []byte // a JSON string
}

// NamesOf returns the names in a stored statement.
func NamesOf(text []byte) Names {
	verb, object := find(text, "verb"), find(text, "object")
	n := Names{ActorName: find(find(text, "actor"), "name"), VerbID: find(verb, "id"), VerbDisplay: find(verb, "display")}
	switch string(unquote(find(object, "objectType"))) {
	case "", "Activity":
		definition := find(object, "definition")
		n.ActivityID, n.ActivityName, n.ActivityType = find(object, "id"), find(definition, "name"), find(definition, "type")
	}
	return n
}

// Unquote returns what a JSON string of a stored statement says, "" of anything else.
func Unquote(raw []byte) string { return string(unquote(raw)) }

// LanguageMap returns languages and texts of a language map, in its own order.
func LanguageMap(raw []byte) (languages, texts []string) {
	s := scanOf(raw)
	for s.object && s.next() {
		languages, texts = append(languages, string(s.name())), append(texts, string(unquote(s.value)))
	}
	return languages, texts
}

// TextFor returns the text of a language map that suits the wishes best, as the
// canonical format does; "" where there is none.
func TextFor(raw []byte, wishes []language.Tag) string {
	languages, texts := LanguageMap(raw)
	if len(texts) == 0 {
		return ""
	}
	return texts[chooseLanguage(wishes, languages)]
}

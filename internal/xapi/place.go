package xapi

// place is where in a statement a value stands: what decides how it is written.
type place uint8

const (
	elsewhere place = iota // copied
	inStatement
	inAgent
	inMembers
	inVerb
	inObject
	inActivity
	inActivities // one activity or a list
	inDefinition
	inComponents
	inComponent
	inContext
	inContextActivities
	inContextAgents
	inContextAgent
	inContextGroups
	inContextGroup
	inAttachments
	inAttachment
	inLanguageMap
)

// element is the place of the elements of an array in p.
func (p place) element() place {
	switch p {
	case inMembers:
		return inAgent
	case inActivities:
		return inActivity
	case inComponents:
		return inComponent
	case inContextAgents:
		return inContextAgent
	case inContextGroups:
		return inContextGroup
	case inAttachments:
		return inAttachment
	}
	return elsewhere
}

// member is the place of the member called name of an object in p.
func (p place) member(name string) place {
	switch p {
	case inStatement:
		switch name {
		case "actor", "authority":
			return inAgent
		case "verb":
			return inVerb
		case "object":
			return inObject
		case "context":
			return inContext
		case "attachments":
			return inAttachments
		}
	case inAgent:
		if name == "member" {
			return inMembers
		}
	case inActivity:
		if name == "definition" {
			return inDefinition
		}
	case inDefinition:
		switch name {
		case "name", "description":
			return inLanguageMap
		case "choices", "scale", "source", "target", "steps":
			return inComponents
		}
	case inVerb, inAttachment, inComponent:
		if name == "display" || name == "description" {
			return inLanguageMap
		}
	case inContext:
		switch name {
		case "instructor", "team":
			return inAgent
		case "contextActivities":
			return inContextActivities
		case "contextAgents":
			return inContextAgents
		case "contextGroups":
			return inContextGroups
		}
	case inContextActivities:
		return inActivities
	case inContextAgent:
		if name == "agent" {
			return inAgent
		}
	case inContextGroup:
		if name == "group" {
			return inAgent
		}
	}
	return elsewhere
}

// object resolves what the object of a statement is. Without an objectType it
// is an activity (xAPI 1.0.3 Data 2.4.4).
func object(raw []byte) place {
	return scanOf(raw).objectPlace()
}

func (s scan) objectPlace() place {
	for s.object && s.next() {
		if string(s.name()) != "objectType" {
			continue
		}
		switch string(unquote(s.value)) {
		case "Agent", "Group":
			return inAgent
		case "SubStatement":
			return inStatement
		case "StatementRef":
			return elsewhere
		}
		break
	}
	return inActivity
}

package xapi

// part is what a value is, where the canonical form treats it by its meaning.
type part uint8

const (
	partPlain part = iota // as it is written
	partStatement
	partUntimed // a statement without its timestamp
	partSubStatement
	partAgent
	partMembers
	partVerb
	partObject
	partActivity
	partReference
	partResult
	partContext
	partSlots // contextActivities
	partActivities
	partContextAgents
	partContextAgent
	partAttachments
	partAttachment
	partMbox
	partLower
	partTimestamp
	partDuration
)

// partOf returns what the member called name is of a p, and whether it counts.
func partOf(p part, name string) (part, bool) {
	switch p {
	case partStatement, partUntimed, partSubStatement:
		switch name {
		case "id", "stored", "authority", "version":
			return 0, false
		case "actor":
			return partAgent, true
		case "verb":
			return partVerb, true
		case "object":
			return partObject, true
		case "result":
			return partResult, true
		case "context":
			return partContext, true
		case "timestamp":
			return partTimestamp, p != partUntimed
		case "attachments":
			return partAttachments, true
		}
	case partAttachment:
		if name == "sha2" {
			return partLower, true
		}
	case partAgent:
		switch name {
		case "member":
			return partMembers, true
		case "mbox":
			return partMbox, true
		case "mbox_sha1sum":
			return partLower, true
		}
	case partVerb:
		return partPlain, name != "display"
	case partActivity:
		return partPlain, name != "definition"
	case partReference:
		if name == "id" {
			return partLower, true
		}
	case partResult:
		if name == "duration" {
			return partDuration, true
		}
	case partContext:
		switch name {
		case "registration":
			return partLower, true
		case "instructor", "team":
			return partAgent, true
		case "contextActivities":
			return partSlots, true
		case "statement":
			return partReference, true
		case "contextAgents", "contextGroups":
			return partContextAgents, true
		}
	case partSlots:
		return partActivities, true
	case partContextAgent:
		if name == "agent" || name == "group" {
			return partAgent, true
		}
	}
	return partPlain, true
}

// elementOf returns what the elements of an array p are, and whether they may
// stand in any order.
func elementOf(p part) (element part, unordered bool) {
	switch p {
	case partMembers:
		return partAgent, true
	case partActivities:
		return partActivity, true
	case partContextAgents:
		return partContextAgent, false
	case partAttachments:
		return partAttachment, false
	}
	return partPlain, false
}

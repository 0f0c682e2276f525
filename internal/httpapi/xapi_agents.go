package httpapi

import "github.com/stoa-lrs/stoa/internal/xapi"

// getAgent answers GET agents with a Person: the identifier asked for and the
// names that it was seen with (xAPI 1.0.3 Communication 2.4, 2.0 4.1.6.3).
func (a *API) getAgent(x *exchange) error {
	agent, err := xapi.ParsePersonQuery(x.query, x.version)
	if err != nil {
		return err
	}
	names, err := a.LRS.AgentNames(x.context(), x.read(), agent.Identity)
	if err != nil {
		return err
	}
	return x.sendJSON(xapi.Person(agent.Identity, append(names, agent.Name)...))
}

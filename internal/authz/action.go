package authz

// Action is one thing that may be permitted. The zero Action is permitted to
// nobody, so a route that forgot its action is closed.
type Action string

// What a request to an xAPI resource may want.
const (
	StatementsWrite  Action = "statements.write"  // POST, PUT statements, voiding included
	StatementsRead   Action = "statements.read"   // GET statements; see Scopes.OnlyOwnStatements
	StateRead        Action = "state.read"        // GET activities/state
	StateWrite       Action = "state.write"       // PUT, POST, DELETE activities/state
	ProfileRead      Action = "profile.read"      // GET activities/profile, agents/profile
	ProfileWrite     Action = "profile.write"     // PUT, POST, DELETE activities/profile, agents/profile
	ActivitiesRead   Action = "activities.read"   // GET activities: a merged definition
	ActivitiesDefine Action = "activities.define" // a written statement may change the merged definition
	AgentsRead       Action = "agents.read"       // GET agents: a person's names
	AboutRead        Action = "about.read"        // GET about
)

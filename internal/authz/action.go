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

// What a person, a token or an operator may want of the console.
const (
	TenantView Action = "tenant.view" // the tenant's home and settings: every role has it
	TenantEdit Action = "tenant.edit" // settings: name, time zone, locale, what operators may do inside

	StatementsView         Action = "statements.view"          // a page at a time, people as pseudonyms
	StatementsViewIdentity Action = "statements.view_identity" // who the people are
	StatementsExport       Action = "statements.export"        // take statements out in bulk, or issue a key that can
	StatementsVoid         Action = "statements.void"
	DocumentsView          Action = "documents.view"
	ReportsView            Action = "reports.view"

	StoresView   Action = "stores.view"
	StoresManage Action = "stores.manage" // create, rename; empty a sandbox
	KeysView     Action = "keys.view"
	KeysManage   Action = "keys.manage" // issue, rotate, revoke

	MembersView   Action = "members.view"   // people, their grants, the access review, operators' entries
	MembersManage Action = "members.manage" // invite, disable, grant, end sessions
	RolesManage   Action = "roles.manage"   // the tenant's own roles
	SSOView       Action = "sso.view"
	SSOManage     Action = "sso.manage" // the identity provider, its mapping, SCIM

	RetentionView   Action = "retention.view"
	RetentionManage Action = "retention.manage"
	ErasureRequest  Action = "erasure.request"
	ErasureApprove  Action = "erasure.approve"
	AuditView       Action = "audit.view"
	AuditExport     Action = "audit.export" // and streams to a SIEM
	ExportsView     Action = "exports.view"
	BillingView     Action = "billing.view"
	BillingManage   Action = "billing.manage"

	// In the platform's own tenant only.
	TenantsView   Action = "tenants.view"
	TenantsManage Action = "tenants.manage" // create, suspend, limit
	TenantsEnter  Action = "tenants.enter"  // break-glass
	PlatformView  Action = "platform.view"  // health of the service

	// SCIM is what the directory's token may do, and nobody else.
	SCIM Action = "scim"
)

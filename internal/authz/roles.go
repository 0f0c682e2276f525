package authz

import "slices"

// Role is a named set of actions.
type Role struct {
	Slug        string
	Name        string
	Description string
	Actions     []Action // sorted
	BuiltIn     bool
	Version     int64 // of a tenant's own role; 0: built in
}

// The built-in roles. A tenant's own roles have other slugs.
const (
	Operator       = "operator"
	TenantAdmin    = "tenant-admin"
	Analyst        = "analyst"
	Exporter       = "exporter"
	Integrator     = "integrator"
	PrivacyOfficer = "privacy-officer"
	Auditor        = "auditor"
	entryRead      = "operator-inside"      // an operator's, while inside a tenant
	entryFull      = "operator-inside-full" // the same, where the tenant allows it
)

// console is every action that a tenant's people may have.
var console = []Action{
	TenantView, TenantEdit, StatementsView, StatementsViewIdentity, StatementsExport, StatementsVoid, DocumentsView, ReportsView,
	StoresView, StoresManage, KeysView, KeysManage, MembersView, MembersManage, RolesManage, SSOView, SSOManage,
	RetentionView, RetentionManage, ErasureRequest, ErasureApprove, AuditView, AuditExport, ExportsView, BillingView, BillingManage,
}

// platform is what operators have in the platform's own tenant, besides.
var platform = []Action{TenantsView, TenantsManage, TenantsEnter, PlatformView}

// builtIn is written out in full, so that a change to a role shows here.
var builtIn = []Role{
	{Operator, "Operator", "Runs the platform: tenants, and entering one with a reason.", append([]Action{
		TenantView, TenantEdit, MembersView, MembersManage, RolesManage, SSOView, SSOManage, AuditView, AuditExport,
	}, platform...), true, 0},
	{TenantAdmin, "Tenant admin", "Everything in the tenant.", console, true, 0},
	{Analyst, "Analyst", "Looks at statements and reports, people as pseudonyms; takes nothing out.", []Action{
		TenantView, StatementsView, ReportsView, StoresView,
	}, true, 0},
	{Exporter, "Exporter", "Sees who people are, and may take statements out.", []Action{
		TenantView, StatementsView, StatementsViewIdentity, StatementsExport, ReportsView, StoresView, ExportsView,
	}, true, 0},
	{Integrator, "Integrator", "Issues keys for content that writes statements.", []Action{
		TenantView, StatementsView, StoresView, KeysView, KeysManage,
	}, true, 0},
	{PrivacyOfficer, "Privacy officer", "Retention, deletion requests, and whose data is where.", []Action{
		TenantView, StatementsView, StatementsViewIdentity, DocumentsView, StoresView, KeysView, MembersView, SSOView,
		RetentionView, RetentionManage, ErasureRequest, ErasureApprove, AuditView, ExportsView,
	}, true, 0},
	{Auditor, "Auditor", "Policies, grants, keys without secrets and the log; no learner's data.", []Action{
		TenantView, StoresView, KeysView, MembersView, SSOView, RetentionView, AuditView, AuditExport, ExportsView, BillingView,
	}, true, 0},
	{entryRead, "Operator inside", "An operator in the tenant, for a time and a reason.", []Action{
		TenantView, StatementsView, ReportsView, StoresView, KeysView, MembersView, SSOView, RetentionView, AuditView, BillingView,
	}, true, 0},
	{entryFull, "Operator inside, changing", "The same, where the tenant allows changes.", []Action{
		TenantView, TenantEdit, StatementsView, ReportsView, StoresView, StoresManage, KeysView, KeysManage, MembersView, MembersManage,
		RolesManage, SSOView, SSOManage, RetentionView, RetentionManage, AuditView, BillingView, BillingManage,
	}, true, 0},
}

func init() {
	for i := range builtIn {
		builtIn[i].Actions = slices.Sorted(slices.Values(builtIn[i].Actions))
	}
}

func builtInRole(slug string) *Role {
	for i := range builtIn {
		if builtIn[i].Slug == slug {
			return &builtIn[i]
		}
	}
	return nil
}

func actionsOfBuiltIn(slug string) []Action { return builtInRole(slug).Actions }

// grantable reports whether a member of a client's tenant, or of the platform,
// may have that built-in role. Nobody is given the roles of entries.
func grantable(slug string, platform bool) bool {
	switch slug {
	case entryRead, entryFull:
		return false
	case Operator:
		return platform
	case Auditor:
		return true
	}
	return !platform
}

// grantableActions lists what a role that a tenant made for itself may hold.
func grantableActions(ofPlatform bool) []Action {
	if ofPlatform {
		return slices.Concat(console, platform)
	}
	return console
}

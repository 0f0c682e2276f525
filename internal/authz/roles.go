package authz

import "slices"

// Role is a named set of actions.
type Role struct {
	Slug        string
	Name        string
	Description string
	Actions     []Action // sorted
	BuiltIn     bool
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
	}, platform...), true},
	{TenantAdmin, "Tenant admin", "Everything in the tenant.", console, true},
	{Analyst, "Analyst", "Looks at statements and reports, people as pseudonyms; takes nothing out.", []Action{
		TenantView, StatementsView, ReportsView, StoresView,
	}, true},
	{Exporter, "Exporter", "Sees who people are, and may take statements out.", []Action{
		TenantView, StatementsView, StatementsViewIdentity, StatementsExport, ReportsView, StoresView, ExportsView,
	}, true},
	{Integrator, "Integrator", "Issues keys for content that writes statements.", []Action{
		TenantView, StatementsView, StoresView, KeysView, KeysManage,
	}, true},
	{PrivacyOfficer, "Privacy officer", "Retention, deletion requests, and whose data is where.", []Action{
		TenantView, StatementsView, StatementsViewIdentity, DocumentsView, StoresView, KeysView, MembersView, SSOView,
		RetentionView, RetentionManage, ErasureRequest, ErasureApprove, AuditView, ExportsView,
	}, true},
	{Auditor, "Auditor", "Policies, grants, keys without secrets and the log; no learner's data.", []Action{
		TenantView, StoresView, KeysView, MembersView, SSOView, RetentionView, AuditView, AuditExport, ExportsView, BillingView,
	}, true},
	{entryRead, "Operator inside", "An operator in the tenant, for a time and a reason.", []Action{
		TenantView, StatementsView, ReportsView, StoresView, KeysView, MembersView, SSOView, RetentionView, AuditView, BillingView,
	}, true},
	{entryFull, "Operator inside, changing", "The same, where the tenant allows changes.", []Action{
		TenantView, TenantEdit, StatementsView, ReportsView, StoresView, StoresManage, KeysView, KeysManage, MembersView, MembersManage,
		RolesManage, SSOView, SSOManage, RetentionView, RetentionManage, AuditView, BillingView, BillingManage,
	}, true},
}

func init() {
	for i := range builtIn {
		builtIn[i].Actions = slices.Sorted(slices.Values(builtIn[i].Actions))
	}
}

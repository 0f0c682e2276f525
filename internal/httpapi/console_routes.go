package httpapi

import (
	"net/http"
	"slices"

	"github.com/stoa-lrs/stoa/internal/authz"
)

// consoleRoutes is the part of the one list that people and their programs
// call. Each is described in internal/apiv1/openapi.yaml, with the same action.
func (a *API) consoleRoutes() []route {
	if a.console == nil {
		return nil
	}
	const (
		get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete

		me      = "/api/v1/me"
		tenants = "/api/v1/tenants"
		of      = "/api/v1/tenants/:tenant"
	)
	return slices.Concat([]route{
		{get, "/", everybody, a.home, nowhere},
		{get, "/admin", everybody, a.admin, nowhere},
		{get, "/admin/*file", everybody, a.admin, nowhere},
		{get, "/docs", everybody, a.docs, nowhere},
		{get, "/docs/:file", everybody, a.docsFile, nowhere},
		{get, "/api/v1/openapi.json", everybody, a.getDescription, nowhere},

		{get, me, anyone, a.getMe, nowhere},
		{get, me + "/sessions", inPerson, a.listMySessions, nowhere},
		{del, me + "/sessions/:session", inPerson, a.endMySession, nowhere},
		{get, me + "/tokens", inPerson, a.listMyTokens, nowhere},
		{post, me + "/tokens", inPerson, a.createMyToken, nowhere},
		{del, me + "/tokens/:token", inPerson, a.revokeMyToken, nowhere},

		{get, tenants, authz.TenantsView, a.listTenants, onPlatform},
		{post, tenants, authz.TenantsManage, a.createTenant, onPlatform},
		{get, of, authz.TenantsView, a.getTenant, onPlatform},
		{patch, of, authz.TenantsManage, a.changeTenant, onPlatform},
		{post, of + "/suspend", authz.TenantsManage, a.suspendTenant, onPlatform},
		{post, of + "/resume", authz.TenantsManage, a.resumeTenant, onPlatform},
		{post, of + "/entry", authz.TenantsEnter, a.enterTenant, onPlatform},
		{del, of + "/entry", authz.TenantsEnter, a.leaveTenant, onPlatform},

		{get, "/api/v1/platform/health", authz.PlatformView, a.getHealth, onPlatform},

		{get, of + "/settings", authz.TenantView, a.getSettings, ofTenant},
		{patch, of + "/settings", authz.TenantEdit, a.changeSettings, ofTenant},

		{get, of + "/stores", authz.StoresView, a.listStores, anyStore},
		{post, of + "/stores", authz.StoresManage, a.createStore, ofTenant},
		{get, of + "/stores/:store", authz.StoresView, a.getStore, ofStore},
		{patch, of + "/stores/:store", authz.StoresManage, a.changeStore, ofStore},
		{post, of + "/stores/:store/empty", authz.StoresManage, a.emptyStore, ofStore},

		{get, of + "/keys", authz.KeysView, a.listKeys, ofStore},
		{post, of + "/keys", authz.KeysManage, a.createKey, ofStore},
		{get, of + "/keys/:key", authz.KeysView, a.getKey, ofStore},
		{get, of + "/keys/:key/usage", authz.KeysView, a.listKeyUse, ofStore},
		{patch, of + "/keys/:key", authz.KeysManage, a.changeKey, ofStore},
		{post, of + "/keys/:key/rotate", authz.KeysManage, a.rotateKey, ofStore},
		{post, of + "/keys/:key/revoke", authz.KeysManage, a.revokeKey, ofStore},

		{get, of + "/members", authz.MembersView, a.listMembers, ofTenant},
		{post, of + "/members", authz.MembersManage, a.inviteMember, ofTenant},
		{get, of + "/members/:member", authz.MembersView, a.getMember, ofTenant},
		{patch, of + "/members/:member", authz.MembersManage, a.changeMember, ofTenant},
		{del, of + "/members/:member", authz.MembersManage, a.removeMember, ofTenant},
		{post, of + "/members/:member/grants", authz.MembersManage, a.giveGrant, ofTenant},
		{del, of + "/members/:member/grants/:grant", authz.MembersManage, a.takeGrant, ofTenant},
		{get, of + "/members/:member/sessions", authz.MembersView, a.listMemberSessions, ofTenant},
		{del, of + "/members/:member/sessions", authz.MembersManage, a.endMemberSessions, ofTenant},

		{get, of + "/roles", authz.MembersView, a.listRoles, ofTenant},
		{post, of + "/roles", authz.RolesManage, a.createRole, ofTenant},
		{get, of + "/roles/:role", authz.MembersView, a.getRole, ofTenant},
		{put, of + "/roles/:role", authz.RolesManage, a.changeRole, ofTenant},
		{del, of + "/roles/:role", authz.RolesManage, a.deleteRole, ofTenant},

		{get, of + "/access-review", authz.MembersView, a.reviewAccess, ofTenant},
		{get, of + "/entries", authz.MembersView, a.listEntries, ofTenant},
		{del, of + "/entries/:entry", authz.MembersManage, a.endEntry, ofTenant},
	}, a.viewRoutes(), a.usageRoutes(), a.operatorRoutes(), a.auditRoutes(), a.signInRoutes(), a.ssoRoutes(), a.scimRoutes())
}

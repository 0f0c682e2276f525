package audit

import (
	"strings"
	"unicode/utf8"
)

// Type names what happened. The list is closed: an event of another type is
// refused, so that whoever reads the log knows everything that may stand in it.
type Type string

// What the log may say, and what its target is.
const (
	SignedIn           Type = "session.signed_in"      // member
	SignInFailed       Type = "session.sign_in_failed" // the tenant; why stands in the details
	SignedOut          Type = "session.signed_out"     // member
	SessionEnded       Type = "session.ended"          // member: by themselves elsewhere, by an admin, by the provider
	RecoveryLinkMade   Type = "recovery.created"       // e-mail address
	RecoveryLinkUsed   Type = "recovery.used"          // member
	MemberInvited      Type = "member.invited"
	MemberJoined       Type = "member.joined" // first sign-in
	MemberChanged      Type = "member.changed"
	MemberDisabled     Type = "member.disabled"
	MemberEnabled      Type = "member.enabled"
	MemberRemoved      Type = "member.removed"
	GroupChanged       Type = "group.changed" // of the directory (SCIM): created, changed, deleted
	GrantGiven         Type = "grant.given"   // member
	GrantTaken         Type = "grant.taken"   // member
	GrantKept          Type = "grant.kept"    // the last admin's, against the provider's word
	RoleCreated        Type = "role.created"
	RoleChanged        Type = "role.changed"
	RoleDeleted        Type = "role.deleted"
	SSOChanged         Type = "sso.changed"   // the draft
	SSOTested          Type = "sso.tested"    // the draft
	SSOActivated       Type = "sso.activated" // the draft took effect
	MappingChanged     Type = "sso.mapping_changed"
	DomainChanged      Type = "sso.domain_changed" // claimed, verified, given up
	SCIMTokenCreated   Type = "scim.token_created"
	SCIMTokenRevoked   Type = "scim.token_revoked"
	TokenCreated       Type = "token.created" // a person's access token
	TokenRevoked       Type = "token.revoked"
	KeyCreated         Type = "key.created"
	KeyChanged         Type = "key.changed"
	KeyRotated         Type = "key.rotated"
	KeyRevoked         Type = "key.revoked"
	KeyUsed            Type = "key.used" // summary of a minute
	StoreCreated       Type = "store.created"
	StoreChanged       Type = "store.changed"
	StoreEmptied       Type = "store.emptied"
	SettingsChanged    Type = "settings.changed"
	TenantCreated      Type = "tenant.created"
	TenantChanged      Type = "tenant.changed"
	TenantSuspended    Type = "tenant.suspended"
	TenantResumed      Type = "tenant.resumed"
	OperatorEntered    Type = "operator.entered"
	OperatorLeft       Type = "operator.left"
	OperatorLooked     Type = "operator.looked"   // route: what an operator inside has read
	StatementsViewed   Type = "statements.viewed" // store; the query and the number of rows
	IdentitiesViewed   Type = "identities.viewed" // store; the same, where people's identities were shown
	StatementVoided    Type = "statement.voided"
	DocumentsViewed    Type = "documents.viewed"
	AccessReviewed     Type = "access.reviewed"
	AuditViewed        Type = "audit.viewed"
	AuditExported      Type = "audit.exported"
	AuditVerified      Type = "audit.verified"
	AuditStreamChanged Type = "audit.stream_changed"
	AuditRetentionRan  Type = "audit.retention_ran"
	AccessDenied       Type = "access.denied" // a route that was refused
)

// Types lists the taxonomy, sorted as above.
var Types = []Type{
	SignedIn, SignInFailed, SignedOut, SessionEnded, RecoveryLinkMade, RecoveryLinkUsed,
	MemberInvited, MemberJoined, MemberChanged, MemberDisabled, MemberEnabled, MemberRemoved, GroupChanged,
	GrantGiven, GrantTaken, GrantKept, RoleCreated, RoleChanged, RoleDeleted,
	SSOChanged, SSOTested, SSOActivated, MappingChanged, DomainChanged, SCIMTokenCreated, SCIMTokenRevoked,
	TokenCreated, TokenRevoked, KeyCreated, KeyChanged, KeyRotated, KeyRevoked, KeyUsed,
	StoreCreated, StoreChanged, StoreEmptied, SettingsChanged, TenantCreated, TenantChanged, TenantSuspended, TenantResumed,
	OperatorEntered, OperatorLeft, OperatorLooked, StatementsViewed, IdentitiesViewed, StatementVoided, DocumentsViewed,
	AccessReviewed, AuditViewed, AuditExported, AuditVerified, AuditStreamChanged, AuditRetentionRan, AccessDenied,
}

var known = func() map[Type]bool {
	m := make(map[Type]bool, len(Types))
	for _, t := range Types {
		m[t] = true
	}
	return m
}()

func (t Type) known() bool { return known[t] }

// clean makes what a client sent fit for a column: valid UTF-8 without U+0000,
// of at most n bytes.
func clean(s string, n int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	if len(s) <= n {
		return s
	}
	s = s[:n]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s
}

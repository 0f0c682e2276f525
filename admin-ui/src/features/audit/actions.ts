/** Everything that the log may say; the server's list is internal/audit/taxonomy.go, and the list is closed. */
export const actions = [
  'session.signed_in', 'session.sign_in_failed', 'session.signed_out', 'session.ended', 'recovery.created', 'recovery.used',
  'member.invited', 'member.joined', 'member.changed', 'member.disabled', 'member.enabled', 'member.removed', 'group.changed',
  'grant.given', 'grant.taken', 'grant.kept', 'role.created', 'role.changed', 'role.deleted',
  'sso.changed', 'sso.tested', 'sso.activated', 'sso.mapping_changed', 'sso.domain_changed', 'scim.token_created', 'scim.token_revoked',
  'token.created', 'token.revoked', 'key.created', 'key.changed', 'key.rotated', 'key.revoked', 'key.used',
  'store.created', 'store.changed', 'store.emptied', 'settings.changed', 'tenant.created', 'tenant.changed', 'tenant.suspended', 'tenant.resumed',
  'operator.entered', 'operator.left', 'statements.viewed', 'identities.viewed', 'statement.voided', 'documents.viewed',
  'access.reviewed', 'audit.viewed', 'audit.exported', 'audit.verified', 'audit.stream_changed', 'audit.retention_ran', 'access.denied',
] as const;

export type AuditAction = (typeof actions)[number];

export const isAction = (text: string): text is AuditAction => (actions as readonly string[]).includes(text);

/** The name of its sentence in audit.json. */
export const sentenceKey = (action: AuditAction) => `sentence.${action.replaceAll('.', '_')}` as 'sentence.key_created';

import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, call, type Schema, versioned } from '@/api/client';

export type Member = Schema['Member'];
export type ReviewRow = Schema['AccessReviewRow'];

export const membersKey = (tenant: string) => ['members', tenant] as const;

export const memberQuery = (tenant: string, member: string) =>
  queryOptions({
    queryKey: [...membersKey(tenant), 'one', member],
    queryFn: ({ signal }) =>
      versioned(api.GET('/api/v1/tenants/{tenant}/members/{member}', { params: { path: { tenant, member } }, signal })),
  });

export function useMemberChanges(tenant: string) {
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries({ queryKey: membersKey(tenant) });
  const at = (member: string) => ({ tenant, member });
  return {
    invite: useMutation({
      mutationFn: ({ body, once }: { body: Schema['Invitation']; once: string }) =>
        call(
          api.POST('/api/v1/tenants/{tenant}/members', {
            params: { path: { tenant }, header: { 'Idempotency-Key': once } },
            body,
          }),
        ),
      onSuccess,
    }),
    change: useMutation({
      mutationFn: ({ member, etag, body }: { member: string; etag: string; body: Schema['MemberChange'] }) =>
        call(
          api.PATCH('/api/v1/tenants/{tenant}/members/{member}', {
            params: { path: at(member), header: { 'If-Match': etag } },
            body,
          }),
        ),
      onSuccess,
    }),
    remove: useMutation({
      mutationFn: ({ member, etag }: { member: string; etag: string }) =>
        call(
          api.DELETE('/api/v1/tenants/{tenant}/members/{member}', {
            params: { path: at(member), header: { 'If-Match': etag } },
          }),
        ),
      onSuccess,
    }),
    give: useMutation({
      mutationFn: ({ member, body, once }: { member: string; body: Schema['NewGrant']; once: string }) =>
        call(
          api.POST('/api/v1/tenants/{tenant}/members/{member}/grants', {
            params: { path: at(member), header: { 'Idempotency-Key': once } },
            body,
          }),
        ),
      onSuccess,
    }),
    take: useMutation({
      mutationFn: ({ member, grant }: { member: string; grant: string }) =>
        call(
          api.DELETE('/api/v1/tenants/{tenant}/members/{member}/grants/{grant}', {
            params: { path: { ...at(member), grant } },
          }),
        ),
      onSuccess,
    }),
    signOut: useMutation({
      mutationFn: (member: string) =>
        call(api.DELETE('/api/v1/tenants/{tenant}/members/{member}/sessions', { params: { path: at(member) } })),
      onSuccess: (_, member) => queries.invalidateQueries({ queryKey: ['sessions', tenant, member] }),
    }),
  };
}

/** A role's word where it is given: analyst, or analyst in main. */
export const grantLabel = (
  grant: Pick<Schema['Grant'], 'role' | 'store'>,
  inStore: (role: string, store: string) => string,
) => (grant.store ? inStore(grant.role, grant.store) : grant.role);

/** Actions by what they are about: statements.view and statements.void under statements; sorted. */
export function groupActions(actions: readonly string[]): [string, string[]][] {
  const groups = new Map<string, string[]>();
  for (const action of [...actions].sort()) {
    const group = action.split('.')[0] ?? action;
    groups.set(group, [...(groups.get(group) ?? []), action]);
  }
  return [...groups];
}

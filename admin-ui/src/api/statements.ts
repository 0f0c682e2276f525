import { api, call, type Schema } from './client';

export type Row = Schema['StatementRow'];
export type StatementPage = Schema['StatementPage'];

/** What statements are asked for, as the API names it; agent is JSON. */
export interface Filters {
  agent?: string;
  verb?: string;
  activity?: string;
  registration?: string;
  /** Bounds of the scaled score: >=0.5,<0.8 */
  score?: string;
  success?: boolean;
  completion?: boolean;
  since?: string;
  until?: string;
}

export const fetchStatements =
  (tenant: string, store: string, filters: Filters) => (after: string | undefined, signal: AbortSignal) =>
    call(
      api.GET('/api/v1/tenants/{tenant}/stores/{store}/statements', {
        params: { path: { tenant, store }, query: { ...filters, after } },
        signal,
      }),
    );

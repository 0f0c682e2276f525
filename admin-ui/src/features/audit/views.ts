import * as z from 'zod/mini';
import type { AuditFilters } from './queries';

/** Filters under a name, kept in this browser. */
export interface View {
  name: string;
  filters: AuditFilters;
}

const kept = z.array(z.object({ name: z.string(), filters: z.record(z.string(), z.string()) }));
const at = (tenant: string) => `stoa.audit-views.${tenant}`;

export function loadViews(tenant: string): View[] {
  try {
    return kept.parse(JSON.parse(localStorage.getItem(at(tenant)) ?? '[]')) as View[];
  } catch {
    return [];
  }
}

/** Saves under the name, in the place of one of the same name. */
export function saveView(tenant: string, view: View): View[] {
  const views = [...loadViews(tenant).filter((v) => v.name !== view.name), view].sort((a, b) =>
    a.name.localeCompare(b.name),
  );
  localStorage.setItem(at(tenant), JSON.stringify(views));
  return views;
}

export function deleteView(tenant: string, name: string): View[] {
  const views = loadViews(tenant).filter((v) => v.name !== name);
  localStorage.setItem(at(tenant), JSON.stringify(views));
  return views;
}

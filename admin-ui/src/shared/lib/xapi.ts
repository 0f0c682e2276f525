import type { Schema } from '@/api/client';
import { duration } from './format';

type Row = Schema['StatementRow'];
type Agent = Record<string, unknown>;

/**
 * An agent as one word, for a chip and for the URL: its e-mail address, `name|homePage` of its account,
 * its SHA-1 sum or its OpenID; what is none of these, as JSON. Pseudonyms are accounts.
 */
export function agentText(agent: Agent): string {
  const account = agent.account as { homePage?: unknown; name?: unknown } | undefined;
  if (typeof agent.mbox === 'string') return agent.mbox.replace(/^mailto:/, '');
  if (typeof account?.homePage === 'string' && typeof account.name === 'string')
    return `${account.name}|${account.homePage}`;
  if (typeof agent.mbox_sha1sum === 'string') return agent.mbox_sha1sum;
  if (typeof agent.openid === 'string') return agent.openid;
  return JSON.stringify(agent);
}

/** A key, by the name that it had and its user; another authority as an agent. */
export function authorityText(agent: Agent): string {
  const account = agent.account as { name?: unknown } | undefined;
  return typeof agent.name === 'string' && typeof account?.name === 'string'
    ? `${agent.name} (${account.name})`
    : agentText(agent);
}

/** The reverse of agentText; undefined when the text names nobody. */
export function parseAgent(text: string): Agent | undefined {
  const who = text.trim();
  if (who.startsWith('{')) {
    try {
      return JSON.parse(who) as Agent;
    } catch {
      return undefined;
    }
  }
  const bar = who.lastIndexOf('|');
  if (bar > 0 && /^[a-z][a-z0-9+.-]*:\S+$/i.test(who.slice(bar + 1)))
    return { account: { homePage: who.slice(bar + 1), name: who.slice(0, bar) } };
  if (/^[0-9a-f]{40}$/i.test(who)) return { mbox_sha1sum: who.toLowerCase() };
  if (/^https?:\/\/\S+$/.test(who)) return { openid: who };
  const mail = who.replace(/^mailto:/, '');
  return /^[^\s@|]+@[^\s@|]+$/.test(mail) ? { mbox: `mailto:${mail}` } : undefined;
}

/** Identifiers alone: names do not select (xAPI 1.0.3 Data 2.4.2.3). */
export function identifier(agent: Agent): Agent {
  const { mbox, mbox_sha1sum, openid, account } = agent;
  return Object.fromEntries(
    Object.entries({ mbox, mbox_sha1sum, openid, account }).filter(([, value]) => value !== undefined),
  );
}

const adl = 'http://adlnet.gov/expapi/verbs/';
const adlVerbs = [
  'answered',
  'asked',
  'attempted',
  'attended',
  'commented',
  'completed',
  'exited',
  'experienced',
  'failed',
  'imported',
  'initialized',
  'interacted',
  'launched',
  'mastered',
  'passed',
  'preferred',
  'progressed',
  'registered',
  'responded',
  'resumed',
  'scored',
  'shared',
  'suspended',
  'terminated',
  'voided',
];

/** completed → its IRI at ADL, an IRI as it is; undefined for anything else. */
export function verbIri(text: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:\S+$/i.test(text)) return text;
  return adlVerbs.includes(text.toLowerCase()) ? adl + text.toLowerCase() : undefined;
}

/** The last part of an IRI, for where there is no better name. */
export const tail = (iri: string) => iri.split(/[/#:]/).filter(Boolean).at(-1) ?? iri;

interface Words {
  language: string;
  percent: (part: number) => string;
  t: (
    key: 'xapi.passed' | 'xapi.failed' | 'xapi.completed' | 'xapi.incomplete' | 'xapi.in' | 'xapi.reference',
    values?: Record<string, unknown>,
  ) => string;
}

/** What came of it: 92 %, passed, in 4 min; empty when nothing is said. What the verb says already is left out. */
export function outcome(row: Row, { language, percent, t }: Words): string[] {
  const { result } = row;
  if (!result) return [];
  const parts: string[] = [];
  const verb = tail(row.verb.id);
  if (result.scaled !== undefined) parts.push(percent(result.scaled));
  if (result.success !== undefined && verb !== (result.success ? 'passed' : 'failed'))
    parts.push(t(result.success ? 'xapi.passed' : 'xapi.failed'));
  if (result.completion === true && verb !== 'completed' && result.success === undefined)
    parts.push(t('xapi.completed'));
  if (result.completion === false) parts.push(t('xapi.incomplete'));
  if (result.duration) parts.push(t('xapi.in', { duration: duration(result.duration, language) }));
  return parts;
}

/** What it is about; another statement by the beginning of its id. */
export function objectOf({ object }: Pick<Row, 'object'>, t: Words['t']): string {
  return object.kind === 'statement'
    ? t('xapi.reference', { id: object.id.slice(0, 8) })
    : object.name || tail(object.id);
}

/** Ada completed Forklift safety, 92 %, in 4 min */
export function sentence(row: Row, words: Words): string {
  const said = `${row.actor.name} ${row.verb.display || tail(row.verb.id)} ${objectOf(row, words.t)}`;
  return [said, ...outcome(row, words)].join(', ');
}

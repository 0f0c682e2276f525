import { useTranslation } from 'react-i18next';
import { bare, useMemberNames } from '@/shared/lib/member-names';
import { useFormat } from '@/shared/lib/tenant';
import { isAction, sentenceKey } from './actions';
import type { Event } from './queries';

const text = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');

/** The role of a grant, which stands in what there was before or is after. */
const role = (facts: unknown) => text((facts as Record<string, unknown> | undefined)?.role);

/** The members that an event names. */
const members = ({ actor, target }: Event) => [
  ...(actor.kind === 'member' ? [actor.id] : []),
  ...(target.kind === 'member' && target.id ? [target.id] : []),
];

/** What an event says, as a sentence. The log has people's addresses; those of the events given get their names. */
export function useSentence(events: readonly Event[]): (event: Event) => string {
  const { t } = useTranslation(['sentences', 'audit']);
  const format = useFormat();
  const names = useMemberNames(events.flatMap(members));
  return ({ action, actor, target, details }) => {
    const rows = Number(details.rows ?? 0);
    const values = {
      actor:
        (actor.kind === 'member' && names.get(bare(actor.id))) ||
        actor.name ||
        (actor.kind === 'anonymous' ? t('somebody', { ns: 'audit' }) : actor.id),
      target: (target.kind === 'member' && names.get(bare(target.id))) || target.name || target.id || target.kind,
      role: text(details.role) || role(details.after) || role(details.before),
      count: rows,
      rows: format.number(rows),
      reason: text(details.reason),
      needs: text(details.needs),
      path: text(details.path),
      change: text(details.change),
    };
    // Nobody gave it: a group did, while the person was not signed in yet.
    if (action === 'grant.given' && actor.kind === 'anonymous') return t('grant_came', values);
    return isAction(action) ? t(sentenceKey(action), values) : t('unknown', { ...values, action });
  };
}

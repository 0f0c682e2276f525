import { useTranslation } from 'react-i18next';
import { isAction, sentenceKey } from './actions';
import type { Event } from './queries';

const text = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');

/** The role of a grant, which stands in what there was before or is after. */
const role = (facts: unknown) => text((facts as Record<string, unknown> | undefined)?.role);

/** What an event says, as a sentence. */
export function useSentence(): (event: Event) => string {
  const { t } = useTranslation(['sentences', 'audit']);
  return ({ action, actor, target, details }) => {
    const names = {
      actor: actor.name || (actor.kind === 'anonymous' ? t('somebody', { ns: 'audit' }) : actor.id),
      target: target.name || target.id || target.kind,
      role: text(details.role) || role(details.after) || role(details.before),
      rows: text(details.rows),
      reason: text(details.reason),
      needs: text(details.needs),
      path: text(details.path),
      change: text(details.change),
    };
    return isAction(action) ? t(sentenceKey(action), names) : t('unknown', { ...names, action });
  };
}

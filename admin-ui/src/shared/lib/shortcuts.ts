import { useEffect, useRef } from 'react';

/** What to do by key: one character, a name as Enter, or two characters after each other, as 'g k'. */
export type Shortcuts = Record<string, (event: KeyboardEvent) => void>;

/** The keys of the palette, as they are printed on this machine's keyboard; ctrl is what the language calls that key. */
export const paletteKey = (ctrl: string) => (/Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘K' : `${ctrl} K`);

const off = 'stoa.single-keys-off';

/** Single keys can be turned off (WCAG 2.1.4): who dictates, or types with a slow hand, meets them by accident. */
export const singleKeys = {
  enabled: () => localStorage.getItem(off) === null,
  set: (on: boolean) => (on ? localStorage.removeItem(off) : localStorage.setItem(off, 'yes')),
};

/** Whether the key belongs to what has the focus: a field, or a dialog that is open. */
export function belongsElsewhere(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return true;
  const at = event.target instanceof HTMLElement ? event.target : null;
  if (
    at?.isContentEditable ||
    at?.matches('input, textarea, select, [role="listbox"], [role="option"], [role="menuitem"], [role="combobox"]')
  )
    return true;
  return document.querySelector('[role="dialog"][aria-modal="true"]') !== null;
}

/** The action of a key press and what is then waited for: after 'g', the second key of 'g k' within 1.2 s. */
export function match(
  shortcuts: Shortcuts,
  pending: string,
  key: string,
): { run?: Shortcuts[string]; pending: string } {
  const both = pending ? shortcuts[`${pending} ${key}`] : undefined;
  if (both) return { run: both, pending: '' };
  if (shortcuts[key]) return { run: shortcuts[key], pending: '' };
  return { pending: Object.keys(shortcuts).some((name) => name.startsWith(`${key} `)) ? key : '' };
}

export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => {
    let pending = '';
    let timer = 0;
    const listen = (event: KeyboardEvent) => {
      if (belongsElsewhere(event) || !singleKeys.enabled()) return;
      const found = match(latest.current, pending, event.key);
      window.clearTimeout(timer);
      pending = found.pending;
      if (pending) {
        timer = window.setTimeout(() => {
          pending = '';
        }, 1200);
      }
      if (found.run) {
        event.preventDefault();
        found.run(event);
      }
    };
    window.addEventListener('keydown', listen);
    return () => {
      window.clearTimeout(timer);
      window.removeEventListener('keydown', listen);
    };
  }, []);
}

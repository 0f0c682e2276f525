import { Combobox, Pill, PillsInput, useCombobox } from '@mantine/core';
import { Search } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useShortcuts } from '@/shared/lib/shortcuts';

/** One condition: verb:http://adlnet.gov/expapi/verbs/completed */
export interface Chip {
  field: string;
  value: string;
}

export interface Suggestion {
  value: string;
  label: string;
}

export interface Field {
  name: string;
  /** Values to offer: those that contain what was typed. */
  suggestions?: Suggestion[];
  /** Values to offer as they are: somebody else has looked for what was typed. */
  found?: Suggestion[];
  /** How a value is shown on its chip. */
  show?: (value: string) => string;
}

/** `verb:"a b" score<0.8` → chips; what has no field keeps the empty one. A quoted value may hold spaces. */
export function parseChips(text: string, fields: string[]): Chip[] {
  const chips: Chip[] = [];
  // A comparison needs no colon: its sign belongs to the value.
  const parts = text.matchAll(/(?:([a-z]+)(:|(?=[<>=])))?(?:"((?:[^"\\]|\\.)*)"|(\S+))/g);
  for (const [, field = '', colon = '', quoted, plain = ''] of parts) {
    const value = quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1');
    if (field === '' || fields.includes(field)) chips.push({ field, value });
    else chips.push({ field: '', value: field + colon + value });
  }
  return chips;
}

/** The reverse of parseChips, as it stands in the URL. */
export function formatChips(chips: Chip[]): string {
  return chips
    .map(({ field, value }) => {
      const quoted = value === '' || /[\s"]/.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value;
      return field ? `${field}:${quoted}` : quoted;
    })
    .join(' ');
}

/** What may be completed: fields first, then a field's values that contain what was typed. At most 12. */
export function complete(text: string, fields: Field[]): Suggestion[] {
  const colon = text.indexOf(':');
  const field = fields.find((f) => f.name === text.slice(0, colon));
  if (!field) {
    return fields
      .filter((f) => f.name.startsWith(text.toLowerCase()))
      .map((f) => ({ value: `${f.name}:`, label: `${f.name}:` }));
  }
  const typed = text.slice(colon + 1).toLowerCase();
  const fits = (field.suggestions ?? []).filter(
    (s) => s.label.toLowerCase().includes(typed) || s.value.toLowerCase().includes(typed),
  );
  const all = new Map([...fits, ...(field.found ?? [])].map((s) => [s.value, s]));
  return [...all.values()]
    .slice(0, 12)
    .map((s) => ({ value: formatChips([{ field: field.name, value: s.value }]), label: s.label }));
}

interface Props {
  label: string;
  placeholder: string;
  fields: Field[];
  chips: Chip[];
  /** Says which field a bare value is of, or why it is none. */
  guess: (value: string) => Chip | string;
  onChange: (chips: Chip[]) => void;
  /** Why a chip means nothing; undefined when it means something. */
  check?: (chip: Chip) => string | undefined;
  /** Hears what is being typed, to look for completions of it. */
  onType?: (text: string) => void;
  /** What there is to say about the completions: why some are missing, for example. */
  note?: string;
}

/** Conditions as chips, typed with completion. The key / comes here. */
export function QueryBar({ label, placeholder, fields, chips, guess, onChange, check, onType, note }: Props) {
  const { t } = useTranslation('shared');
  const input = useRef<HTMLInputElement>(null);
  const [text, setShown] = useState('');
  const setText = (next: string) => {
    setShown(next);
    onType?.(next);
  };
  const [error, setError] = useState('');
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const names = useMemo(() => fields.map((f) => f.name), [fields]);
  const offered = useMemo(() => complete(text, fields), [text, fields]);
  useShortcuts({ '/': () => input.current?.focus() });

  const add = (typed: string) => {
    const next = [...chips];
    for (const chip of parseChips(typed, names)) {
      const known = chip.field ? chip : guess(chip.value);
      const wrong = typeof known === 'string' ? known : check?.(known);
      if (typeof known === 'string' || wrong) {
        setError(wrong ?? '');
        return;
      }
      // Each field has one value: a second one replaces the first.
      const at = next.findIndex((c) => c.field === known.field);
      if (at < 0) next.push(known);
      else next[at] = known;
    }
    setText('');
    setError('');
    combobox.closeDropdown();
    onChange(next);
  };
  /** What Enter means: the value as typed or, where that is half of one, the first that is offered. */
  const enter = () => {
    const [typed] = parseChips(text, names);
    const half = typed?.field && check?.(typed) !== undefined;
    add(half && offered[0] ? offered[0].value : text);
  };
  const take = (value: string) => {
    if (!value.endsWith(':')) {
      add(value);
      return;
    }
    setText(value);
    combobox.openDropdown();
    input.current?.focus();
  };

  return (
    <Combobox store={combobox} onOptionSubmit={take} withinPortal>
      <Combobox.DropdownTarget>
        <PillsInput
          flex={1}
          miw={240}
          onClick={() => input.current?.focus()}
          error={error}
          leftSection={<Search size={16} aria-hidden />}
        >
          <Pill.Group>
            {chips.map((chip) => (
              <Pill
                key={chip.field}
                withRemoveButton
                onRemove={() => onChange(chips.filter((c) => c !== chip))}
                removeButtonProps={{
                  'aria-label': t('query.remove', { field: chip.field }),
                  tabIndex: 0,
                  'aria-hidden': undefined,
                }}
                title={chip.value}
                maw={320}
              >
                {chip.field}: {fields.find((f) => f.name === chip.field)?.show?.(chip.value) ?? chip.value}
              </Pill>
            ))}
            <Combobox.EventsTarget withExpandedAttribute>
              <PillsInput.Field
                ref={input}
                role="combobox"
                aria-autocomplete="list"
                aria-label={label}
                placeholder={chips.length === 0 ? placeholder : ''}
                value={text}
                spellCheck={false}
                autoComplete="off"
                onFocus={() => combobox.openDropdown()}
                onBlur={() => combobox.closeDropdown()}
                onChange={(event) => {
                  setText(event.currentTarget.value);
                  setError('');
                  combobox.openDropdown();
                  combobox.resetSelectedOption();
                }}
                onKeyDown={(event) => {
                  if (event.key === 'Backspace' && text === '' && chips.length > 0) onChange(chips.slice(0, -1));
                  else if (event.key === 'Enter' && text.trim() && combobox.getSelectedOptionIndex() === -1) {
                    event.preventDefault();
                    enter();
                  }
                }}
              />
            </Combobox.EventsTarget>
          </Pill.Group>
        </PillsInput>
      </Combobox.DropdownTarget>
      <Combobox.Dropdown hidden={offered.length === 0 && !note}>
        <Combobox.Options aria-label={label} mah={320} style={{ overflowY: 'auto' }}>
          {offered.map((s) => (
            <Combobox.Option key={s.value} value={s.value}>
              {s.label}
            </Combobox.Option>
          ))}
        </Combobox.Options>
        {note && <Combobox.Footer fz="xs">{note}</Combobox.Footer>}
      </Combobox.Dropdown>
    </Combobox>
  );
}

import classes from './page.module.css';

/** Text of programs; it can be scrolled by keys, which is why it can have the focus. */
export function Code({ text, label, wrap }: { text: string; label: string; wrap?: boolean }) {
  return (
    <section
      className={`${classes.code} ${wrap ? classes.wrap : ''}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it by keys (axe: scrollable-region-focusable)
      tabIndex={0}
      aria-label={label}
      style={{ whiteSpace: wrap ? undefined : 'pre' }}
    >
      {text}
    </section>
  );
}

export function Json({ value, label }: { value: unknown; label: string }) {
  return <Code text={JSON.stringify(value, null, 2)} label={label} />;
}

import { type ChangeEvent, type ReactNode, useState } from 'react';

interface Field {
  value: string;
  onChange: (event: ChangeEvent<HTMLInputElement>) => void;
}

/** A filter that goes to the URL with Enter or when the field is left, not with every letter. */
export function Submitted({
  label,
  of = '',
  onChange,
  children,
}: {
  label: string;
  of: string | undefined;
  onChange: (text: string | undefined) => void;
  children: (field: Field) => ReactNode;
}) {
  const [text, setText] = useState(of);
  const [was, setWas] = useState(of);
  if (was !== of) {
    setWas(of);
    setText(of);
  }
  const submit = () => {
    if (text.trim() !== of) onChange(text.trim() || undefined);
  };
  return (
    <form
      aria-label={label}
      onBlur={submit}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {children({ value: text, onChange: (event) => setText(event.currentTarget.value) })}
    </form>
  );
}

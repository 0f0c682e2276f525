import { TextInput } from '@mantine/core';
import { useState } from 'react';
import classes from './page.module.css';

/** Words to look for; they go to the URL with Enter, not with every letter. */
export function SearchField({
  of,
  label,
  onChange,
}: {
  of: string | undefined;
  label: string;
  onChange: (text: string | undefined) => void;
}) {
  const [text, setText] = useState(of ?? '');
  const [was, setWas] = useState(of);
  if (was !== of) {
    setWas(of);
    setText(of ?? '');
  }
  return (
    <form
      className={classes.search}
      onSubmit={(event) => {
        event.preventDefault();
        onChange(text.trim() || undefined);
      }}
    >
      <TextInput
        type="search"
        aria-label={label}
        placeholder={label}
        value={text}
        maxLength={200}
        onChange={(event) => setText(event.currentTarget.value)}
      />
    </form>
  );
}

import { useEffect, useState } from 'react';

/**
 * When this part is gone, the focus goes back to where it was before. The kit gives it
 * back only from what is closed first and taken away later; dialogs that the address
 * opens are taken away at once.
 */
export function useFocusBack(): void {
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      const lost = document.activeElement === null || document.activeElement === document.body;
      if (lost && before instanceof HTMLElement) before.focus({ preventScroll: true });
    },
    [before],
  );
}

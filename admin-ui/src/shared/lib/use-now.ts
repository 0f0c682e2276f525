import { useEffect, useReducer } from 'react';

/** The time of this rendering, which is renewed every so many milliseconds while it matters. */
export function useNow(every: number, active = true): number {
  const [, renew] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    if (!active) return;
    const timer = window.setInterval(renew, every);
    return () => window.clearInterval(timer);
  }, [every, active]);
  return Date.now();
}

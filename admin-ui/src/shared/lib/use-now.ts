import { useEffect, useState } from 'react';

/** The time, renewed every so many milliseconds while it matters. */
export function useNow(every: number, active = true): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!active) return;
    const timer = window.setInterval(() => setNow(Date.now()), every);
    return () => window.clearInterval(timer);
  }, [every, active]);
  return now;
}

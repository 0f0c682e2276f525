import { type ComponentType, lazy, Suspense } from 'react';

/** A part that is fetched when it is first drawn: dialogs and drawers, which nobody needs to see a page. */
export function later<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  const Part = lazy(async () => ({ default: await load() })) as unknown as ComponentType<P>;
  return function Later(props: P) {
    return (
      <Suspense fallback={null}>
        <Part {...props} />
      </Suspense>
    );
  };
}

import { type ComponentType, lazy, type ReactNode, Suspense } from 'react';

/**
 * A part that is fetched when it is first drawn: dialogs and drawers, which nobody needs to see a page. One that
 * stands between others needs something as high in its place until it is there.
 */
export function later<P extends object>(
  load: () => Promise<ComponentType<P>>,
  inPlace: ReactNode = null,
): ComponentType<P> {
  const Part = lazy(async () => ({ default: await load() })) as unknown as ComponentType<P>;
  return function Later(props: P) {
    return (
      <Suspense fallback={inPlace}>
        <Part {...props} />
      </Suspense>
    );
  };
}

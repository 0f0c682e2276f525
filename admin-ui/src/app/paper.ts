/** Paper is white: while a page is printed it has the light colours, whatever the screen has. */
export function printLight() {
  const root = document.documentElement;
  const attribute = 'data-mantine-color-scheme';
  let screen: string | null = null;
  const change = (paper: boolean) => {
    if (paper && screen === null) {
      screen = root.getAttribute(attribute) ?? 'light';
      root.setAttribute(attribute, 'light');
    } else if (!paper && screen !== null) {
      root.setAttribute(attribute, screen);
      screen = null;
    }
  };
  window.addEventListener('beforeprint', () => change(true));
  window.addEventListener('afterprint', () => change(false));
  // A preview that was open before the page, and browsers that tell only so.
  window.matchMedia('print').addEventListener('change', ({ matches }) => change(matches));
}

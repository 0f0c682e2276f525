import {
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
} from '@mantine/core';

const stoa: MantineColorsTuple = [
  '#eef3fc',
  '#dbe4f8',
  '#b5c8f0',
  '#8caae8',
  '#6a90e1',
  '#5580dd',
  '#4470d3',
  '#3560b9',
  '#2b4f9e',
  '#1f3d7d',
];

/** The name of a dialog: long ones take more than one line. */
const title = { fontWeight: 650, lineHeight: 1.35, overflowWrap: 'anywhere' } as const;

/**
 * The kit's defaults fail the contrast rules of WCAG 2.2 AA for dimmed text, for
 * placeholders and for light badges, and in the dark for the primary colour. They are
 * mended here, once, and in variables below; no page mends them again.
 */
export const theme = createTheme({
  primaryColor: 'stoa',
  primaryShade: { light: 7, dark: 7 },
  colors: { stoa },
  // Of our own, so that pages are as wide everywhere; what it lacks comes from the system.
  fontFamily: "'Inter Variable', system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  headings: {
    fontWeight: '650',
    sizes: { h1: { fontSize: '1.625rem', lineHeight: '1.25' }, h2: { fontSize: '1.0625rem', lineHeight: '1.4' } },
  },
  variantColorResolver(input) {
    const colors = defaultVariantColorsResolver(input);
    const name = (input.color ?? 'stoa').split('.')[0];
    if (input.variant !== 'light' || !(name && name in input.theme.colors)) return colors;
    return {
      ...colors,
      background: `light-dark(var(--mantine-color-${name}-1), color-mix(in srgb, var(--mantine-color-${name}-9) 55%, var(--mantine-color-dark-7)))`,
      color: `light-dark(color-mix(in srgb, var(--mantine-color-${name}-9) 82%, black), var(--mantine-color-${name}-1))`,
      border: 'none',
    };
  },
  components: {
    Badge: {
      defaultProps: { variant: 'light', radius: 'xl' },
      // Where it is too wide it takes a second line, unless what it stands in keeps to one.
      styles: {
        root: { textTransform: 'none', fontWeight: 600, height: 'auto', minHeight: 'var(--badge-height)' },
        label: { overflow: 'visible', whiteSpace: 'inherit' },
      },
    },
    // The kit's heading of a dialog is a <header>, which counts as a banner of the page.
    Modal: {
      defaultProps: { centered: false, radius: 'md', attributes: { header: { role: 'presentation' } } },
      styles: { title },
    },
    Drawer: { defaultProps: { attributes: { header: { role: 'presentation' } } }, styles: { title } },
    // A row that is too narrow wraps or shrinks its text; a button keeps its words.
    Button: { defaultProps: { size: 'sm' }, styles: { root: { flexShrink: 0 } } },
    // What opens over a page is part of it for who goes by landmarks; what is open belongs to #main.
    Popover: { defaultProps: { portalProps: { target: '#main' } } },
    // The kit's placeholder of the focus is nothing that a menu may hold: the first entry takes it.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    Tooltip: {
      defaultProps: { withArrow: true, multiline: true, maw: 320, events: { hover: true, focus: true, touch: true } },
    },
    // On a phone tabs stay in one line, which scrolls when it must.
    Tabs: {
      styles: {
        list: { flexWrap: 'nowrap', overflowX: 'auto', overflowY: 'hidden', scrollbarWidth: 'none' },
        tab: { flexShrink: 0, paddingInline: 'clamp(7px, 1.2vw, 16px)' },
      },
    },
    TextInput: { defaultProps: { size: 'sm' } },
  },
});

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#50575e',
    '--mantine-color-placeholder': '#676e76',
    '--mantine-color-error': '#c22525',
    '--mantine-color-anchor': '#2b4f9e',
    '--stoa-line': '#dee2e6',
    '--stoa-row': '#f6f8fb',
    '--stoa-selected': '#dbe4f8',
    '--stoa-selected-text': '#1b366f',
    '--stoa-panel': '#ffffff',
    '--stoa-code': '#f6f8fa',
  },
  dark: {
    '--mantine-color-dimmed': '#b4b7bb',
    '--mantine-color-placeholder': '#a3a7ab',
    '--mantine-color-error': '#ff9b9b',
    '--mantine-color-anchor': '#a9c1f3',
    '--mantine-color-text': '#d6d8da',
    '--mantine-color-default-border': '#4d5155',
    '--mantine-color-disabled': '#383b3e',
    '--mantine-color-disabled-color': '#9da1a5',
    '--stoa-line': '#3f4347',
    '--stoa-row': '#2b2e31',
    '--stoa-selected': '#14264f',
    '--stoa-selected-text': '#dbe4f8',
    '--stoa-panel': '#2a2c2e',
    '--stoa-code': '#1c1e20',
  },
});

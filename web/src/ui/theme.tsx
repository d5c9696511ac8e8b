import { IconEye, IconEyeOff } from '@tabler/icons-react';
import { CloseIcon, createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

const petrol: MantineColorsTuple = ['#eaf5f6', '#d3e8ea', '#a5d0d5', '#74b7be', '#4da2ab', '#33939e', '#197680', '#12606b', '#0d525c', '#07434c'];
const slate: MantineColorsTuple = ['#d9dedd', '#b4bcbb', '#8f9998', '#6c7776', '#47514f', '#343c3b', '#262d2c', '#1d2322', '#161b1a', '#101413'];
const stone: MantineColorsTuple = ['#f8f9f7', '#f1f3f0', '#e6e9e4', '#d8dcd5', '#c3c8c0', '#a0a69d', '#767d74', '#596058', '#3f453e', '#232823'];
const rust: MantineColorsTuple = ['#fdf0ec', '#f8dcd4', '#eeb7a7', '#e48f77', '#dc6d4e', '#d75734', '#c94a28', '#ad3c1d', '#933317', '#7a2a12'];
const amber: MantineColorsTuple = ['#fff6e3', '#fdeac3', '#f8d487', '#f2bc48', '#e8a824', '#c98a0c', '#a66f04', '#875a02', '#6d4802', '#533701'];
const moss: MantineColorsTuple = ['#eef6ec', '#dcebd8', '#b8d6b0', '#91bf86', '#6fab61', '#569b47', '#3f8431', '#316c25', '#28591e', '#1f4717'];

/** System fonts only: the page asks no other host for anything. */
const sans = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, "Noto Color Emoji", sans-serif';

export const theme = createTheme({
  fontFamily: sans,
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.1875rem' },
  lineHeights: { xs: '1.4', sm: '1.45', md: '1.5', lg: '1.5', xl: '1.4' },
  headings: { fontWeight: '650', sizes: { h1: { fontSize: '1.25rem', lineHeight: '1.3' }, h2: { fontSize: '1rem', lineHeight: '1.35' }, h3: { fontSize: '0.875rem', lineHeight: '1.4' } } },
  colors: { petrol, dark: slate, gray: stone, red: rust, yellow: amber, green: moss },
  primaryColor: 'petrol',
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  luminanceThreshold: 0.32,
  defaultRadius: 'sm',
  radius: { xs: '3px', sm: '6px', md: '9px', lg: '14px', xl: '20px' },
  cursorType: 'pointer',
  focusRing: 'auto',
  components: {
    Button: { defaultProps: { size: 'sm' }, styles: { label: { fontWeight: 550 } } },
    TextInput: { defaultProps: { size: 'sm' } },
    Textarea: { defaultProps: { size: 'sm' } },
    Select: { defaultProps: { size: 'sm', allowDeselect: false, checkIconPosition: 'right' } },
    // Their marks say nothing that their names do not: a screen reader would read an image without a name.
    ComboboxChevron: { defaultProps: { 'aria-hidden': true } },
    CloseButton: { defaultProps: { icon: <CloseIcon aria-hidden /> } },
    PasswordInput: { defaultProps: { visibilityToggleIcon: ({ reveal }: { reveal: boolean }) => (reveal ? <IconEyeOff size={16} stroke={1.6} aria-hidden /> : <IconEye size={16} stroke={1.6} aria-hidden />) } },
    // Whoever opens it by key is on its first line, and sees that.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: true } },
    Modal: { styles: { title: { lineHeight: 1.35, overflowWrap: 'anywhere' } }, defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.4 }, transitionProps: { duration: 120 } } },
    Badge: { defaultProps: { radius: 'xs', variant: 'light' } },
  },
});

/** Surfaces and text colours that keep at least 4.5 : 1 in both schemes. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#f5f6f3',
    '--mantine-color-text': '#1b211f',
    '--mantine-color-dimmed': '#5a635e',
    '--mantine-color-placeholder': '#697069',
    '--mantine-color-anchor': '#12606b',
    '--mantine-color-error': '#ad3c1d',
    '--p-panel': '#ffffff',
    '--p-panel-2': '#fafbf9',
    '--p-line': '#e1e5df',
    '--p-line-strong': '#cbd1c9',
    '--p-hover': '#eff2ee',
    '--p-selected': '#e4f0f1',
    '--p-accent': '#12606b',
    '--p-out': '#dcedef',
    '--p-bot': '#eeedf6',
    '--p-bot-ink': '#514b7f',
    '--p-warn-bg': '#fff4dc',
    '--p-warn-ink': '#6d4802',
    '--p-bad-bg': '#fcebe6',
    '--p-bad-ink': '#93330f',
    '--p-good-bg': '#e8f3e5',
    '--p-good-ink': '#28591e',
  },
  dark: {
    '--mantine-color-body': '#101413',
    '--mantine-color-text': '#dfe4e2',
    '--mantine-color-dimmed': '#9aa5a2',
    '--mantine-color-placeholder': '#8b9693',
    '--mantine-color-anchor': '#74b7be',
    '--mantine-color-error': '#e48f77',
    '--p-panel': '#171c1b',
    '--p-panel-2': '#1b2120',
    '--p-line': '#2a3130',
    '--p-line-strong': '#3b4442',
    '--p-hover': '#202726',
    '--p-selected': '#1b3337',
    '--p-accent': '#74b7be',
    '--p-out': '#1c3a3f',
    '--p-bot': '#2a2840',
    '--p-bot-ink': '#bdb7e6',
    '--p-warn-bg': '#3a2d0c',
    '--p-warn-ink': '#f2cd7c',
    '--p-bad-bg': '#411c11',
    '--p-bad-ink': '#f0b09d',
    '--p-good-bg': '#1b3216',
    '--p-good-ink': '#a9d39d',
  },
});

// SPDX-License-Identifier: Apache-2.0
// Calm colours, each readable on its ground (WCAG AA), in light and dark; the system's own font.
import { createTheme } from '@mui/material/styles';

const font = 'system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif';
export const monospace = 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace';

export const theme = createTheme({
  cssVariables: { colorSchemeSelector: 'data-scheme' },
  colorSchemes: {
    light: {
      palette: {
        primary: { main: '#0b5566' },
        secondary: { main: '#4a5a68' },
        success: { main: '#1a6b3c' },
        warning: { main: '#8a5300' },
        error: { main: '#b3261e' },
        info: { main: '#1d5b99' },
        background: { default: '#f5f7f8', paper: '#ffffff' },
        text: { primary: '#17222b', secondary: '#4f5d68' },
        divider: '#dde3e7',
      },
    },
    dark: {
      palette: {
        primary: { main: '#6cc5d9' },
        secondary: { main: '#a9b8c4' },
        success: { main: '#7ccf9c' },
        warning: { main: '#f0b35f' },
        error: { main: '#ff9a90' },
        info: { main: '#8fc1f5' },
        background: { default: '#0f1519', paper: '#172026' },
        text: { primary: '#e6edf1', secondary: '#a7b4be' },
        divider: '#2b3841',
      },
    },
  },
  // xl: where lists have room for all their columns beside the navigation.
  breakpoints: { values: { xs: 0, sm: 600, md: 900, lg: 1200, xl: 1400 } },
  shape: { borderRadius: 8 },
  typography: {
    fontFamily: font,
    fontSize: 14,
    h1: { fontSize: '1.5rem', fontWeight: 650, lineHeight: 1.25 },
    h2: { fontSize: '1.05rem', fontWeight: 650, lineHeight: 1.3 },
    h3: { fontSize: '0.95rem', fontWeight: 650, lineHeight: 1.3 },
    button: { textTransform: 'none', fontWeight: 600 },
  },
  components: {
    MuiCssBaseline: {
      styleOverrides: {
        body: { overflowY: 'scroll' },
        'a:not([class])': { color: 'inherit' },
        ':focus-visible': { outline: '2px solid var(--mui-palette-primary-main)', outlineOffset: 2 },
        '@media (prefers-reduced-motion: reduce)': {
          '*, *::before, *::after': { animationDuration: '0.01ms !important', transitionDuration: '0.01ms !important' },
        },
      },
    },
    MuiButtonBase: { defaultProps: { disableRipple: true } },
    // One of two lines stands beside its icon.
    MuiButton: { defaultProps: { disableElevation: true }, styleOverrides: { root: { textAlign: 'left' } } },
    MuiFormControlLabel: { styleOverrides: { root: { paddingBlock: 2 }, label: { lineHeight: 1.35 } } },
    MuiPaper: { defaultProps: { elevation: 0 }, styleOverrides: { root: { backgroundImage: 'none' } } },
    MuiCard: { defaultProps: { variant: 'outlined' } },
    MuiTextField: { defaultProps: { size: 'small', fullWidth: true } },
    MuiSelect: { defaultProps: { size: 'small' } },
    MuiTooltip: { defaultProps: { arrow: true, describeChild: true } },
    MuiTableCell: { styleOverrides: { root: { borderColor: 'var(--mui-palette-divider)' } } },
    MuiDialogTitle: { styleOverrides: { root: { fontSize: '1.15rem', fontWeight: 650 } } },
    MuiAlert: { styleOverrides: { message: { overflowWrap: 'anywhere' } } },
  },
});

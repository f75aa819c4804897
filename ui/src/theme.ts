import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

// Ink on paper. Colour stands for differences, danger, and where one is; for nothing else.
const ink: MantineColorsTuple = [
  "#eff5fb",
  "#dde9f4",
  "#bad3e9",
  "#94bcdd",
  "#75a8d3",
  "#5c98ca",
  "#3b7cb3",
  "#1f5f97",
  "#1a4f7e",
  "#133c61",
];

// What Mantine lays under fields and buttons where it is dark: of the same blue as our ground, not grey.
const dark: MantineColorsTuple = [
  "#d5d9df",
  "#b9bfc9",
  "#98a0ac",
  "#7d8592",
  "#3d444f",
  "#2d333c",
  "#242932",
  "#181b20",
  "#14171b",
  "#0f1114",
];

const close = { closeButtonProps: { "aria-label": "Close" } };

export const theme = createTheme({
  primaryColor: "ink",
  // The default shades are too light for white letters, in both schemes.
  primaryShade: 7,
  autoContrast: true,
  luminanceThreshold: 0.35,
  colors: { ink, dark },
  defaultRadius: "sm",
  cursorType: "pointer",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  headings: {
    fontWeight: "650",
    sizes: { h1: { fontSize: "1.5rem", lineHeight: "1.25" }, h2: { fontSize: "1.05rem", lineHeight: "1.4" } },
  },
  components: {
    // A link in a sentence is known by more than its colour.
    Anchor: { defaultProps: { underline: "always" } },
    Modal: { defaultProps: { ...close, centered: true, overlayProps: { backgroundOpacity: 0.4 } } },
    // Its placeholder is no menu item, and a menu may hold nothing else.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    // A dialog's head is not the page's, and readers of screens should not take it for that.
    ModalHeader: { defaultProps: { role: "none" } },
    Drawer: { defaultProps: close },
    Notification: { defaultProps: close },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true } },
  },
});

/** What the sheets of our own (`app.css`) and Mantine's use for ground, quiet text and differences. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#ffffff",
    "--mantine-color-text": "#1d2430",
    "--mantine-color-dimmed": "#565e6b",
    "--mantine-color-placeholder": "#656c78",
    "--mantine-color-error": "#a3261a",
    "--mantine-color-default-border": "#d9d8d3",
    "--ground": "#faf9f6",
    "--late": "#fbe6bd",
    "--late-ink": "#6b3d00",
    "--newest": "#d8eedd",
    "--newest-ink": "#14512a",
    "--absent": "#efede8",
    "--gone": "#fbdcd8",
    "--gone-ink": "#7a1a10",
  },
  dark: {
    "--mantine-color-body": "#181b20",
    "--mantine-color-text": "#e7e5e0",
    "--mantine-color-dimmed": "#a3abb7",
    "--mantine-color-placeholder": "#98a0ac",
    "--mantine-color-error": "#ff9d92",
    "--mantine-color-default-border": "#363d47",
    "--ground": "#121418",
    "--late": "#4a3716",
    "--late-ink": "#f6d699",
    "--newest": "#1d4029",
    "--newest-ink": "#b5e5c3",
    "--absent": "#242932",
    "--gone": "#4d201b",
    "--gone-ink": "#f7c5be",
    // Mantine's own is a red that drowns the page.
    "--mantine-color-red-light": "#3a1d1b",
    "--mantine-color-red-light-color": "#f7c5be",
  },
});

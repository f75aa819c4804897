/** Paper is white: what is printed is printed light, whatever the screen is. Imported for what it does. */
const root = document.documentElement;
const SCHEME = "data-mantine-color-scheme";
let onScreen: string | null = null;

matchMedia("print").addEventListener("change", ({ matches }) => {
  if (matches) onScreen = root.getAttribute(SCHEME);
  if (onScreen !== null) root.setAttribute(SCHEME, matches ? "light" : onScreen);
});

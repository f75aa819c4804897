/** What the key of commands is called where this browser runs. */
export const MOD = /Mac/.test(navigator.platform) ? "⌘" : "Ctrl";

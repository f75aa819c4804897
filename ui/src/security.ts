import { setNonce } from "get-nonce";

interface TrustedTypes {
  createPolicy(name: string, rules: { createHTML: (text: string) => string }): unknown;
}

/** What every style sheet that is made while the page runs must carry. */
export const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";

// The library that keeps a page from scrolling behind a dialog asks here.
setNonce(nonce);

// React writes style sheets through `innerHTML`. Text that could hold markup is refused there: nothing else of ours uses it.
(window as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy("default", {
  createHTML(text) {
    if (text.includes("<")) throw new TypeError("Markup is never written from text.");
    return text;
  },
});

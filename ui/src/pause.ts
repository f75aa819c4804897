/** So long, in milliseconds, a page waits for what it shows before it is drawn without: drawn with it, it is drawn once. */
export const SOON_MS = 300;

/** A promise that is kept after so many milliseconds. */
export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

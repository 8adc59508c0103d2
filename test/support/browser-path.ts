/** Which browser the tests of the page use. */
import { existsSync } from 'node:fs';

/** Chromium, or the same engine without a browser around it, for half the CPU. */
const PLACES = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];

/** Undefined: there is no browser, and tests that need one are skipped. CI must have one. */
export const BROWSER: string | undefined = process.env.CHROMIUM ?? PLACES.find(existsSync) ?? (process.env.CI ? PLACES.at(-1) : undefined);

/** The colours of style.css, for the canvas. */
export const SEVERITY_COLOUR = { CRITICAL: '#FF5A5F', MAJOR: '#FFC21A', MINOR: '#5BB0FF', WARNING: '#F2F5F7' } as const;

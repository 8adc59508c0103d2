/** Of this program; package.json has the same (a test holds it). */
export const VERSION = '0.1.0';

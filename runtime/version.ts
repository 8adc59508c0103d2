/** The version of this program; a test keeps package.json equal. */
export const VERSION = '0.1.0';

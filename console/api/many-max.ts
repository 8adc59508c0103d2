/** At most this many alarms are acknowledged by one call; the page reads it too. */
export const MANY_MAX = 1_000;

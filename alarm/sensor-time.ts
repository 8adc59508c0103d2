const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Furthest time that a Date can hold, ms either side of 1970. */
export const TIME_MAX = 8.64e15;

/** Epoch ms of an ISO 8601 date and time with a zone (`2026-03-01T12:00:00Z`, `…+02:00`); undefined for anything else, 30 February included. */
export function parseIsoTime(text: string): number | undefined {
  const found = ISO.exec(text);
  if (!found) return undefined;
  const [, year, month, day, hour, minute, second = '0', fraction = '', sign, zoneHour = '0', zoneMinute = '0'] = found;
  if (Number(hour) > 23 || Number(minute) > 59 || +second > 59 || +zoneHour > 23 || +zoneMinute > 59) return undefined;
  // setUTCFullYear, since Date.UTC reads the years 0 to 99 as 1900 to 1999.
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  // A day that the month doesn't have becomes one of the next month.
  if (date.getUTCMonth() !== Number(month) - 1) return undefined;
  const ms = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const zone = (+zoneHour * 60 + +zoneMinute) * (sign === '-' ? -60_000 : 60_000);
  return date.setUTCHours(Number(hour), Number(minute), Number(second), ms) - zone;
}

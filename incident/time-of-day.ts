/** Minutes of a day from `from` until before `to`, over midnight if `to` is not after `from`; `days`: 1 Monday … 7 Sunday, those on which it begins. */
export interface TimeOfDay {
  readonly from: number;
  readonly to: number;
  readonly days?: readonly number[];
}

const DAY_MINUTES = 1_440;
const MINUTE_MS = 60_000;
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether it is that time of day in the zone. A minute that comes twice when clocks are set back is in it twice. */
export function isTimeOfDay({ from, to, days }: TimeOfDay, at: number, zone: string): boolean {
  const { day, minute } = localTime(at, zone);
  const isOn = (d: number) => days === undefined || days.includes(d);
  if (from < to) return minute >= from && minute < to && isOn(day);
  const dayBefore = day === 1 ? 7 : day - 1;
  return (minute >= from && isOn(day)) || (minute < to && isOn(dayBefore));
}

/** When it may be over, if it is that time of day: the next full minute that the zone's clocks show as `to`. They may be changed before: look again then. */
export function endOf({ to }: TimeOfDay, at: number, zone: string): number {
  const left = (to - localTime(at, zone).minute + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
  return (Math.floor(at / MINUTE_MS) + left) * MINUTE_MS;
}

function localTime(at: number, zone: string): { readonly day: number; readonly minute: number } {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    formats.set(zone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return { day: WEEKDAYS.indexOf(parts.weekday ?? '') + 1, minute: (Number(parts.hour) * 60 + Number(parts.minute)) % DAY_MINUTES };
}

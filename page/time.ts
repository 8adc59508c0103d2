const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

const two = (n: number): string => String(Math.floor(n)).padStart(2, '0');

/** An age such as `0:47`, `12:03`, `5 h 02`, `3 d 04 h`. */
export function age(ms: number): string {
  const s = Math.max(0, ms / 1_000);
  if (s < HOUR) return `${Math.floor(s / MINUTE)}:${two(s % MINUTE)}`;
  if (s < DAY) return `${Math.floor(s / HOUR)} h ${two((s % HOUR) / MINUTE)}`;
  return `${Math.floor(s / DAY)} d ${two((s % DAY) / HOUR)} h`;
}

/** A distance from a moment, such as `+0.004 s`, `+8.2 s`, `-1:12`. */
export function offset(ms: number): string {
  const sign = ms < 0 ? '−' : '+';
  const s = Math.abs(ms) / 1_000;
  if (s >= MINUTE) return sign + age(Math.abs(ms));
  return `${sign}${s.toFixed(s < 1 ? 3 : 1)} s`;
}

/** HH:MM:SS in the browser's time zone, with the date if it isn't today. */
export function clockTime(at: number, now: number): string {
  const time = new Date(at);
  const text = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  if (time.toDateString() === new Date(now).toDateString()) return text;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${text}`;
}

export const zone = (): string =>
  new Intl.DateTimeFormat('en', { timeZoneName: 'short' }).formatToParts(new Date()).find(({ type }) => type === 'timeZoneName')?.value ??
  '';

export const count = (n: number): string => n.toLocaleString('en');

/** `1 alarm`, `2,000 alarms`. */
export const counted = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

/** Numbers and times as people read them. Times are UTC; a no-break space stands between a number and its unit. */

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const SPACE = "\u00a0";
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const DATED_AFTER_DAYS = 14;

/** `1,482`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-GB");
}

/** `1 key`, `1,482 keys`. */
export function counted(value: number, one: string, many: string = `${one}s`): string {
  return `${count(value)}${SPACE}${value === 1 ? one : many}`;
}

/** `41 KB`, in thousands. */
export function bytes(value: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  const digits = unit === 0 || size >= 10 ? size.toFixed(0) : size.toFixed(1);
  return `${digits}${SPACE}${units[unit]}`;
}

/** `17 s`, `31 min`, `18 h`, `29 days`: the largest unit that fits twice, or once for hours and minutes. */
export function length(seconds: number): string {
  const size = Math.max(0, Math.round(seconds));
  if (size < MINUTE) return `${size}${SPACE}s`;
  if (size < 2 * HOUR) return `${Math.floor(size / MINUTE)}${SPACE}min`;
  if (size < 2 * DAY) return `${Math.floor(size / HOUR)}${SPACE}h`;
  return `${Math.floor(size / DAY)}${SPACE}days`;
}

/** `31 min ago`, `in 18 h`; a date when it is more than 14 days away. */
export function away(second: number, now: number): string {
  const distance = second - now;
  if (Math.abs(distance) > DATED_AFTER_DAYS * DAY) return date(second);
  if (Math.abs(distance) < 1) return "now";
  return distance < 0 ? `${length(-distance)} ago` : `in ${length(distance)}`;
}

/** `26 Nov`. */
export function day(second: number): string {
  const moment = new Date(second * 1000);
  return `${moment.getUTCDate()}${SPACE}${MONTHS[moment.getUTCMonth()]}`;
}

/** `26 Nov 2026`. */
export function date(second: number): string {
  return `${day(second)}${SPACE}${new Date(second * 1000).getUTCFullYear()}`;
}

/** `14:32`. */
export function hour(second: number): string {
  return new Date(second * 1000).toISOString().slice(11, 16);
}

/** `26 Nov 2026, 14:01:12`. */
export function moment(second: number): string {
  return `${date(second)}, ${new Date(second * 1000).toISOString().slice(11, 19)}`;
}

/** `26 Nov, 08:00 to 12:00`; midnight at the end is 24:00. */
export function span(from: number, thru: number): string {
  const end = thru % DAY === 0 ? "24:00" : hour(thru);
  const sameDay = Math.floor(from / DAY) === Math.floor((thru - 1) / DAY);
  return sameDay
    ? `${day(from)}, ${hour(from)} to ${end}`
    : `${day(from)}, ${hour(from)} to ${day(thru)}, ${hour(thru)}`;
}

/** RFC 3339 for machines: `2026-11-26T14:01:12Z`. */
export function rfc3339(second: number): string {
  return new Date(second * 1000).toISOString().replace(".000", "");
}

// For a text in small letters: a regular expression that is case-blind makes ICU build tables, a millisecond at its first use.
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const IMF_FIXDATE = /^(?:mon|tue|wed|thu|fri|sat|sun), (\d\d) ([a-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) gmt$/;
const RFC850 = /^(?:mon|tues|wednes|thurs|fri|satur|sun)day, (\d\d)-([a-z]{3})-(\d\d) (\d\d):(\d\d):(\d\d) gmt$/;
const ASCTIME = /^(?:mon|tue|wed|thu|fri|sat|sun) ([a-z]{3}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/;

/**
 * An HTTP-date in any of its three forms (RFC 9110 §5.6.7) as milliseconds since 1970;
 * undefined for anything else, which a recipient then ignores.
 */
export function parseHttpDate(text: string | undefined, now = Date.now()): number | undefined {
  if (text === undefined) return undefined;
  const small = text.toLowerCase();
  let m = IMF_FIXDATE.exec(small);
  if (m) return utc(m[3], m[2], m[1], m[4], m[5], m[6]);
  m = RFC850.exec(small);
  if (m) return utcOfTwoDigits(Number(m[3]), now, m[2], m[1], m[4], m[5], m[6]);
  m = ASCTIME.exec(small);
  if (m) return utc(m[6], m[1], m[2], m[3], m[4], m[5]);
  return undefined;
}

/** A time that seems more than 50 years ahead is of the past century. */
function utcOfTwoDigits(year: number, now: number, ...rest: (string | undefined)[]): number | undefined {
  const today = new Date(now);
  const thisYear = today.getUTCFullYear();
  const full = thisYear - (thisYear % 100) + year;
  const time = utc(String(full), ...rest);
  const limit = today.setUTCFullYear(thisYear + 50);
  return time !== undefined && time > limit ? utc(String(full - 100), ...rest) : time;
}

function utc(...[year, month, day, hour, minute, second]: (string | undefined)[]): number | undefined {
  const monthIndex = MONTHS.indexOf(month ?? '');
  if (monthIndex < 0) return undefined;
  const midnight = Date.UTC(Number(year), monthIndex, Number(day));
  // 31 February rolls over to March; 60 is a leap second.
  const valid =
    new Date(midnight).getUTCDate() === Number(day) && Number(hour) < 24 && Number(minute) < 60 && Number(second) <= 60;
  return valid ? midnight + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 : undefined;
}

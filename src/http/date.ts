// For a text in small letters: a regular expression that is case-blind makes ICU build tables, a millisecond at its first use.
/** IMF-fixdate, and with `-` and two digits for the year RFC 850's form. */
const GMT = /^[a-z]{3,9}, (\d\d)([ -])([a-z]{3})\2(\d{4}|\d\d) (\d\d):(\d\d):(\d\d) gmt$/;
const ASCTIME = /^[a-z]{3} ([a-z]{3}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/;

/**
 * An HTTP-date in any of its three forms (RFC 9110 §5.6.7) as milliseconds since 1970;
 * undefined for anything else, which a recipient then ignores.
 */
export function parseHttpDate(text: string | undefined, now = Date.now()): number | undefined {
  const small = text?.toLowerCase() ?? '';
  const gmt = GMT.exec(small);
  if (gmt === null) {
    const [, month, day, hour, minute, second, year] = ASCTIME.exec(small) ?? [];
    return utc(year, month, day, hour, minute, second);
  }
  const [, day, , month, year = '', ...time] = gmt;
  return year.length === 2 ? utcOfTwoDigits(Number(year), now, month, day, ...time) : utc(year, month, day, ...time);
}

/** A time that seems more than 50 years ahead is of the past century. */
function utcOfTwoDigits(year: number, now: number, ...rest: (string | undefined)[]): number | undefined {
  const today = new Date(now);
  const thisYear = today.getUTCFullYear();
  const full = thisYear - (thisYear % 100) + year;
  const time = utc(full, ...rest);
  const limit = today.setUTCFullYear(thisYear + 50);
  return time !== undefined && time > limit ? utc(full - 100, ...rest) : time;
}

function utc(year: string | number | undefined, ...[month, day, hour, minute, second]: (string | undefined)[]): number | undefined {
  const midnight = Date.parse(`${day} ${month} ${year} GMT`);
  // 31 February rolls over to March; 60 is a leap second.
  const valid =
    new Date(midnight).getUTCDate() === Number(day) && Number(hour) < 24 && Number(minute) < 60 && Number(second) <= 60;
  return valid ? midnight + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 : undefined;
}

/** Numbers as people read them. A space that doesn't break stands before the unit. */

const BYTES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const COUNTS = ['', 'k', 'M', 'G'];

/** In powers of 1024, with three digits: `1.50 GiB`. */
export function bytes(value: number): string {
  return scaled(value, 1024, BYTES);
}

/** In powers of 1000 from 10,000 on: `12.3 k`. */
export function amount(value: number): string {
  return value < 10_000 ? value.toLocaleString('en-US') : scaled(value, 1000, COUNTS);
}

/** Of a share from 0 to 1; not 100 % if there was one exception. */
export function percent(share: number | undefined): string {
  if (share === undefined) return '–';
  const value = share * 100;
  return `${share < 1 && value > 99 ? (Math.floor(value * 10) / 10).toFixed(1) : value.toFixed(value < 10 && value > 0 ? 1 : 0)}\u00a0%`;
}

function scaled(value: number, factor: number, units: readonly string[]): string {
  let at = 0;
  let rest = value;
  while (rest >= factor * 0.9995 && at < units.length - 1) {
    rest /= factor;
    at++;
  }
  const digits = at === 0 ? Math.round(rest).toString() : rest.toFixed(rest < 9.995 ? 2 : rest < 99.95 ? 1 : 0);
  const unit = units[at] ?? '';
  return unit === '' ? digits : `${digits}\u00a0${unit}`;
}

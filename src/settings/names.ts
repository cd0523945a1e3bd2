/** One rule names a setting in all places: `baseAddress`, OffloadBaseAddress, OFFLOAD_BASE_ADDRESS, and --base-address (flags.ts). */
import type { Key } from './settings';

export function directiveOf(key: Key): string {
  return `Offload${key[0]!.toUpperCase()}${key.slice(1)}`;
}

export function variableOf(key: Key): string {
  return `OFFLOAD_${key.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`;
}

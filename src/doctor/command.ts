import { dirname } from 'node:path';
import { type Arguments, flag, flagNumber, isSet } from '../cli/arguments.js';
import { type Colours, coloursOf } from '../cli/colour.js';
import { EXIT, type Io } from '../cli/io.js';
import { Problem } from '../cli/problem.js';
import { settingsSource } from '../cli/settings.js';
import { printable } from '../log.js';
import { BadValue } from '../settings/bad-value.js';
import { loadSettings } from '../settings/load.js';
import { TABLE } from '../settings/table.js';
import type { Server } from './ask.js';
import type { Finding } from './finding.js';
import { lookAtBase } from './look-base.js';
import { lookAtCache } from './look-cache.js';
import { lookAtLogFile } from './look-log.js';
import { lookAtNode, lookAtScript, lookAtSettings } from './look-settings.js';
import { lookAtSite } from './look-site.js';

type Section = 'settings' | 'program' | 'cache' | 'log' | 'base' | 'web server';
type Findings = AsyncIterable<Finding> | Iterable<Finding>;

interface Shown extends Finding {
  readonly section: Section;
}

/** `offload check`: looks at all that the offload side needs. Each finding is written as soon as it is there. */
export async function checkCommand(given: Arguments, io: Io): Promise<number> {
  const shown: Shown[] = [];
  const json = isSet(given, 'json');
  const colours = coloursOf(io.stdout);
  for (const [section, findings] of sections(given)) {
    let first = true;
    for await (const finding of findings) {
      shown.push({ section, ...finding });
      if (json) continue;
      if (first) io.stdout.write(`${shown.length === 1 ? '' : '\n'}${colours.bold(titleOf(section))}\n`);
      first = false;
      io.stdout.write(line(finding, colours));
    }
  }
  const errors = shown.filter(({ level }) => level === 'error').length;
  const warnings = shown.filter(({ level }) => level === 'warning').length;
  if (json) io.stdout.write(`${JSON.stringify({ errors, warnings, findings: shown })}\n`);
  else io.stdout.write(`\n${summary(errors, warnings)}\n`);
  return errors > 0 || (warnings > 0 && isSet(given, 'strict')) ? EXIT.failed : EXIT.done;
}

function* sections(given: Arguments): Generator<[Section, Findings]> {
  const timeout = flagNumber(given, 'wait', 0.01, 600) * 1000;
  const path = pathOf(flag(given, 'url'));
  const site = siteOf(flag(given, 'site'));
  const script = flag(given, 'script');
  const source = script === undefined ? settingsSource(given) : { ...settingsSource(given), scriptDir: dirname(script) };
  const settings = lookAtSettings(source);
  yield ['settings', settings];
  yield ['program', [lookAtNode(), ...(script === undefined ? [] : lookAtScript(script))]];
  if (settings.some(({ level }) => level === 'error')) return;
  const loaded = loadSettings(source);
  yield ['cache', lookAtCache(loaded)];
  if (loaded.log !== undefined) yield ['log', [lookAtLogFile(loaded.log)]];
  yield ['base', lookAtBase({ settings: loaded, path, self: site?.server.base.authority, timeout })];
  if (site !== undefined) yield ['web server', lookAtSite({ settings: loaded, site: site.server, prefix: site.prefix, path, timeout })];
}

/** A URL of the base, or its path. */
function pathOf(text: string | undefined): string | undefined {
  const path = text?.replace(/^https?:\/\/[^/?#]+/i, '');
  if (path === undefined || /^\/[!-"$->@-~]*$/.test(path)) return path;
  throw new Problem(`--url ${text ?? ''}`, 'must be a path like /pub/file.iso, as a URL has it: without a query, blanks as %20');
}

function siteOf(text: string | undefined): { server: Server; prefix: string } | undefined {
  if (text === undefined) return undefined;
  const [, origin = text, prefix = ''] = /^(https?:\/\/[^/?#]+)(\/[!-"$->@-~]*)?$/i.exec(text) ?? [];
  try {
    return { server: { base: TABLE.base.parse(origin), baseAddress: undefined }, prefix: prefix.replace(/\/$/, '') };
  } catch (problem) {
    if (problem instanceof BadValue) throw new Problem(`--site ${text}`, problem.message.replaceAll('www.example.org', 'offload.example.org'));
    throw problem;
  }
}

function titleOf(section: Section): string {
  return `${section.charAt(0).toUpperCase()}${section.slice(1)}`;
}

/** With what servers have said in it: nothing of that may reach a terminal but as text. */
function line({ level, what, remedy }: Finding, { green, yellow, red }: Colours): string {
  const paint = { ok: green, warning: yellow, error: red }[level];
  const more = remedy === undefined ? '' : `           Remedy: ${printable(remedy)}\n`;
  return `  ${paint(level.padEnd(7))}  ${printable(what)}\n${more}`;
}

function summary(errors: number, warnings: number): string {
  if (errors + warnings === 0) return 'All is well.';
  return [count(errors, 'error'), count(warnings, 'warning')].filter((each) => each !== '').join(', ');
}

function count(number: number, name: string): string {
  return number === 0 ? '' : `${number} ${name}${number === 1 ? '' : 's'}`;
}

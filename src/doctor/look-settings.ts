import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { explainSettings } from '../settings/load.js';
import type { SettingsSource } from '../settings/source.js';
import { directiveOf } from '../settings/names.js';
import { error, type Finding, ok, warning } from './finding.js';

/** Each setting that somebody set, and where; what is wrong with them. */
export function lookAtSettings(source: SettingsSource): Finding[] {
  const { settings, problems } = explainSettings(source);
  const set = settings.filter(({ from }) => from !== 'default' && from !== 'not set');
  const bad = problems.map((problem) => {
    const cut = problem.lastIndexOf('; ');
    const more = problem.startsWith(`${directiveOf('base')}: not set`) ? '. What SetEnv sets in the web server is not seen here: give it as a flag' : '';
    return cut < 0 ? error(problem, 'correct it there') : error(problem.slice(0, cut), problem.slice(cut + 2) + more);
  });
  const usual = settings.length - set.length;
  return [
    ...set.map(({ directive, text, from }) => ok(`${directive} ${text ?? ''}   (${from})`)),
    ...(bad.length === 0 && usual > 0 ? [ok(`${usual} others have their defaults`)] : []),
    ...bad,
  ];
}

/** Versions of Node before this one are not tried. */
const OLDEST_NODE = 20;

export function lookAtNode(): Finding {
  const what = `Node ${process.versions.node} (${process.execPath})`;
  const remedy = `install Node ${OLDEST_NODE} or later, and build with --node PATH`;
  return Number.parseInt(process.versions.node, 10) < OLDEST_NODE ? error(what, remedy) : ok(what);
}

/** offload.cgi as a web server will start it. */
export function lookAtScript(script: string): Finding[] {
  if (!existsSync(script)) return [error(`${script}: no such file`, 'put offload.cgi there (npm run build makes it), or name its place with --script')];
  const findings: Finding[] = [];
  try {
    accessSync(script, constants.R_OK | constants.X_OK);
    findings.push(ok(`${script} may be run`));
  } catch {
    findings.push(error(`${script} may not be run`, `chmod 755 ${script}`));
  }
  const interpreter = /^#!(\S+)(?: (\S+))?/.exec(readFileSync(script, 'latin1').slice(0, 200));
  if (interpreter === null) findings.push(error(`${script}: its first line names no program`, 'put the file there anew as it was built'));
  else if (!existsSync(interpreter[1] ?? '')) {
    findings.push(error(`${script}: its first line names ${interpreter[1]}, which isn't there`, `build it with --node ${process.execPath}`));
  } else if (interpreter[2] === 'node' && !isInUsualPath('node')) {
    findings.push(warning('node is in no directory that a web server looks into', `build the script with --node ${process.execPath}`));
  }
  const module = moduleAbove(script);
  if (module !== undefined) findings.push(error(`${module} says "type": "module": Node then can't start the script`, 'move the script out of there, or take that line out'));
  return findings;
}

/** What web servers set PATH to, if they are started by the system. */
function isInUsualPath(name: string): boolean {
  return ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].some((directory) => existsSync(join(directory, name)));
}

/** The nearest package.json decides whether a script without extension is a module. */
function moduleAbove(script: string): string | undefined {
  for (let directory = dirname(script); ; directory = dirname(directory)) {
    const file = join(directory, 'package.json');
    if (existsSync(file)) return /"type"\s*:\s*"module"/.test(readFileSync(file, 'utf8')) ? file : undefined;
    if (directory === dirname(directory)) return undefined;
  }
}

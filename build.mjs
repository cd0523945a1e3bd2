// Builds the two products, and without --target the manual, too: `node build.mjs [--target cgi|command] [--node /path/to/node]`.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { minifyFunction } from './minify.mjs';

if (Number.parseInt(process.versions.node, 10) < 20) {
  console.error(`build.mjs: this is Node ${process.versions.node}; offload needs 20 or later, see "If node -v says less" in README.md`);
  process.exit(2);
}

/** What the table of settings says for people is for the command only: 3 KB. */
const withoutHelpTexts = {
  name: 'without help texts',
  setup: ({ onLoad }) =>
    onLoad({ filter: /[/]src[/]settings[/](?:table|cache-dir)\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      // A CGI listens nowhere: what it would say of OffloadListen is left to `offload serve`.
      contents: readFileSync(path, 'utf8').replaceAll(/^ {2,4}(?:meaning|syntax): .*,\n/gm, '').replace('parse: listen,', 'parse: String,'),
    })),
};

/**
 * Each room imports what it calls by name, and esbuild writes that as `(0, fs.openSync)(…)`, with a `require` for each room.
 * Taken from Node once, for all rooms, they are names like our own, which minify: 3 KB.
 */
const nodesFunctionsOnce = {
  name: "Node's functions once",
  setup: ({ initialOptions, onResolve, onLoad, esbuild }) => {
    const { plugins: _, ...options } = initialOptions;
    const whole = esbuild.build({ ...options, minify: false, write: false, metafile: true });
    onResolve({ filter: /^node:(?:fs|path|util)$/ }, ({ path, namespace }) => (namespace === 'once' ? { path, external: true } : { path, namespace: 'once' }));
    onLoad({ filter: /^/, namespace: 'once' }, async ({ path }) => {
      const names = new Set();
      for (const room of Object.keys((await whole).metafile.inputs)) {
        const text = readFileSync(new URL(room, import.meta.url), 'utf8');
        for (const [, list] of text.matchAll(new RegExp(`^import \\{(.*)\\} from '${path}';$`, 'gm'))) {
          for (const name of list.split(',')) if (!name.includes('type ')) names.add(name.replace(/ as .*/, '').trim());
        }
      }
      return { contents: `export const { ${[...names].join(', ')} } = require('${path}');` };
    });
  },
};

/** What the start of the file needs, too, the program has from there (src/start.ts): 1 KB. */
const startsOwn = {
  name: "the start's own",
  setup: ({ onLoad }) =>
    onLoad({ filter: /[/]src[/]settings[/](?:bad-value|file|names|path|source)\.ts$/ }, ({ path }) => {
      const names = [...readFileSync(path, 'utf8').matchAll(/^export (?:function|class) (\w+)/gm)].map(([, name]) => name);
      return { contents: `export const { ${names.join(', ')} } = startsOwn;` };
    }),
};

/**
 * Fields of our own objects, minified: 2 KB less. None of them is on disk, in the log, in a job, in Node's interfaces, or in quotes (`'body' in reply`),
 * which stay as they are; and none is a setting's key, from which its names come.
 */
const OWN_FIELDS = new RegExp(`^(?:${`
  acquire answer authority available cacheStatus claim collapsed confirm detail directive directory
  ensure field fields flush found fwdStatus handed head heartbeat ifRange kind layout list mark
  nph obtain onProgress openPart outbids part parts pieces place problems reason record relative release remoteAddress rescue retired root
  scriptDir settings shardOf silent source state storage text ticket total urlDirectories validated verdict version
  wanted watch writeBody tally settle startAt onBody newestWhole fwd phrase target
  absolute BadValue directiveOf readLines settingsFile splitWords variable variableOf
  warn adopt advance beat forget fromRaw giveUp hasOther hold isDraft isDue isNamed limits look newest reach reopen started trusted untilWhole urls
`.trim().split(/\s+/).join('|')})$`);

const TARGETS = {
  cgi: { outfile: 'cgi-bin/offload.cgi', text: () => startAndProgram({ start: 'src/start.ts', program: 'src/cgi.ts' }) },
  command: { outfile: 'bin/offload', text: () => bundle('src/command.ts') },
};

/** Minified: it is read anew for every request. */
const forEachRequest = { minify: true, mangleProps: OWN_FIELDS, plugins: [withoutHelpTexts, nodesFunctionsOnce] };

const { values } = parseArgs({ options: { target: { type: 'string' }, node: { type: 'string' } } });
if (values.target !== undefined && !(values.target in TARGETS)) {
  console.error(`build.mjs: --target ${values.target}: unknown; use one of ${Object.keys(TARGETS).join(', ')}`);
  process.exit(2);
}

const { version, man: manual } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const common = {
  absWorkingDir: import.meta.dirname ?? new URL('.', import.meta.url).pathname,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs', // the ESM loader costs start-up time
  legalComments: 'none',
  logLevel: 'warning',
};

/** A function of the bundled module, minified. */
async function asFunction(entry, parameters, options) {
  const { outputFiles, mangleCache } = await build({ ...common, ...forEachRequest, ...options, entryPoints: [entry], write: false });
  const { text } = outputFiles[0];
  checkFields(text);
  return { text: `(${await minifyFunction(`function(${parameters}){${text}}`)})`, mangleCache };
}

/**
 * The program is the last line, behind the hash by which its start (src/start.ts) finds it: a comment, so that V8
 * doesn't parse it when it needn't be compiled.
 */
async function startAndProgram({ start, program }) {
  const { text, mangleCache } = await asFunction(program, 'require,keepCompiled,__filename,startsOwn', {
    plugins: [...forEachRequest.plugins, startsOwn],
    define: { OFFLOAD_VERSION: JSON.stringify(version) },
    mangleCache: {},
  });
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const define = { PROGRAM_HASH: JSON.stringify(hash), PROGRAM_LENGTH: String(text.length + 1) }; // with the line feed at the end
  // Fields that both use have the same short names in both.
  const first = await asFunction(start, 'require,__filename', { define, mangleCache });
  return `${first.text}(require,__filename);\n//${hash}${text}\n`;
}

/** What OWN_FIELDS must not have made short. @throws Error */
function checkFields(text) {
  const quoted = [...text.matchAll(/"(\w+)" ?in /g)].find(([, field]) => OWN_FIELDS.test(field));
  if (quoted !== undefined) throw new Error(`build.mjs: '${quoted[1]}' in … stands in the source; take it out of OWN_FIELDS`);
  // No field of Node's process is that short: it was a longer one (version).
  const [nodes] = /\bprocess\.\w{1,2}\b/.exec(text) ?? [];
  if (nodes !== undefined) throw new Error(`build.mjs: ${nodes} was a field of process with a name of OWN_FIELDS; use another (process.versions.node), or take it out`);
}

/** Not minified: it is read by people, and stays in memory. */
async function bundle(entry) {
  const { outputFiles } = await build({ ...common, entryPoints: [entry], write: false, define: { OFFLOAD_VERSION: JSON.stringify(version) } });
  return outputFiles[0].text;
}

for (const name of values.target === undefined ? Object.keys(TARGETS) : [values.target]) {
  const { outfile, text } = TARGETS[name];
  // Whoever runs the old file meanwhile (another test, a web server) sees the old or the new one, whole.
  const draft = `${outfile}.${process.pid}.tmp`;
  mkdirSync(new URL(`${outfile}/..`, import.meta.url), { recursive: true });
  writeFileSync(new URL(draft, import.meta.url), `#!${values.node ?? '/usr/bin/env node'}\n// offload ${version}, zlib licence\n${await text()}`);
  chmodSync(new URL(draft, import.meta.url), 0o755);
  renameSync(new URL(draft, import.meta.url), new URL(outfile, import.meta.url));
}

if (values.target === undefined) {
  mkdirSync(new URL('man', import.meta.url), { recursive: true });
  for (const page of manual) {
    const text = execFileSync(process.execPath, ['bin/offload', 'manual', basename(page)], { cwd: new URL('.', import.meta.url) });
    writeFileSync(new URL(page, import.meta.url), text);
  }
}

// Builds the two products, and without --target the manual, too: `node build.mjs [--target cgi|command] [--node /path/to/node]`.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

if (Number.parseInt(process.versions.node, 10) < 20) {
  console.error(`build.mjs: this is Node ${process.versions.node}; offload needs 20 or later, see "If node -v says less" in README.md`);
  process.exit(2);
}

/** What the table of settings says for people, and names that follow from another, are for the command's help only: 3 KB that each request would parse. */
const withoutHelpTexts = {
  name: 'without help texts',
  setup: ({ onLoad }) =>
    onLoad({ filter: /[/]src[/]settings[/]table\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: readFileSync(path, 'utf8').replaceAll(/^ {4}(?:meaning|syntax|env|flag): .*,\n/gm, ''),
    })),
};

/** Long names of our own objects' fields, none of them on disk, in a job, in Node's interfaces, or in a header: 1 KB of the script. */
const OWN_FIELDS =
  /^(?:acquire|authority|available|cacheStatus|collapsed|confirm|detail|directive|directory|ensure|fwdStatus|handoff|ifRange|layout|maxDupeDownloads|obtain|onProgress|outbids|pieces|problems|release|remoteAddress|rescue|shardOf|staleIfError|storage|ticket|trustedProxy|uncacheable|urlDirectories|validated|verdict|wanted)$/;

const TARGETS = {
  // Minified: it is read anew for every request.
  cgi: { entry: 'src/cgi.ts', outfile: 'cgi-bin/offload.cgi', minify: true, mangleProps: OWN_FIELDS, plugins: [withoutHelpTexts] },
  command: { entry: 'src/command.ts', outfile: 'bin/offload', minify: false },
};

const { values } = parseArgs({ options: { target: { type: 'string' }, node: { type: 'string' } } });
if (values.target !== undefined && !(values.target in TARGETS)) {
  console.error(`build.mjs: --target ${values.target}: unknown; use one of ${Object.keys(TARGETS).join(', ')}`);
  process.exit(2);
}

const { version, man: manual } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
for (const name of values.target === undefined ? Object.keys(TARGETS) : [values.target]) {
  const { entry, outfile, ...options } = TARGETS[name];
  // Whoever runs the old file meanwhile (another test, a web server) sees the old or the new one, whole.
  const draft = `${outfile}.${process.pid}.tmp`;
  mkdirSync(new URL(`${outfile}/..`, import.meta.url), { recursive: true });
  await build({
    absWorkingDir: import.meta.dirname ?? new URL('.', import.meta.url).pathname,
    entryPoints: [entry],
    outfile: draft,
    bundle: true,
    platform: 'node',
    target: 'node20',
    ...options,
    format: 'cjs', // the ESM loader costs start-up time
    legalComments: 'none',
    banner: { js: `#!${values.node ?? '/usr/bin/env node'}\n// offload ${version}, zlib licence` },
    define: { OFFLOAD_VERSION: JSON.stringify(version) },
    logLevel: 'warning',
  });
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

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build } from 'esbuild';

test('the room loads nothing but node:fs and node:path, and stays small', async () => {
  const { metafile, outputFiles } = await build({
    stdin: { contents: "import { loadSettings } from './src/settings/load'; console.log(loadSettings)", resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'cjs',
  });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports.filter(({ external }) => external));
  assert.deepEqual([...new Set(imports.map(({ path }) => path))].sort(), ['node:fs', 'node:path']);
  assert.ok(!Object.keys(metafile.inputs).some((file) => file.includes('help')), 'the help text is not for a request');
  assert.ok(outputFiles[0]!.contents.length < 13_500, `${outputFiles[0]!.contents.length} bytes minified`);
});

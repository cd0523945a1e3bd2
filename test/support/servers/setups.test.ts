// What the web servers do to any script: the facts on which our own script's behaviour is built.
import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../build.js';
import { fetchRaw } from '../client.js';
import { assertNoProcessesOf } from '../processes.js';
import { lacking } from './server.js';
import { SETUPS } from './setups.js';

const echo = join(ROOT, 'test/fixtures/echo.cgi');

for (const setup of SETUPS) {
  const { name, packages, prefix, keepsLength, hidesCuts = !keepsLength, rawUri, passesRange } = setup;
  test(`${name}: a script gets the URL and its settings, and its answer arrives`, { skip: lacking(...packages) }, async (t) => {
    const inFile = name.includes('FallbackResource');
    const server = await setup.start(t, echo, { OFFLOAD_BASE: 'http://base.test' });
    const to = server.port;

    const path = "/a%20b//c/../%E2%82%AC'\u00e9/env";
    const { status, body } = await fetchRaw({ to, path: prefix + path, headers: { Range: 'bytes=0-1', 'If-Range': '"none"' } });
    const env = body.toString('latin1').split('\n');
    assert.equal(status, 200);
    assert.equal(env.includes(`REQUEST_URI=${path}`), rawUri, body.toString('latin1'));
    assert.equal(env.includes('HTTP_RANGE=bytes=0-1'), passesRange);
    assert.equal(env.includes('OFFLOAD_BASE=http://base.test'), !inFile);

    const whole = await fetchRaw({ to, path: `${prefix}/bytes/100000` });
    assert.deepEqual([whole.status, whole.length, whole.complete], [200, 100_000, true]);
    assert.equal(whole.headers.get('Content-Length'), keepsLength ? '100000' : undefined);
    const head = await fetchRaw({ to, path: `${prefix}/bytes/1000`, method: 'HEAD' });
    assert.equal(head.headers.get('Content-Length'), keepsLength ? '1000' : undefined);

    const short = await fetchRaw({ to, path: `${prefix}/short/1000/2000` });
    // After an nph- script that .htaccess led to Apache writes a header of its own: the client counts it as the file's.
    if (hidesCuts && keepsLength) assert.match(short.body.subarray(1000).toString('latin1'), /^HTTP\/1\.1 200 OK\r\n/);
    else assert.equal(short.length, 1000);
    // Where the length is dropped, a script that died looks complete: our own script must do something about it.
    assert.equal(short.complete, !keepsLength);

    await server.stop();
    await assertNoProcessesOf(server.dir);
  });
}

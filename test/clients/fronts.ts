import { join } from 'node:path';
import { startApache } from '../support/servers/apache.js';
import { offloadCgi } from '../support/build.js';
import { atEnd, type Cleanup } from '../support/place.js';
import { startServe } from '../support/servers/serve.js';
import { serverDir, type WebServer } from '../support/servers/server.js';
import { SETUPS } from '../support/servers/setups.js';

/** A server that clients are sent to; all have the same files. */
export interface Front {
  readonly name: string;
  /** Starts it before this base and says on which port. */
  start(t: Cleanup, base: WebServer): Promise<number>;
}

/** The files themselves: what a client does here, it must do everywhere. */
export const PLAIN: Front = { name: 'plain Apache', start: (_, base) => Promise.resolve(base.port) };

const cgi: Front = {
  name: 'offload.cgi under Apache',
  start: async (t, base) => {
    const setup = SETUPS.find(({ name }) => name === 'Apache mod_cgid, ScriptAlias');
    if (setup === undefined) throw new Error('test/support/servers/setups.ts no longer has Apache with mod_cgid and ScriptAlias');
    const dir = serverDir(t);
    const server = await setup.start(t, await offloadCgi(), { OFFLOAD_BASE: base.url, OFFLOAD_CACHE_DIR: join(dir, 'cache'), OFFLOAD_TIMEOUT: '10s' }, dir);
    mustStayWell(t, server);
    return server.port;
  },
};

/** A fault of ours is one, even where no client noticed it. */
function mustStayWell(t: Cleanup, server: WebServer): void {
  atEnd(t, () => {
    if (/fault|warning/i.test(server.errorLog())) throw new Error(server.errorLog());
  });
}

const serve: Front = {
  name: 'offload serve',
  start: async (t, base) => {
    const server = await startServe(t, { OFFLOAD_BASE: base.url, OFFLOAD_TIMEOUT: '10s' });
    mustStayWell(t, server);
    return server.port;
  },
};

export const FRONTS: readonly Front[] = [cgi, serve];

// What a body is slowed down to on its way to an offload server, in KiB a second: clients come while it grows.
const SLOW = 12_288;

/** The base: Apache with the files of `dir/htdocs`, and a log line for each request of an offload server. */
export async function startBase(t: Cleanup): Promise<WebServer> {
  const dir = serverDir(t);
  return startApache(t, {
    dir,
    modules: ['autoindex', 'log_config', 'filter', 'ratelimit'],
    config: () =>
      [
        `<Directory ${dir}/htdocs>`,
        '  Options Indexes',
        '  AllowOverride None',
        '  IndexOptions FancyIndexing VersionSort HTMLTable NameWidth=* DescriptionWidth=* Charset=UTF-8',
        '</Directory>',
        'AllowEncodedSlashes NoDecode',
        'SetEnvIf X-Mod-Offload-Bypass . offload',
        `CustomLog ${dir}/offload.log "%m %>s %U" env=offload`,
        `<If "-n %{HTTP:X-Mod-Offload-Bypass}">`,
        '  SetOutputFilter RATE_LIMIT',
        `  SetEnv rate-limit ${SLOW}`,
        '</If>',
      ].join('\n'),
  });
}

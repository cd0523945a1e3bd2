// Web servers that are configured by nothing but what `offload site` writes.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { offloadCgi, offloadCommand } from '../support/build.js';
import type { Cleanup } from '../support/place.js';
import { startApache } from '../support/servers/apache.js';
import { startLighttpd } from '../support/servers/lighttpd.js';
import { startFcgiwrap, startNginx } from '../support/servers/nginx.js';
import { handOver, serverDir, type Package, type WebServer } from '../support/servers/server.js';
import { startServe } from '../support/servers/serve.js';
import { type Environment, install, type Setup } from '../support/servers/setups.js';

/** The text that `offload site` writes with these settings. */
export async function siteText(settings: Environment, ...flags: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [await offloadCommand(), 'site', ...flags], {
    env: { PATH: process.env['PATH'] ?? '', ...settings },
  });
  return stdout;
}

/** A way of `offload site`, and the hand-over that it can do. */
export interface SiteSetup extends Setup {
  /** OffloadHandoff. */
  readonly handoff: string;
}

interface Parts {
  readonly name: string;
  readonly packages: readonly Package[];
  readonly handoff: string;
  readonly cache?: string;
  readonly asciiOnly?: boolean;
  readonly holdsBack?: number;
  start(t: Cleanup, script: string, settings: Environment, dir: string): Promise<WebServer>;
}

function site({ start, ...parts }: Parts): SiteSetup {
  return {
    ...parts,
    prefix: '',
    keepsLength: true,
    rawUri: true,
    passesRange: true,
    start: (t, script, settings, dir = serverDir(t)) => start(t, script, { OFFLOAD_HANDOFF: 'none', ...settings }, dir),
  };
}

/** The configuration is made anew for each port that is tried: `launch` takes it at once, so the text is made before. */
const TEXT_PORT = 54_321;

function withPort(text: string, port: number): string {
  return text.replaceAll(String(TEXT_PORT), String(port));
}

function apache(name: string, handoff: string, mpm: 'event' | 'prefork', packages: readonly Package[]): SiteSetup {
  return site({
    name,
    packages: ['apache2', ...packages],
    handoff,
    holdsBack: 32_768,
    start: async (t, script, settings, dir) => {
      const path = install(script, dir);
      const text = await siteText(settings, '--server', 'apache', '--port', String(TEXT_PORT), '--script', path);
      return startApache(t, { dir, mpm, modules: ['buffer', 'xsendfile'], config: (_, port) => withPort(text, port) });
    },
  });
}

const htaccess = site({
  cache: 'htdocs/.offload',
  name: 'htaccess, local redirect',
  packages: ['apache2'],
  handoff: 'local-redirect /.offload',
  start: async (t, script, settings, dir) => {
    mkdirSync(join(dir, 'htdocs/cgi-bin'), { recursive: true });
    handOver(join(dir, 'htdocs'));
    install(script, dir, 'offload.cgi', 'htdocs/cgi-bin');
    writeFileSync(join(dir, 'htdocs/.htaccess'), await siteText(settings, '--server', 'htaccess'));
    return startApache(t, { dir, config: () => `ScriptAlias /cgi-bin/ ${dir}/htdocs/cgi-bin/` });
  },
});

const lighttpd = site({
  name: 'lighttpd, X-Sendfile',
  packages: ['lighttpd'],
  handoff: 'x-sendfile',
  start: async (t, script, settings, dir) => {
    const text = await siteText(settings, '--server', 'lighttpd', '--script', install(script, dir), '--name', '127.0.0.1');
    return startLighttpd(t, { dir, config: () => text });
  },
});

const nginx = site({
  name: 'nginx and fcgiwrap, X-Accel-Redirect',
  packages: ['nginx', 'fcgiwrap'],
  handoff: 'x-accel-redirect /.offload link vary',
  start: async (t, script, settings, dir) => {
    const wrapper = await startFcgiwrap(t, dir);
    const flags = ['--server', 'nginx', '--script', install(script, dir), '--socket', wrapper.socket, '--port', String(TEXT_PORT)];
    const text = await siteText(settings, ...flags);
    return stopBoth(await startNginx(t, { dir, http: (_, port) => withPort(text, port) }), wrapper.stop);
  },
});

function stopBoth(server: WebServer, stop: () => Promise<void>): WebServer {
  return {
    ...server,
    stop: async () => {
      await server.stop();
      await stop();
    },
  };
}

function proxy(name: string, server: 'apache' | 'nginx', handoff: string, packages: readonly Package[]): SiteSetup {
  return site({
    name,
    packages,
    handoff,
    asciiOnly: true,
    start: async (t, _, settings, dir) => {
      const trusting = { ...settings, OFFLOAD_TRUSTED_PROXY: '127.0.0.1' };
      const serve = await startServe(t, trusting);
      const flags = ['--server', server, '--proxy', '--port', String(TEXT_PORT), '--listen', `127.0.0.1:${serve.port}`];
      const text = await siteText(trusting, ...flags);
      const front =
        server === 'nginx'
          ? await startNginx(t, { dir, http: (_dir, port) => withPort(text, port) })
          : await startApache(t, { dir, modules: ['xsendfile', 'proxy', 'proxy_http'], config: (_dir, port) => withPort(text, port) });
      return { ...stopBoth(front, serve.stop), errorLog: () => front.errorLog() + serve.errorLog() };
    },
  });
}

export const SITES: readonly SiteSetup[] = [
  apache('apache, mod_cgid, X-Sendfile', 'x-sendfile', 'event', ['libapache2-mod-xsendfile']),
  apache('apache, mod_cgi, local redirect', 'local-redirect /.offload', 'prefork', []),
  htaccess,
  lighttpd,
  nginx,
  proxy('nginx --proxy, X-Accel-Redirect', 'nginx', 'x-accel-redirect /.offload link vary', ['nginx']),
  proxy('apache --proxy, X-Sendfile', 'apache', 'x-sendfile', ['apache2', 'libapache2-mod-xsendfile']),
];

/** Starts a site with or without hand-over. */
export async function startSite(t: Cleanup, setup: SiteSetup, handsOver: boolean, settings: Environment): Promise<{ server: WebServer; cacheDir: string }> {
  const dir = serverDir(t);
  const cacheDir = join(dir, setup.cache ?? 'cache');
  const all = { OFFLOAD_CACHE_DIR: cacheDir, OFFLOAD_KEEP_FREE: '0', OFFLOAD_TIMEOUT: '5s', OFFLOAD_HANDOFF: handsOver ? setup.handoff : 'none', ...settings };
  return { server: await setup.start(t, await offloadCgi(), all, dir), cacheDir };
}

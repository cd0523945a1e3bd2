import { basename, dirname } from 'node:path';
import { Base } from './base/base.js';
import { CompleteSource } from './cache/source.js';
import { type Reply, textReply } from './gateway/reply.js';
import { type Account, openAccount } from './host/cgi/account.js';
import { hidesCuts, Guard, holdUntilCut, letHeaderPass, remind } from './host/cgi/cut.js';
import { cgiRequest } from './host/cgi/environment.js';
import { toServer } from './host/cgi/handoff.js';
import { discardRequestBody } from './host/cgi/input.js';
import { ClientGone } from './host/cgi/output.js';
import { type Framing, PIPE, writeReply } from './host/cgi/response.js';
import { faultReply } from './host/fault.js';
import { detachedFiller, JOB_VARIABLE, runFiller } from './host/filler.js';
import { openGateway } from './host/open-gateway.js';
import { progress } from './host/title.js';
import { type Log, stderrLog } from './log.js';
import { loadSettings, SettingsError } from './settings/load.js';
import type { Settings } from './settings/settings.js';

/** Keeps this program as V8 has compiled it, for requests to come; undefined if that is done. Given by src/start.ts. */
declare const keepCompiled: (() => void) | undefined;

const script = process.argv[1] ?? __filename;

/** One request from the CGI environment, one answer on standard output. */
async function answerRequest(): Promise<number> {
  const framing: Framing = { nph: basename(script).startsWith('nph-'), protocol: process.env['SERVER_PROTOCOL'] ?? 'HTTP/1.0' };
  let settings: Settings;
  try {
    settings = loadSettings({ env: process.env, scriptDir: dirname(script) });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    for (const problem of error.problems) stderrLog(false).warn(problem);
    await writeReply(textReply(500, 'This server is not set up right; its error log says why.'), framing);
    return 1;
  }
  const log = stderrLog(settings.debug);
  const gateway = openGateway(settings, new Base(settings), log, detachedFiller(settings, script));
  const request = cgiRequest(process.env);
  const reply = await gateway.answer(request).catch((error: unknown) => faultReply(error, log));
  const sending = toServer(process.env, framing.nph, settings, request, reply);
  const account = openAccount(request, reply, sending, framing.protocol, settings, log);
  try {
    await deliver(sending, framing, request.target, settings, log, account);
    // The client has it all; and what a hit needs has run.
    if (reply.body.kind === 'file' && reply.body.source instanceof CompleteSource) keepCompiled?.();
    return 0;
  } catch (error) {
    return error instanceof ClientGone ? 0 : 1;
  } finally {
    reply.close();
  }
}

/** A body that breaks off must not look whole, even where the web server makes nothing of its Content-Length. */
async function deliver(reply: Reply, framing: Framing, target: string, settings: Settings, log: Log, account: Account): Promise<void> {
  const { body } = reply;
  const hides = hidesCuts(process.env, framing.nph);
  if (hides !== undefined) remind(settings.cacheDir, hides, log);
  const long = body.kind === 'stream' || (body.kind === 'file' && body.length > PIPE);
  // Without a length no web server can tell a script that was killed from one that is done.
  const endless = !framing.nph && body.kind === 'stream' && body.length === undefined;
  const guard = (hides !== undefined && long) || endless ? new Guard() : undefined;
  guard?.start();
  try {
    await writeReply(reply, framing, account.tally, progress('GET', target));
    account.settle('all');
  } catch (error) {
    // First of all: what follows may take minutes.
    account.settle(error instanceof ClientGone ? 'left' : 'cut');
    if (error instanceof ClientGone) throw error;
    log.warn(`${process.env['REQUEST_URI'] ?? ''}: ${String(error)}`);
    if (hides !== undefined || endless) await holdUntilCut();
    else await letHeaderPass();
    throw error;
  } finally {
    await guard?.release();
  }
}

const job = process.env[JOB_VARIABLE];
void (job === undefined ? answerRequest().finally(() => discardRequestBody(process.env)) : runFiller(job).then(() => 0)).then(
  // Not waiting for idle sockets and timers saves milliseconds.
  (code) => process.exit(code),
  (error: unknown) => {
    stderrLog(false).warn(`fault: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exit(70);
  },
);

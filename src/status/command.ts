import { renameSync, writeFileSync } from 'node:fs';
import { flag, isSet, type Arguments } from '../cli/arguments.js';
import { coloursOf } from '../cli/colour.js';
import { EXIT, type Io } from '../cli/io.js';
import { Problem } from '../cli/problem.js';
import { settingsOf } from '../cli/settings.js';
import { Layout } from '../cache/layout.js';
import { codeOf } from '../errors.js';
import type { Settings } from '../settings/settings.js';
import { diskOf } from './disk.js';
import { runningFills } from './fills.js';
import type { History } from './history.js';
import { LoggedHistory } from './logs.js';
import { statusPage } from './page.js';
import { PERIODS, type Period, reportOf } from './report.js';
import { statusText } from './text.js';

/** `offload status`. @throws Problem for a log that can't be read, a page that can't be written */
export async function statusCommand(given: Arguments, io: Io): Promise<number> {
  const settings = settingsOf(given);
  const last = flag(given, 'last');
  const wanted = (Object.keys(PERIODS) as Period[]).filter((period) => last === undefined || period === last);
  const file = flag(given, 'html');
  const layout = new Layout(settings.cacheDir);
  const now = Date.now();
  const disk = diskOf(layout, settings);
  const history = await readHistory(settings, layout, now, disk?.cache ?? undefined);
  const fills = await runningFills(layout);
  const report = reportOf({ base: settings.base.href, layout, log: settings.log, history, fills, disk }, now, file === undefined ? wanted : (Object.keys(PERIODS) as Period[]));
  if (file !== undefined) return writePage(file, statusPage(report, history, now), io);
  io.stdout.write(isSet(given, 'json') ? `${JSON.stringify(report, undefined, 2)}\n` : statusText(report, coloursOf(io.stdout)));
  return EXIT.done;
}

async function readHistory({ log }: Settings, layout: Layout, now: number, size: number | undefined): Promise<History | undefined> {
  if (log === undefined) return undefined;
  try {
    return await new LoggedHistory(log, layout).update(now, size);
  } catch (error) {
    if (codeOf(error) === '') throw error;
    throw new Problem(`OffloadLog ${log}`, `cannot be read (${codeOf(error)}); run this as root, or as the user who writes it`);
  }
}

/** Whoever opens it meanwhile sees the old page or the new one. */
function writePage(file: string, page: string, io: Io): number {
  if (file === '-') {
    io.stdout.write(page);
    return EXIT.done;
  }
  const draft = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, page, { mode: 0o644 });
    renameSync(draft, file);
    return EXIT.done;
  } catch (error) {
    throw new Problem(`--html ${file}`, `cannot be written (${codeOf(error)}); name a file in a directory where you may write, or - for standard output`);
  }
}

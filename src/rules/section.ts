import type { Line, Section } from './lines.js';
import { Problem } from '../cli/problem.js';

/** The line in which the section around a directive begins; 0 if there is none. */
export function sectionLine(line: Line): number {
  return line.sections.at(-1)?.line ?? 0;
}

/**
 * The directory to write rules for. Directives in several sections would need several answers.
 * @throws {Problem} that names the sections, and the option that chooses one.
 */
export function directoryOf(lines: readonly Line[]): string | undefined {
  const first = lines[0];
  if (!first) return undefined;
  for (const line of lines) {
    const odd = line.sections.find(({ name }) => !/^(?:VirtualHost|Directory)$/i.test(name));
    if (odd) throw new Problem(line.where, `${line.name} in ${show(odd)}: ${remedyFor(odd)}`);
    if (sectionLine(line) === sectionLine(first)) continue;
    throw new Problem(
      line.where,
      `${line.name} stands in ${show(line.sections.at(-1))}, ${first.name} (${first.where}) in ` +
        `${show(first.sections.at(-1))}; write rules for one at a time: --section ${sectionLine(first)} or ` +
        `--section ${sectionLine(line)} (the line in which the section begins; 0: outside any)`,
    );
  }
  return first.sections.findLast(({ name }) => /^Directory$/i.test(name))?.argument;
}

function show(section: Section | undefined): string {
  return section ? `<${section.name} ${section.argument}> (line ${section.line})` : 'no section';
}

function remedyFor(section: Section): string {
  return /^Location/i.test(section.name)
    ? 'move it out and say OffloadOnlyPath instead'
    : 'rules can be written for a server, <VirtualHost> or <Directory> only; move it there';
}

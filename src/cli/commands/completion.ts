import type { Command } from '../command.js';
import { REFUSED } from './base-side.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export const COMPLETION: Command = {
  name: 'completion',
  summary: 'write what makes a shell complete the words of this command',
  usage: SHELLS.join('|'),
  about: ["Writes a shell's completion to standard output: commands, flags, what a flag's value may be, files."],
  operands: true,
  offers: SHELLS,
  flags: [],
  settings: [],
  exits: [[0, 'it is written'], REFUSED],
  examples: [
    { call: 'offload completion bash > /etc/bash_completion.d/offload', does: 'for everybody; for yourself: eval "$(offload completion bash)" in ~/.bashrc' },
    { call: 'offload completion zsh > ~/.zfunc/_offload', does: 'in a directory of fpath' },
    { call: 'offload completion fish > ~/.config/fish/completions/offload.fish', does: 'fish reads it when it is needed' },
  ],
  load: async () => (await import('../completion-command.js')).completionCommand,
};

// Required into each Node process under test (NODE_OPTIONS): its clock is moved by as many milliseconds as the file says.
'use strict';
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

let moved = 0;
const read = () => {
  try {
    moved = Number(readFileSync(join(__dirname, 'clock.moved'), 'latin1')) || 0;
  } catch {
    moved = 0;
  }
};
read();
setInterval(read, 200).unref();
const now = Date.now.bind(Date);
Date.now = () => now() + moved;

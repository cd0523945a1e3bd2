import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testClient } from './compare.js';
import { Chromium } from './devtools.js';
import { lines, statuses, succeeded } from './outcome.js';
import { runProgram } from './programs.js';

/** Red, green, then blue, with noise that no encoder makes small: more than a browser fetches ahead. Its index is at the end. */
async function makeVideo(dir: string): Promise<void> {
  const noise = ['red', 'green', 'blue'].map((colour) => `color=${colour}:size=640x480:rate=1:duration=10,noise=alls=100:allf=t[${colour}]`);
  const graph = `${noise.join(';')};[red][green][blue]concat=n=3`;
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-qp', '4', '-g', '2'];
  succeeded(await runProgram(dir, 'ffmpeg', ['-v', 'error', '-filter_complex', graph, ...codec, 'video.mp4']));
  writeFileSync(join(dir, 'page.html'), '<!doctype html><title>A video</title><video muted preload="metadata" src="video.mp4"></video>');
}

/** Seeks to each time and tells where it is then, and which colour is strongest there. */
const WATCH = `(async () => {
  while (document.readyState !== 'complete') await new Promise((done) => addEventListener('load', done, { once: true }));
  const video = document.querySelector('video');
  const event = (name) => new Promise((resolve, reject) => {
    video.addEventListener(name, resolve, { once: true });
    video.addEventListener('error', () => reject(new Error(video.error.message)), { once: true });
  });
  if (video.readyState < 1) await event('loadedmetadata');
  const canvas = Object.assign(document.createElement('canvas'), { width: 8, height: 8 }).getContext('2d', { willReadFrequently: true });
  const seen = [];
  for (const time of [25, 5, 15, 29]) {
    // The frame may be painted later than 'seeked' is said.
    const painted = new Promise((resolve) => {
      const look = (_, { mediaTime }) => (Math.abs(mediaTime - time) < 1 ? resolve() : video.requestVideoFrameCallback(look));
      video.requestVideoFrameCallback(look);
    });
    video.currentTime = time;
    await event('seeked');
    await painted;
    canvas.drawImage(video, 0, 0, 8, 8);
    const sums = [0, 0, 0];
    canvas.getImageData(0, 0, 8, 8).data.forEach((value, i) => { if (i % 4 < 3) sums[i % 4] += value; });
    seen.push([video.currentTime, ['red', 'green', 'blue'][sums.indexOf(Math.max(...sums))]]);
  }
  return { duration: video.duration, seen };
})()`;

let browser: Chromium | undefined;

testClient('Chromium', ['chromium', 'ffmpeg'], [
  {
    name: 'a video can be played from any place, without all that is before it',
    files: makeVideo,
    run: async ({ t, url, dir, take }) => {
      // One browser for all runs: to start it takes longer than to watch.
      browser ??= new Chromium(t, dir);
      const outcome = await browser.evaluate(`${url}page.html`, WATCH);
      const requests = take().filter(({ target }) => target.endsWith('video.mp4'));
      assert.deepEqual(statuses(requests), [206]);
      assert.ok(requests.length > 1, lines(requests).join('\n'));
      return outcome;
    },
  },
]);

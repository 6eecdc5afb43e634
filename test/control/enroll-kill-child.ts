// A control in a process of its own, for a test that kills it: takes its state directory, says its
// port.
import { startControl } from '../../src/control/control.ts';
import { openLog } from '../../src/host/log.ts';
import { configOf } from './lab.ts';

const [stateDirectory = ''] = process.argv.slice(2);
const control = await startControl({
  config: configOf({ listen: { address: '127.0.0.1', port: 0 }, origin: 'http://127.0.0.1:8740' }),
  stateDirectory,
  version: '0.0.0',
  log: openLog({ stream: process.stderr, nowMs: Date.now, journal: false }),
  hardware: [],
});
process.stdout.write(`${control.port}\n`);

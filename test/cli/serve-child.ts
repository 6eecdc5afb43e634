// Sends itself a signal while the daemon is still starting.
import { serve } from '../../src/cli/serve.ts';

const [signal = 'SIGTERM', file = '', stateDirectory = ''] = process.argv.slice(2);

const served = serve({
  config: { file },
  isService: false,
  stateDirectory,
  started: (daemon) => process.stdout.write(`started on ${daemon.port}\n`),
});
process.kill(process.pid, signal);
process.exitCode = await served;

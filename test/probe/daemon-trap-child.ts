// A daemon whose WebAssembly traps a second after it began to measure.
import { serve } from '../../src/cli/serve.ts';

const [stateDirectory = ''] = process.argv.slice(2);
const smokeping = { round: '5s', timeout: '500ms', targets: ['127.0.0.1'] };

process.exitCode = await serve({
  config: { document: { schema: 1, measurements: { smokeping } } },
  isService: false,
  stateDirectory,
  started: (daemon) => {
    const { engine } = daemon.facts;
    // More than the outbox holds: an assertion of the WebAssembly fails, as any of them might.
    setTimeout(() => Object.assign(engine, { tick: () => engine.hot.call.settle(65) }), 1000);
  },
});

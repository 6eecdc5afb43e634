// `flint up` as a command: its greeting, its port, its end.
import { is, match } from 'uvu/assert';
import { suite } from '../helper.ts';
import { scratchFile } from '../lab/namespace.ts';
import { type Namespace, openNamespace, requireLab } from '../lab/net.ts';
import { flint, startFlint } from './flint.ts';

const missing = requireLab();
let lab: Namespace;

suite('flint up', (s) => {
  s.before(async () => {
    if (missing === null) lab = await openNamespace();
  });
  s.after(async () => {
    if (missing === null) await lab.close();
  });

  s.testIf(
    missing,
    'up greets with the page, and a second one says that the port is taken',
    async () => {
      const [state, other] = [scratchFile('state'), scratchFile('state')];
      const up = startFlint(lab, `up --port 9751 --state ${state}`);
      await up.waitFor('Ctrl-C ends it');

      const second = await flint(lab, `up --port 9751 --state ${other}`);
      const { code } = await up.stop('SIGINT');

      is(code, 0);
      const { stderr } = up.output();
      match(stderr, 'page     http://127.0.0.1:9751/');
      match(stderr, 'metrics  http://127.0.0.1:9751/metrics');
      match(stderr, `state    ${state}`);
      match(stderr, 'stamps   from the kernel, both ways');
      match(stderr, /root was given up; running as \w+/);
      is(second.code, 1);
      match(second.stderr, /flint: cannot listen on 127\.0\.0\.1:9751 \(EADDRINUSE\).*--port\n$/);
    },
  );
});

// timeout: 180 s
// Whoever looks at SPARKY's dashboard must see the same picture, whether smokeping_prober drew it
// or we did: both measure the same targets, vmagent scrapes both, and the dashboard's expressions
// are put to victoria-metrics for each.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { equal, is, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { type Namespace, openNamespace, openVeth, sleep } from '../lab/net.ts';
import { type DaemonLab, type Fetcher, missingDaemonLab, openDaemonLab } from './daemon-lab.ts';
import { missingVictoria, type QueryResult, startVictoria, type Victoria } from './victoria.ts';

const PROBER = 'prometheus-smokeping-prober';
const missing = missingDaemonLab(PROBER) ?? missingVictoria();

const PROBER_PORT = 9374;
const COMPARED_MS = 38_000;
const INTERVAL_MS = 200;
const SCENARIO = `
  dst 10.9.0.0/16 delay 5ms
  dst fd09::/64 delay 5ms
  dst 10.9.1.0/24 loss every 5
  dst 10.9.2.0/24 delay 20ms
`;
/** The last two answer at once, from the kernel of another namespace. */
const HOSTS = ['10.9.0.1', 'fd09::1', '10.9.1.1', '10.9.2.1', '10.78.0.1', 'fd78::1'];
const LOSSY = '10.9.1.1';
const KERNELS = ['10.78.0.1', 'fd78::1'];
const DURATION = 'smokeping_response_duration_seconds';
const FAMILIES = [
  'smokeping_requests_total',
  `${DURATION}_bucket`,
  `${DURATION}_count`,
  `${DURATION}_sum`,
];

suite('compare', (s) => {
  let lab: DaemonLab;
  let far: Namespace;
  let proxy: Server;
  let victoria: Victoria;

  /** The value for each host, by whoever measured. */
  async function byHost(expression: (matcher: string) => string) {
    const read = async (job: string) => {
      const results = await victoria.query(expression(`{job="${job}"}`));
      return new Map(results.map(({ labels, value }) => [labels['host'] ?? '', value]));
    };
    return { ours: await read('flint'), theirs: await read('prober') };
  }

  /** The heat map: packets a second in each bucket, not cumulative. */
  async function heat(job: string, host: string): Promise<Map<string, number>> {
    const matcher = `{job="${job}",host="${host}"}`;
    const results = await victoria.query(`sum by(le) (rate(${DURATION}_bucket${matcher}[1m]))`);
    const sorted = results
      .map(({ labels, value }) => ({ le: labels['le'] ?? '', value }))
      .sort((a, b) => boundOf(a.le) - boundOf(b.le));
    return new Map(sorted.map(({ le, value }, n) => [le, value - (sorted[n - 1]?.value ?? 0)]));
  }

  async function seriesOf(job: string, name: string): Promise<QueryResult[]> {
    return await victoria.query(`${name}{job="${job}"}`);
  }

  s.before(async () => {
    if (missing !== null) return;
    lab = await openDaemonLab(SCENARIO);
    far = await openNamespace();
    await openVeth(lab.namespace, far);
    await lab.start(lab.write('probe.json', configuration()));
    await startProber(lab);
    proxy = await startProxy(lab.fetcher);
    const { port } = proxy.address() as AddressInfo;
    victoria = await startVictoria(
      ['flint', 'prober'].map((job) => ({ job, url: `http://127.0.0.1:${port}/${job}` })),
      5000,
    );
    await sleep(COMPARED_MS);
  });

  s.after(async () => {
    await victoria?.stop();
    proxy?.close();
    proxy?.closeAllConnections();
    await lab?.close();
    await far?.close();
  });

  s.testIf(missing, 'the dashboard lists the same targets', async () => {
    const hosts = await victoria.labelValues(`${DURATION}_bucket{job="flint"}`, 'host');
    const theirs = await victoria.labelValues(`${DURATION}_bucket{job="prober"}`, 'host');

    equal(hosts.sort(), [...HOSTS].sort());
    equal(theirs.sort(), hosts);
  });

  s.testIf(missing, 'the buckets are the same, as text', async () => {
    const les = async (job: string, host: string) => [...(await heat(job, host)).keys()];
    for (const host of HOSTS) equal(await les('flint', host), await les('prober', host));
  });

  s.testIf(missing, 'as many packets are sent', async () => {
    const { ours, theirs } = await byHost((matcher) => `rate(${FAMILIES[0]}${matcher}[1m])`);
    for (const host of HOSTS) {
      const [our = 0, their = 0] = [ours.get(host), theirs.get(host)];
      ok(Math.abs(our - their) <= 0.1 * their, `${host}: ${our}/s and ${their}/s`);
      ok(Math.abs(our - 1000 / INTERVAL_MS) <= 0.1, `${host}: ${our}/s`);
    }
  });

  s.testIf(missing, 'as many packets are lost', async () => {
    const { ours, theirs } = await byHost((matcher) => {
      const sent = `rate(${FAMILIES[0]}${matcher}[1m])`;
      return `(${sent} - rate(${DURATION}_count${matcher}[1m])) / ${sent}`;
    });
    for (const host of HOSTS) {
      const [our = 1, their = 1] = [ours.get(host), theirs.get(host)];
      const said = `${host}: ${our} and ${their}`;
      const expected = host === LOSSY ? 0.2 : 0;
      // One packet may be on its way when a scrape comes. Of two senders' packets the fifth is
      // lost whosever it is: exact is the share of both together, that of one is a draw.
      const within = host === LOSSY ? 0.1 : 0.03;
      ok(Math.abs((our + their) / 2 - expected) <= 0.03, said);
      ok(Math.abs(our - expected) <= within, said);
      ok(Math.abs(their - expected) <= within, said);
    }
  });

  s.testIf(missing, 'the heat map has its crest in the same place', async () => {
    for (const host of HOSTS.filter((one) => !KERNELS.includes(one))) {
      const [ours, theirs] = [await heat('flint', host), await heat('prober', host)];
      is(crestOf(ours), crestOf(theirs), host);
      is(crestOf(ours), host === '10.9.2.1' ? '0.0256' : '0.0064', host);
    }
  });

  s.testIf(
    missing,
    'where the network takes no time, ours shows less of the program’s',
    async () => {
      for (const host of KERNELS) {
        const [ours, theirs] = [await heat('flint', host), await heat('prober', host)];
        ok(boundOf(crestOf(ours)) <= boundOf(crestOf(theirs)), `${host}: ${crestOf(ours)}`);
      }
    },
  );

  s.testIf(missing, 'the mean latency is that of the network, and never above theirs', async () => {
    const { ours, theirs } = await byHost(
      (matcher) => `rate(${DURATION}_sum${matcher}[1m]) / rate(${DURATION}_count${matcher}[1m])`,
    );
    for (const host of HOSTS) {
      const [our = 1, their = 0] = [ours.get(host), theirs.get(host)];
      ok(our <= their + 1e-5, `${host}: ${our} s and ${their} s`);
      const delay = KERNELS.includes(host) ? 0 : host === '10.9.2.1' ? 0.02 : 0.005;
      ok(our >= delay && our < delay + 0.001, `${host}: ${our} s`);
      console.log(`${host}: mean ${(our * 1e6).toFixed(0)} µs, theirs ${(their * 1e6).toFixed(0)}`);
    }
  });

  s.testIf(missing, 'the four families carry the same labels, theirs among them', async () => {
    const setsOf = async (job: string, name: string) => {
      const results = await seriesOf(job, name);
      return new Set(results.map(({ labels }) => labelText(labels)));
    };
    const [first = '', ...rest] = FAMILIES;
    const ours = await setsOf('flint', first);
    for (const name of rest) equal([...(await setsOf('flint', name))].sort(), [...ours].sort());
    is(ours.size, HOSTS.length);
    const [our] = await seriesOf('flint', first);
    const [their] = await seriesOf('prober', first);
    for (const name of Object.keys(their?.labels ?? {})) ok(name in (our?.labels ?? {}), name);
  });
});

function configuration(): object {
  const targets = HOSTS.map((host) => ({ id: host, host }));
  const smokeping = { interval: `${INTERVAL_MS}ms`, timeout: '1s', targets };
  return { schema: 1, measurements: { smokeping } };
}

async function startProber({ namespace, write }: DaemonLab): Promise<void> {
  const file = write('prober.yml', 'targets: []\n');
  const words = [`--config.file=${file}`, '-i', `${INTERVAL_MS}ms`, '--privileged'];
  const prober = namespace.spawn(PROBER, [...words, ...HOSTS]);
  await prober.waitFor('Listening on', 10_000);
}

/** Makes what is served inside the namespace reachable from vmagent outside. */
async function startProxy(fetcher: Fetcher): Promise<Server> {
  const places: Record<string, [number, string]> = {
    '/flint': [9740, '/metrics/smokeping'],
    '/prober': [PROBER_PORT, '/metrics'],
  };
  const server = createServer((request, response) => {
    const [port, path] = places[request.url ?? ''] ?? [0, '/'];
    fetcher.get(port, path).then(
      ({ status, type, body }) => {
        response.writeHead(status === 0 ? 502 : status, { 'content-type': type }).end(body);
      },
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}

function boundOf(le: string): number {
  return le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
}

/** The bucket with the most packets. */
function crestOf(buckets: ReadonlyMap<string, number>): string {
  return [...buckets].sort(([, a], [, b]) => b - a)[0]?.[0] ?? '';
}

function labelText({ le: _le, __name__: _name, ...labels }: Record<string, string>): string {
  return JSON.stringify(Object.entries(labels).sort());
}

// timeout: 900 s
// waits
// Whatever happens between the probe and its metrics server, every sample arrives. The real daemon
// is scraped by the real vmagent, which pushes through a real vmauth (an old one where Debian is
// old) to a real victoria-metrics; then the store is asked for holes. By hand, FLINT_PUSH_S says
// for how many seconds the server is away and the token is unknown (minutes, say).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, ok } from 'uvu/assert';
import { probeIdentity } from '../../src/board/push/probe-identity.ts';
import { offsetMs } from '../../src/board/push/scrape.ts';
import { suite } from '../helper.ts';
import { type LabProcess, sleep } from '../lab/net.ts';
import { missingDaemonLab } from '../probe/daemon-lab.ts';
import { largestHole, missingMetricsServer, type Series } from './metrics-server.ts';
import {
  HOSTS,
  hasNodeExporter,
  INTERVAL_MS,
  NAME,
  openPushLab,
  type PushLab,
  pushUrl,
  TOKEN,
} from './push-lab.ts';
import { remoteWrite } from './remote-write.ts';

const missing = missingDaemonLab() ?? missingMetricsServer();
const AWAY_MS = Number(process.env['FLINT_PUSH_S'] ?? 7) * 1000;
const NEXT_TOKEN = 'token-of-probe01-B';
const CASE_MS_MAX = 4 * AWAY_MS + 120_000;

suite('push', (s) => {
  let lab: PushLab;
  let push: LabProcess;

  s.before(async () => {
    if (missing !== null) return;
    try {
      lab = await openPushLab();
      push = lab.startPush();
      await lab.until(push, ({ acceptedMs }) => acceptedMs !== null);
    } catch (error) {
      console.log(error);
      await lab?.close();
      throw error;
    }
  });

  s.after(async () => {
    await push?.stop();
    await lab?.close();
  });

  /** When the newest sample was scraped. */
  async function newestMs(): Promise<number> {
    const series = await lab.server.export('up{job="smokeping"}');
    return Math.max(0, ...series.flatMap(({ timesMs }) => timesMs));
  }

  /** What the daemon was scraped for; the times of traces are their own. */
  async function scraped(): Promise<Series[]> {
    return await lab.server.export('{job=~"smokeping|path|flint|node"}');
  }

  async function caughtUp(): Promise<void> {
    const sinceMs = Date.now();
    const endMs = sinceMs + 90_000;
    while ((await newestMs()) < sinceMs) {
      if (Date.now() > endMs) throw new Error(push.output().stderr);
      await sleep(200);
    }
  }

  async function noHole(what: string, mostMs = INTERVAL_MS + 500): Promise<void> {
    await caughtUp();
    const { holeMs, where } = largestHole(await scraped());
    console.log(
      `${what}: largest hole ${holeMs} ms, droppedBlocks ${lab.state(push)?.droppedBlocks}`,
    );
    ok(holeMs <= mostMs, `${what}: ${holeMs} ms: ${where}\n${push.output().stderr}`);
  }

  s.testIf(
    missing,
    'a server that is away costs no sample',
    async () => {
      await lab.server.killVmauth();
      await sleep(AWAY_MS);
      await lab.server.startVmauth();

      await noHole('server away');
      equal(lab.state(push)?.droppedBlocks, 0);
    },
    CASE_MS_MAX,
  );

  s.testIf(
    missing,
    'a bearer that is unknown for a while costs no sample',
    async () => {
      await lab.server.setUsers({});
      const refused = await lab.until(push, ({ state }) => state === 'refused');
      await sleep(Math.max(0, AWAY_MS - 5_000));
      await lab.server.setUsers({ [TOKEN]: NAME });

      ok(/does not know the bearer/.test(refused.reason ?? ''), refused.reason ?? '');
      await noHole('bearer unknown');
      equal(lab.state(push)?.droppedBlocks, 0);
    },
    CASE_MS_MAX,
  );

  s.testIf(
    missing,
    'a bearer is replaced without a restart, whoever hears of it first',
    async () => {
      const { restarts } = await lab.until(push, ({ state }) => state === 'pushing');
      lab.setSecret(NEXT_TOKEN);
      await sleep(Math.min(AWAY_MS, 3_000));
      await lab.server.setUsers({ [NEXT_TOKEN]: NAME });

      await noHole('bearer replaced');
      equal(lab.state(push)?.droppedBlocks, 0);
      equal(lab.state(push)?.restarts, restarts);
    },
    CASE_MS_MAX,
  );

  s.testIf(
    missing,
    'an agent that is killed leaves nothing behind that keeps the next one out',
    async () => {
      await push.stop('SIGKILL');
      push = lab.startPush();

      await lab.until(push, ({ acceptedMs }) => acceptedMs !== null);
      // A scrape that was due while nobody ran is lost, and no more than that.
      await noHole('agent killed', 2 * INTERVAL_MS + 500);
    },
    CASE_MS_MAX,
  );

  s.testIf(
    missing,
    'a vmagent that is killed is back',
    async () => {
      const { stdout } = await lab.daemonLab.namespace.exec('pgrep', ['-x', 'vmagent']);
      // Of all on this machine, that of the user in this lab's directory.
      const pids = stdout
        .split('\n')
        .filter(Boolean)
        .map(Number)
        .filter((pid) => isOf(pid, lab));
      equal(pids.length, 1);
      process.kill(pids[0] ?? 0, 'SIGKILL');

      await lab.until(push, ({ restarts }) => restarts === 1);
      await noHole('vmagent killed', 2 * INTERVAL_MS + 500);
    },
    CASE_MS_MAX,
  );

  s.testIf(missing, 'a probe that calls itself otherwise is stored as itself', async () => {
    const file = join(lab.directory, 'forged');
    writeFileSync(file, remoteWrite({ __name__: 'forged', instance: 'other' }, 1));
    const script = `
      const [url, file, token] = process.argv.slice(1);
      const headers = { authorization: 'Bearer ' + token, 'content-encoding': 'snappy' };
      fetch(url, { method: 'POST', headers, body: require('node:fs').readFileSync(file) })
        .then(({ status }) => console.log(status));
    `;
    const words = ['-e', script, '--', pushUrl(), file, NEXT_TOKEN];
    equal(await lab.daemonLab.namespace.run(process.execPath, words), '204\n');

    // Fresh samples take a moment before they are seen.
    let forged: Series | undefined;
    for (let attempt = 0; attempt < 50 && forged === undefined; attempt++) {
      await sleep(200);
      [forged] = await lab.server.export('forged');
    }
    equal(forged?.labels, { __name__: 'forged', instance: NAME });
    equal(await lab.server.values('instance'), [NAME]);
  });

  s.testIf(missing, 'each job is scraped at its own time, with no label more', async () => {
    const probe = probeIdentity({ probeName: () => null });
    for (const job of ['smokeping', 'path', 'flint']) {
      const [series] = await lab.server.export(`up{job="${job}"}`);
      equal(Object.keys(series?.labels ?? {}).sort(), ['__name__', 'instance', 'job']);
      const offset = offsetMs(probe, job, INTERVAL_MS);
      const late = (series?.timesMs ?? []).map((timeMs) => (timeMs - offset) % INTERVAL_MS);
      ok(
        late.every((ms) => ms < 500),
        `${job}: ${offset} ${late}`,
      );
    }
  });

  s.testIf(missing, 'the dashboards of SPARKY find what they ask for', async () => {
    const { server } = lab;
    const matcher = `{instance="${NAME}",host="${HOSTS[1]}",job="smokeping"}`;
    const name = 'smokeping_response_duration_seconds';
    const heat = await server.query(`sum by(le)(rate(${name}_bucket${matcher}[1m]))`);
    const loss = await server.query(`smokeping_requests_total${matcher} - ${name}_count${matcher}`);
    const mean = await server.query(`${name}_sum${matcher} / ${name}_count${matcher}`);
    equal(heat.length, 21);
    equal([loss.length, mean.length], [1, 1]);
    ok(Math.abs((mean[0]?.value ?? 0) - 0.005) < 0.002, `${mean[0]?.value}`);

    for (const [index, family] of ['v4', 'v6'].entries()) {
      const dest = HOSTS[index];
      const hops = await server.query(
        `mtr_${family}_avg{db="telegraf",instance="${NAME}",dest="${dest}"}`,
      );
      equal(hops.length, 1);
      equal(Object.keys(hops[0]?.labels ?? {}).sort(), [
        ...['__name__', 'db', 'dest', 'hop', 'host', 'instance', 'ip'],
      ]);
    }
    ok((await server.values('dest')).includes('10.9.0.1'));
  });

  const missingNode = missing ?? (hasNodeExporter() ? null : 'there is no node_exporter');
  s.testIf(missingNode, 'the dashboard of the machine finds what it asks for', async () => {
    const [up] = await lab.server.query(`up{job="node",instance="${NAME}"}`);
    const used = await lab.server.query(
      'node_memory_MemTotal_bytes - node_memory_MemFree_bytes - node_memory_Buffers_bytes' +
        ' - node_memory_Cached_bytes - node_memory_SReclaimable_bytes',
    );
    const traffic = await lab.server.query('rate(node_network_receive_bytes_total[1m])');

    equal(up?.value, 1);
    equal(used.length, 1);
    ok(traffic.some(({ labels }) => labels['device']?.startsWith('veth')));
  });
});

function isOf(pid: number, { directory }: PushLab): boolean {
  return environmentOf(pid).includes(`VMAGENT_remoteWrite_tmpDataPath=${directory}/`);
}

function environmentOf(pid: number): string {
  try {
    return process.getBuiltinModule('node:fs').readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}

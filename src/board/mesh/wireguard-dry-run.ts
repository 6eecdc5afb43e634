import { readSecret } from '../../host/secret.ts';
import type { MeshPlaces } from './places.ts';
import type { WireguardOptions } from './wireguard.ts';
import { configText, driftOf } from './wireguard-dump.ts';
import { keptFile, readKept } from './wireguard-kept.ts';
import { keyFile, readKey } from './wireguard-key.ts';
import { linkWork } from './wireguard-link.ts';
import { planWireguard } from './wireguard-plan.ts';
import { findTools, readDump, readMachine } from './wireguard-tools.ts';

// What `up` and `down` would change, as one would type it. Nothing is changed, and no secret shown.

export type DryRun = { ok: true; lines: string[] } | { ok: false; reason: string };

/** Of a board that has no key yet: any stands for it. */
const NO_KEY = { privateKey: '(the private key)', publicKey: '(the public key)' };

export async function upLines(options: WireguardOptions): Promise<DryRun> {
  const { settings, context, places } = options;
  const tools = findTools(context.env, context.signal);
  if (typeof tools === 'string') return { ok: false, reason: tools };
  const key = readKey(places.state);
  const { env } = context;
  const planned = planWireguard(settings, (key ?? NO_KEY).publicKey, (name) =>
    readSecret(name, { env, configDirectory: places.configDirectory }),
  );
  if (!planned.ok) return planned;
  const { plan } = planned;
  const device = plan.interface;
  const dump = await readDump(tools, device);
  const drift =
    dump === null ? ['a new interface'] : driftOf(plan, dump, (key ?? NO_KEY).publicKey);
  const { commands, conflicts } = linkWork(plan, await readMachine(tools, device));
  const kept = readKept(places.state);
  const isNoted = key !== null && kept.interface === device && !kept.isDown;
  return {
    ok: true,
    lines: [
      ...(key === null ? [`write ${keyFile(places.state)}  # a new key, for root alone`] : []),
      ...(isNoted ? [] : [`write ${keptFile(places.state)}`]),
      ...(dump === null
        ? [
            `ip link add dev ${device} type wireguard` +
              `  # or, where the kernel has none: ${tools.go ?? 'wireguard-go'} ${device}`,
          ]
        : []),
      ...(drift.length === 0
        ? []
        : [
            `write ${places.state}/wireguard.conf  # for root alone; removed afterwards`,
            `wg syncconf ${device} ${places.state}/wireguard.conf  # ${drift.join(', ')}`,
            ...hidden(options, configText({ plan, ...parts(dump) })),
          ]),
      ...commands.map((words) => `ip ${words.join(' ')}`),
      ...conflicts.map((sentence) => `# ${sentence}`),
    ],
  };
}

/** `isKept`: the settings name it still. */
export function downLines({ state }: MeshPlaces, isKept: boolean): string[] {
  const { interface: device } = readKept(state);
  const why = isKept ? 'stay down until `flint wireguard up`' : 'it is forgotten';
  return [
    `write ${keptFile(state)}  # ${why}`,
    ...(device === null ? [] : [`ip link del dev ${device}`]),
  ];
}

function parts(dump: { listenPort: number } | null) {
  const { privateKey } = NO_KEY;
  return { privateKey, listenPort: dump?.listenPort ?? 0, endpoints: new Map<string, string>() };
}

/** The file as comments, with the endpoints as they are written: names are looked up by `up`. */
function hidden({ settings }: WireguardOptions, text: string): string[] {
  const lines = text
    .replace(/^(PresharedKey = ).*$/gm, '$1(a secret)')
    .trimEnd()
    .split('\n');
  const endpoints = settings.peers.flatMap(({ name, endpoint }) =>
    endpoint === null ? [] : [`# ${name} is looked for at ${endpoint}`],
  );
  return [...lines.map((line) => `#   ${line}`), ...endpoints];
}

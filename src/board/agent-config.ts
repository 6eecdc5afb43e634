import * as v from 'valibot';
import { expecting, flag, isRecord, objectMessage, show, text } from '../core/config-value.ts';
import { ORIGIN, originOf } from '../core/enroll-wire.ts';
import { ProbeError } from '../core/error.ts';
import { SLUG } from '../core/wire.ts';
import { faultsOf } from './agent-config-judge.ts';
import { CLAIM_TOKEN } from './claim-token.ts';
import { DEVICE_NAME } from './given-address.ts';
import { LOCKDOWN_SETTINGS, type LockdownSettings } from './lockdown/settings.ts';
import { MESH_SETTINGS, type MeshSettings } from './mesh/settings.ts';
import { readGiven, reasonOf } from './places.ts';
import { PUSH_SETTINGS, type PushSettings } from './push/settings.ts';

// What the agent must know before it can ask anybody: agent.json of the image or the operator,
// overridden by the command line. An unknown key is an error, as it is in every local file.

/** Everything filled in; null where nothing was said. */
export interface AgentSettings {
  /** Origin of the control. */
  control: string;
  claimToken: string | null;
  claimTokenFile: string | null;
  hardware: string | null;
  mac: string | null;
  interface: string | null;
  caFile: string | null;
  /** `sha256/` and the SHA-256 of a public key (SPKI) in base64. */
  pins: readonly string[];
  /** Whether the system's clock may be set from the control's. */
  setClock: boolean;
  /** Name or number of the user that the daemon runs as. */
  probeUser: string | null;
  /** By which mesh it is reached; null without one. */
  tailnet: MeshSettings | null;
  lockdown: LockdownSettings | null;
  push: PushSettings | null;
}

/** What the command line can say. */
export type AgentOptions = Partial<
  Pick<
    AgentSettings,
    'control' | 'claimTokenFile' | 'hardware' | 'mac' | 'interface' | 'setClock' | 'probeUser'
  >
>;

const FILE_BYTES_MAX = 65_536;
const PINS_MAX = 8;

const FILE = v.pipe(
  v.string(expecting('an absolute path')),
  v.regex(/^\/[^\0]*$/, expecting('an absolute path')),
  v.maxLength(4096, expecting('a path of at most 4096 characters')),
);
const SECRET = v.pipe(
  // No message shows what came: it may be a secret with a slip of the pen.
  v.string('expected a claim token'),
  v.regex(CLAIM_TOKEN, 'expected a claim token of 16 to 128 letters, digits, - and _'),
);
const PIN = text(
  'a pin such as "sha256/" and 44 characters of base64',
  /^sha256\/[A-Za-z0-9+/]{43}=$/,
  51,
);

const AGENT_CONFIG = v.strictObject(
  {
    schema: v.literal(1, expecting('1')),
    control: v.optional(ORIGIN),
    claimToken: v.optional(SECRET),
    claimTokenFile: v.optional(FILE),
    hardware: v.optional(SLUG),
    mac: v.optional(v.pipe(v.string(expecting('a MAC address')), v.maxLength(32))),
    interface: v.optional(DEVICE_NAME),
    caFile: v.optional(FILE),
    pins: v.optional(
      v.pipe(
        v.array(PIN, expecting('an array of pins')),
        v.maxLength(PINS_MAX, expecting(`at most ${PINS_MAX} pins`)),
      ),
    ),
    setClock: v.optional(flag()),
    probeUser: v.optional(
      text('a user name or number', /^([a-z_][a-z0-9_-]{0,31}|[0-9]{1,10})$/, 32),
    ),
    tailnet: v.optional(MESH_SETTINGS),
    lockdown: v.optional(LOCKDOWN_SETTINGS),
    push: v.optional(PUSH_SETTINGS),
  },
  objectMessage('an object'),
);

const KEYS = Object.keys(AGENT_CONFIG.entries);

/**
 * The settings: `options` over the file. A file that is not there is an empty one, unless it
 * `isNamed`. Throws ERR_CONFIG_INVALID with file, key and reason.
 */
export function loadSettings(
  file: string,
  isNamed: boolean,
  options: AgentOptions = {},
): AgentSettings {
  const document = readDocument(file, isNamed);
  const control = options.control ?? document.control;
  if (control === undefined) {
    throw invalid(
      `no control is named: say --control https://control.example, or "control" in ${file}`,
    );
  }
  const said = Object.entries(document).filter(
    ([key, value]) => key !== 'schema' && value !== undefined,
  );
  const own = Object.fromEntries(said) as Partial<AgentSettings>;
  const settings = { ...UNSAID, ...own, ...options, control: judgeControl(control) };
  const faults = faultsOf(settings);
  if (faults.length > 0) throw invalid(`${file}: ${faults.join('; ')}`);
  return settings;
}

/** What holds where nothing was said. */
export const UNSAID: Omit<AgentSettings, 'control'> = {
  claimToken: null,
  claimTokenFile: null,
  hardware: null,
  mac: null,
  interface: null,
  caFile: null,
  pins: [],
  setClock: false,
  probeUser: null,
  tailnet: null,
  lockdown: null,
  push: null,
};

/** Canonical, and safe to send secrets to. Throws ERR_CONFIG_INVALID. */
export function judgeControl(written: string): string {
  const origin = originOf(written.slice(0, 400));
  if (origin === null) {
    throw invalid(
      `the control "${written.slice(0, 100)}" is no origin: ` +
        'expected a URL such as https://control.example, without a path',
    );
  }
  if (origin.startsWith('http:') && !isLoopbackOrigin(origin)) {
    throw invalid(`the control ${origin} must be https: plain http is for this machine alone`);
  }
  return origin;
}

function isLoopbackOrigin(origin: string): boolean {
  const { hostname } = new URL(origin);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

function readDocument(file: string, isNamed: boolean): v.InferOutput<typeof AGENT_CONFIG> {
  const document = readJson(file, isNamed);
  if (!isRecord(document)) {
    throw invalid(`${file}: expected an object but got ${show(document)}`);
  }
  const parsed = v.safeParse(AGENT_CONFIG, document, { abortPipeEarly: true });
  if (parsed.success) return parsed.output;
  throw invalid(`${file}: ${parsed.issues.map(issueText).join('; ')}`);
}

function readJson(file: string, isNamed: boolean): unknown {
  let text: string;
  try {
    text = readGiven(file, FILE_BYTES_MAX);
  } catch (error) {
    const { cause } = error as ProbeError;
    const isMissing = (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
    if (isMissing && !isNamed) return { schema: 1 };
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    // V8 quotes the text around the mistake, and that may be a token.
    const place = /\bposition \d+/.exec(reasonOf(cause))?.[0];
    throw invalid(`${file}: not JSON${place === undefined ? '' : ` (at ${place})`}`);
  }
}

function issueText(issue: v.InferIssue<typeof AGENT_CONFIG>): string {
  const at = v.getDotPath(issue) ?? '';
  if (issue.type === 'strict_object' && issue.path !== undefined && !KEYS.includes(at)) {
    return `${at}: unknown key: expected ${KEYS.join(', ')}`;
  }
  return `${at}: ${issue.message}`;
}

function invalid(message: string): ProbeError {
  return new ProbeError('ERR_CONFIG_INVALID', message);
}

import * as v from 'valibot';
import { duration, expecting, isRecord, objectMessage, text } from '../../core/config-value.ts';
import { ProbeError } from '../../core/error.ts';
import { SECRET_NAME } from '../../host/secret.ts';
import { judgeControl } from '../agent-config.ts';
import { readGiven } from '../places.ts';

// vmauth.json, on the metrics server: whom to ask, which file to write, how vmauth hears of it.

const FILE = text('an absolute path', /^\/[^\0]{1,4095}$/, 4096);
const NAME = text('the name of a secret', SECRET_NAME, 63);
const ORIGIN_TEXT = v.pipe(
  v.string(expecting('an origin such as "http://127.0.0.1:8428"')),
  v.maxLength(300, expecting('an origin of at most 300 characters')),
  v.check(
    (value) => isOrigin(value),
    expecting('an http or https origin, without a path: "http://127.0.0.1:8428"'),
  ),
);

export const VMAUTH_SETTINGS = v.strictObject(
  {
    schema: v.literal(1, expecting('1')),
    control: v.optional(v.string(expecting('the origin of the control'))),
    caFile: v.optional(FILE),
    /** Name of the secret with the metrics API key. */
    key: v.optional(NAME, 'metrics-api-key'),
    file: v.optional(FILE, '/var/lib/flint-vmauth/users.json'),
    /** What a user's URL may name; as SPARKY has it, and by address. */
    backends: v.optional(
      v.pipe(
        v.array(ORIGIN_TEXT, expecting('an array of origins')),
        v.minLength(1),
        v.maxLength(8),
      ),
      ['http://localhost:8428', 'http://127.0.0.1:8428', 'http://[::1]:8428'],
    ),
    /** Where vmauth answers, to see whether it took the file. */
    vmauth: v.optional(ORIGIN_TEXT, 'http://127.0.0.1:8427'),
    /** `http`: GET /-/reload; `unit`: systemctl reload; `pid`: SIGHUP. */
    reload: v.optional(v.picklist(['http', 'unit', 'pid']), 'http'),
    /** Of /-/reload, where vmauth was given a -reloadAuthKey. */
    reloadKey: v.optional(NAME),
    /** Or a file of variables (systemd's EnvironmentFile=) that has a `…reloadAuthKey`. */
    reloadKeyFile: v.optional(FILE),
    unit: v.optional(text('the name of a unit', /^[A-Za-z0-9@._-]{1,200}\.service$/, 208)),
    pidFile: v.optional(FILE),
    interval: v.optional(duration(5_000, 86_400_000)),
  },
  objectMessage('an object'),
);

export type VmauthSettings = v.InferOutput<typeof VMAUTH_SETTINGS> & { control: string };

const FILE_BYTES_MAX = 65_536;

/** `options` over the file; one that is not there is empty unless named. ERR_CONFIG_INVALID. */
export function loadVmauthSettings(
  file: string,
  isNamed: boolean,
  options: Partial<VmauthSettings>,
): VmauthSettings {
  const parsed = v.safeParse(VMAUTH_SETTINGS, { ...readDocument(file, isNamed), ...options });
  if (!parsed.success) {
    const issues = parsed.issues.map((one) => `${v.getDotPath(one) ?? ''}: ${one.message}`);
    throw invalid(`${file}: ${issues.join('; ')}`);
  }
  const { control, reload, unit, pidFile } = parsed.output;
  if (control === undefined) throw invalid('no control is named: say --control, or "control"');
  if (reload === 'unit' && unit === undefined) throw invalid(`${file}: "unit" must name the unit`);
  if (reload === 'pid' && pidFile === undefined) throw invalid(`${file}: "pidFile" is missing`);
  return { ...parsed.output, control: judgeControl(control) };
}

function readDocument(file: string, isNamed: boolean): Record<string, unknown> {
  let written: string;
  try {
    written = readGiven(file, FILE_BYTES_MAX);
  } catch (error) {
    const { cause } = error as ProbeError;
    const isMissing = (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
    if (isMissing && !isNamed) return { schema: 1 };
    throw error;
  }
  const document = parseJson(written);
  if (!isRecord(document)) throw invalid(`${file}: expected a JSON object`);
  return document;
}

function parseJson(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    return null;
  }
}

function isOrigin(value: string): boolean {
  return /^https?:\/\//.test(value) && URL.canParse(value) && new URL(value).origin === value;
}

function invalid(message: string): ProbeError {
  return new ProbeError('ERR_CONFIG_INVALID', message);
}
